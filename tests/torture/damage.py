"""Damage to a database and its write-ahead log, done by hand. The layout of the log is that of sqlite.org/fileformat.html#walformat."""

import struct
from dataclasses import dataclass
from pathlib import Path

from podium.home import ACKNOWLEDGED, DATABASE

HEADER, FRAME = 32, 24  # bytes
FILES = (DATABASE, f"{DATABASE}-wal", ACKNOWLEDGED)


@dataclass
class Log:
    """A write-ahead log as bytes. `commits` are the places where its transactions end, in their order."""

    path: Path

    def __post_init__(self) -> None:
        data = self.path.read_bytes()
        self.size = len(data)
        page, _, *salts = struct.unpack_from(">4I", data, 8)
        self.commits: list[int] = []
        for start in range(HEADER, len(data), FRAME + page):
            _, pages_after, *found = struct.unpack_from(">4I", data, start)
            if found != salts:
                break
            if pages_after:
                self.commits.append(start + FRAME + page)

    def cut(self, size: int) -> None:
        """Keep only the first bytes, as a write that never came to its end."""
        with self.path.open("r+b") as file:
            file.truncate(size)

    def garble(self, place: int, count: int = 8) -> None:
        """Turn round some bytes."""
        with self.path.open("r+b") as file:
            file.seek(place)
            bytes_there = file.read(count)
            file.seek(place)
            file.write(bytes(255 - byte for byte in bytes_there))

    def append(self, data: bytes) -> None:
        """Add bytes at the end."""
        with self.path.open("ab") as file:
            file.write(data)


def log_of(home: Path) -> Log:
    """Return the write-ahead log of a home whose conductor was killed."""
    return Log(home / f"{DATABASE}-wal")


def contents(home: Path) -> dict[str, bytes]:
    """Return the bytes of the files that hold the state; SQLite makes an empty log where there is none."""
    found = {name: (home / name).read_bytes() for name in FILES if (home / name).exists()}
    return {name: data for name, data in found.items() if data or name != FILES[1]}
