"""Light checks of a call's arguments, before anything is sent: they need no conductor to be told."""

import os
import stat
from dataclasses import replace
from pathlib import Path

from podium.contract.paths import score_path
from podium.contract.ports import StartRequest
from podium.errors import InvalidArguments, PermissionDenied, ScoreNotFound


def checked_start(request: StartRequest) -> StartRequest:
    """Return the request with its paths made absolute. Blocking: it looks at the file.

    Raises:
        InvalidArguments: neither or both of path and content, or no .yaml or .yml file.
        PathNotAllowed: `..` in the path. ScoreNotFound: no such file. PermissionDenied: it may not be read.
    """
    path, content = checked_score(request.config_path, request.config_content, required=True)
    workspace = str(Path(request.workspace).expanduser().absolute()) if request.workspace else None
    return replace(request, config_path=path, config_content=content, workspace=workspace)


def checked_score(path: str | None, content: str | None, *, required: bool) -> tuple[str | None, str | None]:
    """Return path (made absolute) and content of which at most one is given, or exactly one where it is required.

    Raises:
        As `checked_start`.
    """
    if path is not None and content is not None:
        raise InvalidArguments("Both config_path and config_content are given.", fix="Give exactly one of them.")
    if path is not None:
        return checked_path(path), None
    if content is None and required:
        raise InvalidArguments("Neither config_path nor config_content is given.", fix="Give exactly one of them.")
    if content is not None and not content.strip():
        raise InvalidArguments("config_content is empty.", fix="Give the text of a score.")
    return None, content


def checked_path(given: str) -> str:
    """Return the absolute path of a score file that can be read.

    Raises:
        As `checked_start`.
    """
    path = score_path(given).expanduser().absolute()
    _check_readable(path)
    return str(path)


def _check_readable(path: Path) -> None:
    """Look at the file as it will be read: a FIFO must not be opened, a folder is no score."""
    what = "does not exist or is not a file"
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):
            os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))
            return
        if stat.S_ISDIR(mode):
            what = "is a folder, not a score file"
    except PermissionError:
        raise PermissionDenied(
            f"This user may not read the score {path}.", fix="Change its mode, or give its text as config_content."
        ) from None
    except (OSError, ValueError):
        pass  # ValueError: a NUL in the path
    raise ScoreNotFound(f"The score {path} {what}.", fix="Check the path; a relative one begins where the caller runs.")
