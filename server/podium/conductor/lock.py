"""One conductor for each home: an advisory lock on a file, which a crash releases by itself."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from podium.home import LOCK

_PID_CHARS = 20


class HomeTaken(Exception):
    """Another conductor runs on this home, or it cannot be used."""


@contextmanager
def hold_home(home: Path) -> Iterator[None]:
    """Make the home (0700) and hold it for the duration of a context; the lock file holds our pid.

    Raises:
        HomeTaken: says the pid of its holder, or the system's reason.
    """
    try:
        descriptor = _lock(home)
    except OSError as error:
        raise HomeTaken(f"The home {home} cannot be used: {error.strerror}.") from error
    try:
        yield
    finally:
        os.close(descriptor)


def holder(home: Path) -> int | None:
    """Return the pid of the conductor that holds the home or held it last, None if there was none."""
    try:
        return int((home / LOCK).read_bytes()[:_PID_CHARS])
    except (OSError, ValueError):
        return None


def _lock(home: Path) -> int:
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(home / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Overwritten in place, that needs no space on a full disk.
        os.pwrite(descriptor, f"{os.getpid():<{_PID_CHARS}}\n".encode(), 0)
    except BlockingIOError:
        holder = os.pread(descriptor, _PID_CHARS, 0).decode("ascii", "replace").strip()
        os.close(descriptor)
        raise HomeTaken(f"A conductor (pid {holder or 'unknown'}) is already running for {home}.") from None
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
