"""The way to a path: whoever can write a folder on it, or owns a link on it, decides what is found at its end."""

import errno
import os
import stat
from pathlib import Path

from podium.errors import PermissionDenied
from podium.privacy.users import ROOT, named, trusted, written_by_others

_MOST_LINKS = 40  # as many as Linux follows


def check_way(path: Path, what: str, setting: str) -> None:
    """Refuse a path that another user could lead elsewhere. Folders that are missing are no danger: nobody else may make them.

    Others may write a folder on the way only if it is sticky, as /tmp is: there they cannot rename what is ours. `what` names the
    path in the message, `setting` is the variable that gives another one.

    Raises:
        PermissionDenied: names the folder or link, its owner and mode.
    """
    here, ahead, links = "/", list(path.absolute().parts[1:]), 0
    _check_folder(here, os.lstat(here), path, what, setting)
    while ahead:
        part = ahead.pop(0)
        there = os.path.dirname(here) if part == ".." else os.path.join(here, part)  # noqa: PTH118, PTH120
        try:
            status = os.lstat(there)
        except OSError:  # whoever opens it is told the reason
            return
        if stat.S_ISLNK(status.st_mode):
            links += 1
            if links > _MOST_LINKS:
                return
            if not trusted(status.st_uid):
                raise _refusal(
                    path, what, setting, f"{there} is a link that {named(status.st_uid)} made", status.st_uid
                )
            target = os.readlink(there)  # noqa: PTH115
            here = "/" if target.startswith("/") else here
            ahead = [part for part in target.split("/") if part not in {"", "."}] + ahead
            continue
        if ahead and stat.S_ISDIR(status.st_mode):
            _check_folder(there, status, path, what, setting)
        here = there


def check_own_folder(path: Path, what: str, setting: str) -> os.stat_result:
    """Refuse a folder that is not ours or that others can write; return what it is. For folders that hold our state.

    Raises:
        PermissionDenied: as `check_way`, which it does too.
        OSError: it cannot be looked at, or is no folder.
    """
    check_way(path, what, setting)
    status = path.stat()
    if not stat.S_ISDIR(status.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    if status.st_uid != os.geteuid():
        raise _refusal(path, what, setting, f"it belongs to {named(status.st_uid)}", status.st_uid)
    if written_by_others(status):
        mode = stat.S_IMODE(status.st_mode)
        raise PermissionDenied(
            f"{what} {path} is not used: other users can write in it (mode {mode:o}), and may have done so.",
            fix=f"If everything in it is yours, run `chmod 700 {path}` and try again; otherwise set {setting} to another folder.",
        )
    return status


def check_socket(path: Path) -> None:
    """Refuse a socket that another user could replace. Raises as `check_way`, with the socket as a fact."""
    try:
        check_way(path, "The socket", "PODIUM_SOCKET")
    except PermissionDenied as error:
        error.facts["socket"] = str(path)
        raise


def check_settings(file: Path, what: str = "The settings file") -> None:
    """Refuse a file of settings or instruments that another user can change: it says what is used and run.

    Raises:
        PermissionDenied: as `check_way`, which it does too.
        OSError: it cannot be looked at.
    """
    check_way(file, what, "PODIUM_CONFIG")
    status = file.stat()
    if not stat.S_ISREG(status.st_mode):  # /dev/null, or a pipe that a shell made
        return
    if not trusted(status.st_uid):
        raise _refusal(file, what, "PODIUM_CONFIG", f"it belongs to {named(status.st_uid)}", status.st_uid)
    if written_by_others(status):
        raise PermissionDenied(
            f"{what} {file} is not used: other users can write it (mode {stat.S_IMODE(status.st_mode):o}).",
            fix=f"Read it, then run `chmod go-w {file}`.",
        )


def is_there(path: Path) -> bool:
    """Return whether there is something at a path, as far as we may look: unlike `Path.exists` it raises nothing."""
    try:
        path.stat()
    except OSError:
        return False
    return True


def make_private(folder: Path) -> None:
    """Make a folder and the missing ones above it, closed to others whatever the umask.

    Raises:
        OSError: the system's reason.
    """
    try:
        folder.mkdir(mode=0o700)
    except FileNotFoundError:
        if folder.parent.is_dir():  # a file system such as /proc, where nothing can be made
            raise
        make_private(folder.parent)
        make_private(folder)
    except FileExistsError:
        if not folder.is_dir():
            raise
    else:
        folder.chmod(0o700)


def _check_folder(folder: str, status: os.stat_result, path: Path, what: str, setting: str) -> None:
    if not trusted(status.st_uid):
        raise _refusal(path, what, setting, f"{folder} belongs to {named(status.st_uid)}", status.st_uid)
    if written_by_others(status) and not status.st_mode & stat.S_ISVTX:
        mode = stat.S_IMODE(status.st_mode)
        raise PermissionDenied(
            f"{what} {path} is not used: other users can write {folder} (mode {mode:o}) and could replace what is in it.",
            fix=f"Run `chmod go-w {folder}` if the folder is yours; otherwise set {setting} to a place that only you can change.",
        )


def _refusal(path: Path, what: str, setting: str, why: str, owner: int) -> PermissionDenied:
    """Return the error for what another user owns. Root, who may use all of it, would work under that user's control."""
    fix = f"Set {setting} to a place that only you can change."
    if os.geteuid() == ROOT:
        fix = f"Run this as {named(owner)}, without sudo; or set {setting} to a place that only root can change."
    return PermissionDenied(f"{what} {path} is not used: {why}, who could decide what is there.", fix=fix)
