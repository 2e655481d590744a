"""Freeing the middle of a file on the disk while its offsets stay as they are (fallocate(2), FALLOC_FL_PUNCH_HOLE).

ext4, XFS, Btrfs and tmpfs support it; NFS before 4.2, most FUSE file systems and other systems than Linux do not.
"""

import ctypes
import errno
import os
from collections.abc import Callable

KEEP_SIZE, PUNCH_HOLE = 1, 2  # of linux/falloc.h
BLOCK = 4096  # pieces are cut at multiples of at least this: part of a block would become zeros that were never written

_libc = ctypes.CDLL(None, use_errno=True)
# The plain name takes 32-bit offsets on some 32-bit systems.
_fallocate: Callable[..., int] | None = getattr(_libc, "fallocate64", None) or getattr(_libc, "fallocate", None)


def punch(fd: int, start: int, end: int) -> bool:
    """Free the whole blocks between two offsets; return False if the file system cannot.

    A file that is being written loses nothing: data after `end` is not touched.
    """
    block = max(BLOCK, os.fstat(fd).st_blksize)
    start, end = -(-start // block) * block, end // block * block
    if end <= start:
        return True
    if _fallocate is None:
        return False
    while _fallocate(fd, KEEP_SIZE | PUNCH_HOLE, ctypes.c_int64(start), ctypes.c_int64(end - start)) != 0:
        if ctypes.get_errno() != errno.EINTR:
            return False
    return True
