"""How far the conductor has told its callers, kept beside the database: the number of the last event that was acknowledged.

SQLite takes a write-ahead log up to its first bad frame and silently drops the rest, so damage there looks like an older state.
This file tells the two apart. It is overwritten in place after each commit and before anybody is answered, without a flush:

- after a crash of the conductor it is exact, so every lost or damaged acknowledged commit is found at the next start;
- after a power failure it may be older than the last commits, by what the kernel had not yet written (some 30 seconds by
  default), and never newer, since a commit is flushed before it is noted here. Commits of that time are still there; only
  damage to them is not noticed.

Every acknowledged change has an event. What has none (house-keeping) is found out again when it is lost.
"""

import os
import re
from contextlib import suppress
from pathlib import Path

_RECORD = re.compile(rb"(\d{20}) end\n")
_BYTES = 32


class Acknowledged:
    """The file, open for writing."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def note(self, seq: int) -> None:
        """Note the last event of a commit. Where even that cannot be written, the file stays behind, which is safe."""
        with suppress(OSError):
            os.pwrite(self._file, b"%020d end\n" % seq, 0)

    def close(self) -> None:
        """Flush and close the file."""
        with suppress(OSError):
            os.fsync(self._file)
        os.close(self._file)


def read(path: Path) -> int:
    """Return the number that was noted last; 0 where there is no such file, or no whole record in it."""
    if not path.exists():
        return 0
    with path.open("rb") as file:
        match = _RECORD.match(file.read(_BYTES))
    return int(match[1]) if match else 0
