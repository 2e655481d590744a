"""Reading a keeper's journal from where it was left, over its generations."""

import os
from pathlib import Path
from typing import Any

from podium.keeper.journal import JOURNAL, generations, parse
from podium.privacy.files import NOT_A_LINK

PIECE_BYTES = 1 << 20


class Records:
    """The journal in one keeper's folder. `generation` is the one that is read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.generation = 0
        self.offset = 0
        self._file = -1

    def read(self, *, to_the_last: bool = False) -> list[tuple[int, list[Any]]]:
        """Return the records that came since the last call, each with its generation.

        `to_the_last`: also those of a generation that a keeper began when it died, before it said so in the one before.
        """
        found: list[tuple[int, list[Any]]] = []
        while self._file >= 0 or self._next():
            data = os.pread(self._file, PIECE_BYTES, self.offset)
            records, used = parse(data)
            self.offset += used
            found += [(self.generation, words) for words in records]
            if records and records[-1][0] == "next":
                self._next()
            elif not used and not (to_the_last and self._next()):
                break
        return found

    def exists(self) -> bool:
        """Return whether the generation that is read still has its name."""
        return (self._folder / f"{JOURNAL}{self.generation}").exists()

    def ahead(self) -> list[list[Any]]:
        """Return the records that the next call of `read` will begin with, without taking them."""
        return parse(os.pread(self._file, PIECE_BYTES, self.offset))[0] if self._file >= 0 else []

    def close(self) -> None:
        """Close the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _next(self) -> bool:
        """Go on to the next generation that there is; return False without one."""
        try:
            later = [each for each in generations(str(self._folder)) if each > self.generation]
        except FileNotFoundError:  # somebody removed the folder
            return False
        if not later:
            return False
        self.close()
        self._file = os.open(self._folder / f"{JOURNAL}{later[0]}", os.O_RDONLY | NOT_A_LINK)
        self.generation, self.offset = later[0], 0
        return True
