"""Making a job's workspace."""

import errno
import os
from contextlib import suppress
from pathlib import Path

from podium.errors import PathNotAllowed, PermissionDenied, PodiumError, StorageFull
from podium.home import is_away
from podium.privacy.way import make_private

_FULL = {errno.ENOSPC, errno.EDQUOT}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


def make_workspace(path: Path, *, closed: bool = False) -> None:
    """Create the folder and its parents if they are missing, and make sure that sheets can write there.

    With `closed` the parents that are missing are made for us alone.

    Raises:
        PermissionDenied, PathNotAllowed, StorageFull: nothing is left behind.
    """
    if not _made_at_once(path):
        _make_with_parents(path, closed=closed)
    if not os.access(path, os.W_OK | os.X_OK):
        raise PermissionDenied(
            f"The workspace {path} is not writable.", fix="Choose a workspace that you can write to."
        )


def _made_at_once(path: Path) -> bool:
    """Create the folder in a parent that exists, which most do; return whether that was possible."""
    try:
        os.mkdir(path)  # noqa: PTH102 -- five times as fast
    except (OSError, ValueError):
        return False
    return True


def _make_with_parents(path: Path, *, closed: bool) -> None:
    # A path that may not be looked up counts as missing; creating it then fails with the reason.
    missing = [each for each in [path, *path.parents] if not os.path.exists(each)]  # noqa: PTH110
    try:
        if closed:
            make_private(path.parent)
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        for each in missing:  # the deepest first
            with suppress(OSError, ValueError):  # not created after all, or not empty any more
                each.rmdir()
        raise _refusal(path, error) from error


def check_mounted(path: Path, record: Path) -> None:
    """Check that a workspace does not lie in the folder of a cluster while that is not mounted. `record` is the home's.

    Raises:
        PathNotAllowed: nothing is to be made there.
    """
    if is_away(record, path):
        raise PathNotAllowed(
            f"The workspace {path} cannot be created: the folder of the cluster is not there any more.",
            fix="Mount the folder again, then ask again.",
        )


def check_workspace(path: Path) -> None:
    """Check whether `make_workspace` could succeed, as far as that can be seen without creating anything.

    Raises:
        PermissionDenied, PathNotAllowed.
    """
    there = next(each for each in [path, *path.parents] if os.path.lexists(each))
    if not os.path.isdir(there):  # noqa: PTH112 -- Path.is_dir() raises for a link that may not be followed
        raise _refusal(path, NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)))
    if not os.access(there, os.W_OK | os.X_OK):
        raise PermissionDenied(
            f"The workspace {path} is not writable.", fix="Choose a workspace that you can write to."
        )


def _refusal(path: Path, error: OSError | ValueError) -> PodiumError:
    """Return the error for the system's reason; a ValueError means that the text is not a possible path."""
    number, why = (error.errno, error.strerror) if isinstance(error, OSError) else (None, str(error))
    message = f"The workspace {path} cannot be created: {why}."
    if number in _FORBIDDEN:
        return PermissionDenied(message, fix="Choose a workspace in a folder that you can write to.")
    if number in _FULL:
        return StorageFull(message, fix="Free up disk space, or choose a workspace on another disk.")
    if number in {errno.EEXIST, errno.ENOTDIR}:
        message = f"The workspace {path} cannot be created: it or a parent folder is a file."
    return PathNotAllowed(message, fix="Choose an existing folder, or a path where a folder can be created.")
