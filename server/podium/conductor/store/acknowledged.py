"""What callers have been promised, kept beside the database: the number of the last event that was acknowledged.

SQLite reads a write-ahead log up to its first bad frame and silently drops the rest, so damage there looks like an older state.
This file makes the difference visible. It is overwritten in place after each commit and before any reply, without a flush:

- after a crash of the conductor it is exact, so every lost or damaged acknowledged commit is found at the next start;
- after a power failure it may be behind the last commits, by what the kernel had not yet written (some 30 seconds by
  default), and never ahead, since a commit is flushed before it is noted here. The commits of that time are still in the
  database; only damage to them goes unnoticed.

Every acknowledged change has an event. Changes without an event (house-keeping) are simply repeated if they are lost.
"""

import os
import re
from contextlib import suppress
from pathlib import Path

from podium.privacy.files import open_own

_RECORD = re.compile(rb"(\d{20}) end\n")


class Acknowledged:
    """The file, open for writing."""

    def __init__(self, path: Path) -> None:
        self._file = open_own(path, os.O_RDWR | os.O_CREAT)

    def note(self, seq: int) -> None:
        """Note the last event of a commit. If the write fails, the file stays behind, which is safe."""
        with suppress(OSError):
            os.pwrite(self._file, b"%020d end\n" % seq, 0)

    def close(self) -> None:
        """Flush and close the file."""
        with suppress(OSError):
            os.fsync(self._file)
        os.close(self._file)


def read(path: Path) -> int:
    """Return the number that was noted last; 0 if the file is missing or holds no complete record."""
    if not path.exists():
        return 0
    with path.open("rb") as file:
        match = _RECORD.match(file.read(32))
    return int(match[1]) if match else 0
