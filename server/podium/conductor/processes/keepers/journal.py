"""Reading a keeper's journal from where it was left, over its generations."""

import os
from pathlib import Path
from typing import Any

from podium.keeper.journal import JOURNAL, generations, parse

PIECE_BYTES = 1 << 20


class Records:
    """The journal in one keeper's folder. `generation` is the one that is read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.generation = 0
        self.offset = 0
        self._file = -1

    def read(self) -> list[list[Any]]:
        """Return the records that came since the last call."""
        found: list[list[Any]] = []
        while True:
            if self._file < 0 and not self._next():
                return found
            data = os.pread(self._file, PIECE_BYTES, self.offset)
            records, used = parse(data)
            self.offset += used
            found += records
            if not used and (self.generation == self._newest() or not self._next()):
                return found

    def close(self) -> None:
        """Close the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _newest(self) -> int:
        return max(generations(str(self._folder)), default=0)

    def _next(self) -> bool:
        """Go on to the next generation that there is; return False without one."""
        later = [each for each in generations(str(self._folder)) if each > self.generation]
        if not later:
            return False
        self.close()
        self._file = os.open(self._folder / f"{JOURNAL}{later[0]}", os.O_RDONLY | os.O_CLOEXEC)
        self.generation, self.offset = later[0], 0
        return True
