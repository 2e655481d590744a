"""Two calls of the C library that Python does not offer. Where it cannot be reached, both say that they failed."""

from __future__ import annotations

import errno
import os
from typing import Any

SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of linux/prctl.h
KEEP_SIZE, PUNCH_HOLE = 1, 2  # of linux/falloc.h
BLOCK = 4096  # a hole begins and ends at multiples of at least this: part of a block would become zeros never written


def _libc() -> Any:
    """Return the C library, None if this Python is built without the way to it."""
    try:
        import ctypes  # noqa: PLC0415 -- some Pythons have none

        return ctypes.CDLL(None, use_errno=True)
    except (ImportError, OSError):
        return None


def become_subreaper() -> bool:
    """Adopt the orphans among our descendants from now on, so that none is lost; return whether that is so."""
    call = getattr(_libc(), "prctl", None)
    return call is not None and call(SUBREAPER, 1, 0, 0, 0) == 0


def punch(descriptor: int, start: int, end: int) -> bool:
    """Free the whole blocks between two offsets of a file; return False if its file system cannot.

    Offsets stay as they are. A file that is being written loses nothing: data after `end` is not touched.
    """
    block = max(BLOCK, os.fstat(descriptor).st_blksize)
    start, end = -(-start // block) * block, end // block * block
    if end <= start:
        return True
    libc = _libc()
    call = getattr(libc, "fallocate64", None) or getattr(libc, "fallocate", None)
    if call is None:
        return False
    import ctypes  # noqa: PLC0415 -- as above

    while call(descriptor, KEEP_SIZE | PUNCH_HOLE, ctypes.c_int64(start), ctypes.c_int64(end - start)) != 0:
        if ctypes.get_errno() != errno.EINTR:
            return False
    return True
