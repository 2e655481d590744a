"""Paths as a user gives them, and the folder in which this process runs, which somebody else may have removed."""

import os
from pathlib import Path

from podium.errors import InvalidArguments

_REMOVED = " (deleted)"  # Linux adds this to the name of a removed folder


def working_folder() -> str | None:
    """Return the path of the working folder, None if it was removed."""
    try:
        return os.getcwd()  # noqa: PTH109 - text
    except OSError:
        return None


def expanded(path: Path) -> Path:
    """Return a path with the home folder for its `~` or `~user`.

    Raises:
        InvalidArguments: there is no such user. The path is not taken as it is: nobody means a folder of that name.
    """
    try:
        return path.expanduser()
    except RuntimeError:
        raise InvalidArguments(
            f"{str(path)!r} begins with the home folder of a user who does not exist.", fix="Give an absolute path."
        ) from None


def is_utf8(path: Path) -> bool:
    """Return whether a path is text: in messages, in JSON and in the store it has to be."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def absolute(path: Path, what: str) -> Path:
    """Return a path made absolute without looking at the disk; `what` is its name in the error.

    Raises:
        InvalidArguments: it is relative, and the working folder was removed.
    """
    if path.is_absolute():
        return path
    folder = working_folder()
    if folder is None:
        raise InvalidArguments(
            f"{what} {str(path)!r} is relative, but the folder in which this process was started{_its_name()} was removed.",
            fix="Give an absolute path, or start podium again in a folder that exists.",
        )
    return Path(folder) / path


def _its_name() -> str:
    """Return the path that the removed folder had, in commas, if it is known."""
    try:
        name = os.readlink("/proc/self/cwd").removesuffix(_REMOVED)  # noqa: PTH115 - text
    except OSError:  # not Linux
        name = os.environ.get("PWD", "")
    return f", {name}," if name else ""
