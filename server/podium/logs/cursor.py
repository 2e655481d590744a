"""Cursors into one output file: a position, and a seal that ties it to one stream of one attempt.

The seal guards against mistakes, not against forgery: a caller that may read the log may read all of it.
"""

from hashlib import blake2b
from typing import NamedTuple, Self

from podium.errors import InvalidArguments

MAX_OFFSET = 2**62


class Cursor(NamedTuple):
    """Where reading continues. `line` is the number of the line that starts at `offset`, 0 if it is not known.

    `owed` is the number of lines after a match that a search still has to show.
    """

    offset: int
    line: int = 1
    owed: int = 0

    def encode(self, seal: str) -> str:
        """Return the cursor as text: three numbers and the seal."""
        return f"{self.offset}.{self.line}.{self.owed}.{seal}"

    @classmethod
    def decode(cls, text: str, seal: str) -> Self:
        """Read what `encode` wrote.

        Raises:
            InvalidArguments: it is not a cursor, or belongs to another output.
        """
        *numbers, found = text.split(".") if text.isascii() else [""]
        if len(numbers) != 3 or not all(part.isdecimal() and len(part) < 20 for part in numbers):
            raise InvalidArguments(
                "This is not a log cursor.", fix="Pass the cursor from the previous reply, unchanged."
            )
        if found != seal:
            raise InvalidArguments(
                "The cursor belongs to the output of another job, sheet, attempt or stream.",
                fix="Pass the sheet, attempt and stream from the reply that returned the cursor, or leave the cursor out.",
            )
        offset, line, owed = map(int, numbers)
        return cls(min(offset, MAX_OFFSET), line, owed)


def seal_of(job_id: str, sheet: int, attempt: int, stream: str) -> str:
    """Return the seal of one attempt's stream."""
    return blake2b(f"{job_id}/{sheet}/{attempt}/{stream}".encode(), digest_size=5).hexdigest()
