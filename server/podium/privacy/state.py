"""A home as a whole: refused if another user could have put something into it, closed if others can only look into it."""

import os
import stat
from pathlib import Path
from typing import NamedTuple

from podium.home import FILES, Home
from podium.privacy.files import check_file, refusal
from podium.privacy.users import named, trusted
from podium.privacy.way import check_own_folder, check_way, is_there, make_private

_WHAT, _SETTING = "The home", "PODIUM_HOME"
_OF_OTHERS = 0o077


class Open(NamedTuple):
    """What of a home is open to others: the mode of its folder, "" in `note` if none can enter it, and its files."""

    mode: int
    files: list[Path]
    note: str


def open_home(home: Path) -> str:
    """Make the home if it is missing, and close it to others; return a sentence if they could look into it, else "".

    Raises:
        PermissionDenied: another user owns it or something in it, can write it, or can replace a folder on the way to it; or a
            file of ours is a link.
        OSError: it cannot be made or read.
    """
    check_way(home, _WHAT, _SETTING)
    make_private(home)
    found = _look(home)
    for path in found.files:
        if path.stat().st_uid == os.geteuid():  # root's stay as they are
            path.chmod(0o600)
    if found.mode & _OF_OTHERS:
        home.chmod(found.mode & ~_OF_OTHERS)
    return found.note


def check_home(home: Path) -> str:
    """Refuse a home as `open_home` does, and return the same sentence, but change nothing. It need not exist.

    Raises:
        PermissionDenied, OSError.
    """
    check_way(home, _WHAT, _SETTING)
    return _look(home).note if is_there(home) else ""


def _look(home: Path) -> Open:
    mode = stat.S_IMODE(check_own_folder(home, _WHAT, _SETTING).st_mode)
    entered = bool(mode & 0o011)
    folders, files = Home(home).folders, []
    with os.scandir(home) as entries:
        for entry in entries:
            path, status = Path(entry.path), entry.stat(follow_symlinks=False)
            if not trusted(status.st_uid):
                raise refusal(path, f"it belongs to {named(status.st_uid)}")
            if entry.name in FILES:
                if entered or not stat.S_ISREG(status.st_mode):  # what nobody could reach, nobody has written
                    check_file(path, status)
                if status.st_mode & _OF_OTHERS:
                    files.append(path)
            elif path in folders and (entered or entry.is_symlink()):
                check_own_folder(path, "The folder", _SETTING)
    return Open(mode, files, _note(home, mode, files) if mode & _OF_OTHERS else "")


def _note(home: Path, mode: int, files: list[Path]) -> str:
    """Return what was open, in a sentence."""
    names = f", and so are {', '.join(sorted(path.name for path in files))} in it" if files else ""
    return f"{home} was open to other users (mode {mode:o}); it is closed to them now{names}."
