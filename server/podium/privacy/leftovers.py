"""Whose a socket file is on which nobody listens."""

import os
import stat
from pathlib import Path

OF_OURS = 0o600  # the mode of every socket that our conductor makes, from its first moment


def left_by_us(path: Path) -> bool:
    """Return whether a socket file may be one that our conductor made; those of other programs are open to more users.

    It is read from the file itself: a conductor that was killed right after it bound has written nothing down.
    """
    try:
        status = path.lstat()
    except OSError:
        return False
    return stat.S_ISSOCK(status.st_mode) and (status.st_uid, stat.S_IMODE(status.st_mode)) == (os.geteuid(), OF_OURS)
