"""Whether the database's files are still where they were opened: SQLite goes on writing to files that have no name any more."""

from pathlib import Path

from podium.home import DATABASE

_Identity = tuple[int, int]


class Place:
    """The database and its log by name. Made when both are open; a look takes a few microseconds."""

    def __init__(self, home: Path) -> None:
        paths = (home / DATABASE, home / f"{DATABASE}-wal")
        self._files = {path: found for path in paths if (found := _identity(path)) is not None}

    def lost(self) -> str:
        """Return what has happened to the files, "" while they are in their place."""
        for path, opened in self._files.items():
            found = _identity(path)
            if found != opened:
                return f"{path} was {'removed' if found is None else 'replaced'} while the conductor was using it"
        return ""


def _identity(path: Path) -> _Identity | None:
    """Return device and inode of a file, None if no file can be reached by this name."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
