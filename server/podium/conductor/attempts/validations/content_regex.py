"""`content_regex`: the pattern matches somewhere in the file. It is opened here, and searched by the reader."""

from pathlib import Path

from podium.conductor.attempts.validations.context import Outcome
from podium.conductor.attempts.validations.files import opened
from podium.conductor.reading.queue import LAUNCHES
from podium.conductor.reading.reader import Reader
from podium.errors import PodiumError
from podium.reader.requests import Match, Matched, encode


async def check(reader: Reader, path: Path, pattern: str, timeout_seconds: float) -> Outcome:
    """Check that the pattern matches in the first part of the file. `^` and `$` match at its ends, as in `re`."""
    async with opened(path) as (fd, problem):
        if fd is None:
            return Outcome(False, problem)
        try:
            request = Match(seconds=min(timeout_seconds, reader.limits.seconds))
            found, _ = await reader.ask(request, Matched, body=encode(pattern), files=[fd], client=LAUNCHES)
        except PodiumError as error:
            return Outcome(False, error.message)
    return Outcome(found.passed, found.found)
