"""Filling a disk to the last byte."""

import errno
from pathlib import Path


def fill(filler: Path) -> None:
    """Let a file take all the space that its disk has left."""
    with filler.open("ab", buffering=0) as file:
        for size in (65536, 1024):
            try:
                while file.write(bytes(size)):
                    pass
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
