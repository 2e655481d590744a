"""Which parts of a file hold data. A stream that was cut, or emptied while it was written, has holes of any size.

Linux and macOS report them through SEEK_DATA and SEEK_HOLE (lseek(2)); a file system without them reports one piece of data.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

MAX_EXTENTS = 4096  # beyond these the rest of the file counts as data, which is slower to read but never wrong


class Extent(NamedTuple):
    """A piece of a file, `end` excluded. A hole reads as zeros that were never written."""

    start: int
    end: int
    hole: bool = False


def extents(fd: int, size: int) -> list[Extent]:
    """Return the pieces of the first `size` bytes in order, data and holes, without gaps."""
    found: list[Extent] = []
    position = 0
    while position < size:
        data, end = position, size
        if len(found) < MAX_EXTENTS:
            try:
                data = min(os.lseek(fd, position, os.SEEK_DATA), size)
            except OSError as error:
                data = size if error.errno == errno.ENXIO else position  # ENXIO: only a hole is left
            with suppress(OSError):
                end = min(os.lseek(fd, data, os.SEEK_HOLE), size)  # the end of the file counts as a hole
        if data > position:
            found.append(Extent(position, data, hole=True))
        if end > data:
            start = data if not found or found[-1].hole else found.pop().start  # joined to the data that it continues
            found.append(Extent(start, end))
        position = end
    return found


def after(pieces: list[Extent], offset: int) -> Iterator[Extent]:
    """Yield the pieces from `offset` on; the first one is cut to begin there."""
    for start, end, hole in pieces:
        if end > offset:
            yield Extent(max(start, offset), end, hole)


def back(pieces: list[Extent], count: int) -> int:
    """Return the offset at which the last `count` bytes of data begin; holes do not count."""
    for start, end, hole in reversed(pieces):
        if hole:
            continue
        if end - start >= count:
            return end - count
        count -= end - start
    return 0
