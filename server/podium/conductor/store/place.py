"""Whether the database's files are still where they were opened: SQLite goes on writing to files that have no name any more."""

import os
import time
from pathlib import Path

from podium.home import DATABASE

_Identity = tuple[int, int]
RECENT_SECONDS = 0.25


class Place:
    """The database and its log by name. Made when both are open; a look takes a few microseconds."""

    def __init__(self, home: Path) -> None:
        paths = (home / DATABASE, home / f"{DATABASE}-wal")
        self._files = {str(path): found for path in paths if (found := _identity(str(path))) is not None}
        self._looked_at = 0.0

    def lost_lately(self) -> str:
        """Return the same as `lost`, from a look that is at most a quarter of a second old if that found them in place."""
        now = time.monotonic()
        if now - self._looked_at < RECENT_SECONDS:
            return ""
        what = self.lost()
        self._looked_at = 0.0 if what else now
        return what

    def lost(self) -> str:
        """Return what has happened to the files, "" while they are in their place."""
        for path, opened in self._files.items():
            found = _identity(path)
            if found != opened:
                return f"{path} was {'removed' if found is None else 'replaced'} while the conductor was using it"
        return ""


def _identity(path: str) -> _Identity | None:
    """Return device and inode of a file, None if no file can be reached by this name."""
    try:
        status = os.stat(path)  # noqa: PTH116 -- a third of the cost, for every commit
    except OSError:
        return None
    return status.st_dev, status.st_ino
