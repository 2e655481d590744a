"""Looking at what a failed attempt left on the disk, and creating folders that it missed. Everything here blocks."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import get_args

from podium.conductor.attempts.workspaces import make_workspace
from podium.contract.models import Stream
from podium.contract.secrets.masks import Masker
from podium.errors import PathNotAllowed, PermissionDenied
from podium.logs.end import end_as_text
from podium.logs.read import NO_SECRETS
from podium.texts.shown import one_line

MOST_FOLDERS = 10


def read_tails(folder: Path, limit: int, masker: Masker = NO_SECRETS) -> str:
    """Return the last lines of an attempt's stdout and then of its stderr, each of up to `limit` bytes."""
    tails = []
    for stream in get_args(Stream):
        try:
            tails.append(end_as_text(folder, stream, limit, masker))
        except OSError:
            tails.append("")  # without its output a failure is judged by its exit code alone
    return "\n".join(tails)


def read_end(path: Path, limit: int) -> str:
    """Return the last `limit` bytes of a file as text, or raise an OSError: also for a link, or a pipe, in its place."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - limit))
        return file.read(limit).decode("utf-8", "replace")


def missing_folders(workspace: Path, paths: Iterable[str]) -> tuple[str, ...]:
    """Return the folders that an attempt seems to have missed: the workspace, or parents of files inside it.

    `paths` are those of its validations and those that its output names. Both are foreign: a path that the system refuses to
    look up (too long, for example, or forbidden) could not be created either, so it does not count.
    """
    if not os.path.isdir(workspace):  # noqa: PTH112 -- Path.is_dir() raises for a forbidden path
        return (str(workspace),)
    parents = {(workspace / path).parent for path in paths}
    found = sorted(str(parent) for parent in parents if _is_missing(parent) and _inside(workspace, parent))
    return tuple(found[:MOST_FOLDERS])


def _is_missing(folder: Path) -> bool:
    try:
        folder.stat()
    except (OSError, ValueError) as error:
        return isinstance(error, FileNotFoundError)
    return False


def _inside(workspace: Path, folder: Path) -> bool:
    """Return whether a folder is, or would be, inside the workspace, following links."""
    try:
        place = folder.resolve()
        # A link that is left then is part of a loop; Python before 3.13 raises for it.
        loops = any(each.is_symlink() for each in (place, *place.parents))
        return place.is_relative_to(workspace.resolve()) and not loops
    except (OSError, RuntimeError, ValueError):
        return False


def make_folders(workspace: Path, folders: Iterable[str]) -> None:
    """Create the workspace if it is missing, and folders inside it.

    Raises:
        PermissionDenied, PathNotAllowed, StorageFull: one cannot be created.
    """
    make_workspace(workspace)
    for folder in folders:
        if not _inside(workspace, Path(folder)):
            raise PathNotAllowed(
                f"The folder {one_line(folder)} is not inside the workspace.", fix="Create it by hand."
            )
        try:
            Path(folder).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PermissionDenied(
                f"The folder {one_line(folder)} cannot be created: {error.strerror}.",
                fix="Create it by hand, then resume the job.",
            ) from error
