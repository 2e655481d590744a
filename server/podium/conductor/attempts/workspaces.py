"""Making a job's workspace."""

import errno
import os
from contextlib import suppress
from pathlib import Path

from podium.errors import PathNotAllowed, PermissionDenied, PodiumError, StorageFull

_FULL = {errno.ENOSPC, errno.EDQUOT}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


def make_workspace(path: Path) -> None:
    """Make the folder and its parents if they are missing, and see that sheets can write there.

    Raises:
        PermissionDenied, PathNotAllowed, StorageFull: nothing is left behind.
    """
    try:
        path.mkdir(exist_ok=True)  # mostly there is nothing more to do
    except FileNotFoundError:
        _make_with_parents(path)
    except (OSError, ValueError) as error:
        raise _refusal(path, error) from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise PermissionDenied(
            f"The workspace {path} is not writable.", fix="Choose a workspace that you can write to."
        )


def check_workspace(path: Path) -> None:
    """Tell whether `make_workspace` could make it, as far as that can be seen without making anything.

    Raises:
        PermissionDenied, PathNotAllowed.
    """
    there = next(each for each in [path, *path.parents] if os.path.lexists(each))
    if not os.path.isdir(there):  # noqa: PTH112 -- Path.is_dir raises where a link may not be followed
        raise _refusal(path, NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)))
    if not os.access(there, os.W_OK | os.X_OK):
        raise PermissionDenied(
            f"The workspace {path} is not writable.", fix="Choose a workspace that you can write to."
        )


def _make_with_parents(path: Path) -> None:
    # What may not be looked at counts as missing: making it tells why.
    missing = next((each for each in [*reversed(path.parents), path] if not os.path.exists(each)), None)  # noqa: PTH110
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        _remove_empty(path, missing)
        raise _refusal(path, error) from error


def _refusal(path: Path, error: OSError | ValueError) -> PodiumError:
    """Return the error for what the system said; a ValueError is about a path that cannot be one."""
    number, why = (error.errno, error.strerror) if isinstance(error, OSError) else (None, str(error))
    message = f"The workspace {path} cannot be created: {why}."
    if number in _FORBIDDEN:
        return PermissionDenied(message, fix="Choose a workspace in a folder that you can write to.")
    if number in _FULL:
        return StorageFull(message, fix="Free space, or choose a workspace on another disk.")
    if number in {errno.EEXIST, errno.ENOTDIR}:
        message = f"The workspace {path} cannot be created: it or a folder above it is a file."
    return PathNotAllowed(message, fix="Choose a path that is a folder or can be created as one.")


def _remove_empty(path: Path, first_made: Path | None) -> None:
    """Remove the folders that were just made, from the deepest up."""
    for each in [path, *path.parents]:
        if first_made is None or not each.is_relative_to(first_made):
            return
        with suppress(OSError, ValueError):  # not made after all, or somebody has put something into it
            each.rmdir()
