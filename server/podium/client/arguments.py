"""Light checks of a call's score, made before anything is sent: they need no conductor."""

import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from podium.contract.command import CommandParams, check_command
from podium.contract.edits import check_change
from podium.contract.methods import ResumeParams, ScoreCall, ScoreParams, SubmitParams
from podium.contract.paths import check_given_once, score_path
from podium.cwd import absolute, expanded, working_folder
from podium.errors import InvalidArguments, PermissionDenied, ScoreNotFound

Call = TypeVar("Call", bound=ScoreCall)
Start = TypeVar("Start", bound=ScoreParams)
Change = TypeVar("Change", bound=ResumeParams)


def checked_start(call: Start) -> Start:
    """Return the call with its paths made absolute. Blocking: it looks at the score file.

    Raises:
        InvalidArguments: not exactly one of path, content and command is given; the content is empty; the path does not end in
            .yaml or .yml, or is relative to a folder that was removed; of a command, as `check_command`.
        PathNotAllowed: `..` in the path. ScoreNotFound: no such file. PermissionDenied: this user has no permission to read it.
    """
    workspace = str(absolute(expanded(Path(call.workspace)), "workspace:")) if call.workspace else None
    if isinstance(call, SubmitParams) and call.again is not None:
        return replace(call, workspace=workspace, client_cwd=working_folder())
    if isinstance(call, CommandParams):
        check_given_once(call.config_path, call.config_content, command=call.command)
        check_command(call)
    else:
        check_given_once(call.config_path, call.config_content)
    return replace(_checked_score(call), workspace=workspace)


def checked_change(call: Change) -> Change:
    """Return the call with the path of the changed score made absolute. Blocking: it looks at the file.

    Raises:
        As `checked_start`. InvalidArguments: as `check_change`.
    """
    check_change(call)
    return _checked_score(call)


def _checked_score(call: Call) -> Call:
    """Return the call with the score's path made absolute, and with the caller's folder."""
    path, content = call.config_path, call.config_content
    if content is not None and not content.strip():
        raise InvalidArguments("The text of the score is empty.", fix="Pass the text of a score.")
    if path is not None:
        file = absolute(expanded(score_path(path)), "The score path")
        _check_readable(file)
        path = str(file)
    return replace(call, config_path=path, client_cwd=working_folder())


def _check_readable(path: Path) -> None:
    """Check that the file can be read as it will be; opening a FIFO would wait, so only a regular file is opened."""
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
            f"This user does not have permission to read the score {path}.",
            fix="Change its permissions, or pass its text as config_content.",
        ) from None
    except (OSError, ValueError):
        pass  # ValueError: a NUL in the path
    raise ScoreNotFound(
        f"The score {path} {what}.", fix="Check the path; a relative path starts from the caller's working directory."
    )
