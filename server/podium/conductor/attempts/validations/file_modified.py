"""`file_modified`: the modification time is not before the start of the attempt.

Two clocks meet here. The kernel stamps files with the time of its last tick, up to 10 ms behind the clock that gave the start
of the attempt; and some file systems keep only whole seconds, so a stamp without a fraction is compared by the second.
"""

import math
from pathlib import Path

from podium.conductor.attempts.validations.context import Outcome
from podium.conductor.attempts.validations.files import reason
from podium.times import iso

TICK_SECONDS = 0.02
SECOND = 1_000_000_000


def check(path: Path, started: float) -> Outcome:
    """Check that the path was modified since `started` (seconds since the epoch)."""
    try:
        stamp = path.stat().st_mtime_ns
    except (OSError, ValueError) as error:
        return Outcome(False, reason(error))
    passed = not is_before(stamp, started)
    early = "" if passed else f", {started - stamp / SECOND:.1f} s before the attempt began"
    return Outcome(passed, f"modified at {moment(stamp / SECOND)}{early}")


def is_before(stamp: int, moment: float) -> bool:
    """Return whether a file's stamp (nanoseconds since the epoch) is surely before a moment (seconds)."""
    return stamp / SECOND < (math.floor(moment) if stamp % SECOND == 0 else moment - TICK_SECONDS)


def moment(seconds: float) -> str:
    """Return seconds since the epoch as an ISO-8601 time in UTC; a stamp outside the calendar stays a number."""
    try:
        return iso(seconds)
    except (OverflowError, ValueError, OSError):
        return f"{seconds:g} s"
