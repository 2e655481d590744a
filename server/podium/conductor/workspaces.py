"""Making a job's workspace."""

import os
from pathlib import Path

from podium.errors import PathNotAllowed, PermissionDenied, StorageFull


def make_workspace(path: Path) -> None:
    """Make the folder and its parents if they are missing, and see that sheets can write there.

    Raises:
        PermissionDenied, PathNotAllowed, StorageFull: nothing is left behind.
    """
    missing = next((each for each in [*reversed(path.parents), path] if not each.exists()), None)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except PermissionError as error:
        raise PermissionDenied(f"The workspace {path} cannot be made: permission denied.",
                               fix="Give a workspace in a folder that you may write.") from error  # fmt: skip
    except (FileExistsError, NotADirectoryError) as error:
        raise PathNotAllowed(f"The workspace {path} cannot be made: it, or a folder above it, is a file.",
                             fix="Give a workspace path that is a folder or does not exist yet.") from error  # fmt: skip
    except OSError as error:
        _remove_empty(path, missing)
        raise StorageFull(f"The workspace {path} cannot be made: {error.strerror}.",
                          fix="Free space, or give a workspace on another disk.") from error  # fmt: skip
    if not os.access(path, os.W_OK | os.X_OK):
        raise PermissionDenied(f"The workspace {path} is not writable.", fix="Give a workspace that you may write.")


def _remove_empty(path: Path, first_made: Path | None) -> None:
    """Remove the folders that were just made, from the deepest up."""
    for each in [path, *path.parents]:
        if first_made is None or not each.is_relative_to(first_made):
            return
        if each.exists():
            each.rmdir()
