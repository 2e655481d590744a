"""One conductor for each home: an advisory lock on a file, which a crash releases by itself."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from podium.errors import PermissionDenied
from podium.home import LOCK
from podium.log import get_logger
from podium.places import PID_CHARS
from podium.privacy.files import open_own
from podium.privacy.state import open_home

log = get_logger()


class HomeTaken(Exception):
    """Another conductor runs on this home, or it cannot be used."""


@contextmanager
def hold_home(home: Path) -> Iterator[None]:
    """Make the home (0700), or close it to others, and hold it for the duration of a context; the lock file holds our pid.

    Raises:
        HomeTaken: says the pid of its holder, the system's reason, or how another user could have changed the home.
    """
    try:
        if note := open_home(home):
            log.warning("home_closed_to_others", note=note)
        descriptor = _lock(home)
    except PermissionDenied as error:
        raise HomeTaken(f"{error.message} {error.fix}") from error
    except OSError as error:
        raise HomeTaken(f"The home {home} cannot be used: {error.strerror}.") from error
    try:
        yield
    finally:
        os.close(descriptor)


def _lock(home: Path) -> int:
    descriptor = open_own(home / LOCK, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Overwritten in place, that needs no space on a full disk.
        os.pwrite(descriptor, f"{os.getpid():<{PID_CHARS}}\n".encode(), 0)
    except BlockingIOError:
        holder = os.pread(descriptor, PID_CHARS, 0).decode("ascii", "replace").strip()
        os.close(descriptor)
        raise HomeTaken(f"A conductor (pid {holder or 'unknown'}) is already running for {home}.") from None
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
