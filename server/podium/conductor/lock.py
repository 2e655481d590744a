"""One conductor a home: an advisory lock on a file that a crash releases by itself."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class HomeTaken(Exception):
    """Another conductor runs on this home."""


@contextmanager
def hold_home(home: Path) -> Iterator[None]:
    """Make the home (0700) and hold it for the time of a context; the lock file names our pid.

    Raises:
        HomeTaken: with the pid of who holds it.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(home / "conductor.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
            raise HomeTaken(f"A conductor (pid {holder or 'unknown'}) already runs on {home}.") from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)
