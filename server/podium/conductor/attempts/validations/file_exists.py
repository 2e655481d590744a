"""`file_exists`: something is at the path, links followed. A folder counts too, since existing scores rely on it."""

from pathlib import Path

from podium.conductor.attempts.validations.context import Outcome
from podium.conductor.attempts.validations.files import kind, reason


def check(path: Path) -> Outcome:
    """Check that the path exists."""
    try:
        return Outcome(True, kind(path.stat()))
    except (OSError, ValueError) as error:
        return Outcome(False, reason(error))
