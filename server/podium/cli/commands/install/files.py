"""A client's file: read, and replaced as a whole without changing what it is.

The file keeps its mode, owner and extended attributes, and a symbolic link stays one. The new text is on the disk before it takes
the place of the old one. A file that has two names, or is a mount of its own (a container's), cannot be replaced, so it is
written in place.
"""

import errno
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

from podium.errors import InvalidArguments, PermissionDenied
from podium.privacy.files import sync_folder

_MARK = "\ufeff"
_TRIES = 3
_Stamp = tuple[int, int, int, int] | None


def read(path: Path) -> str:
    """Return a file's text without its byte order mark; a file that is missing is empty.

    Raises:
        InvalidArguments: it is not a file, or not text in UTF-8.
        PermissionDenied: the system refuses it.
    """
    return _load(path)[0].removeprefix(_MARK)


def change(path: Path, edit: Callable[[str], str | None], *, private: bool) -> bool:
    """Replace a file's text by what `edit` makes of it, and remove the file for None; return whether it is a new file.

    A private file is made for its owner only.

    Raises:
        InvalidArguments: as for `read`, its folder is missing, or it changed each time while it was edited.
        PermissionDenied: the system refuses it, or its owner could not be kept.
    """
    target = Path(os.path.realpath(path))
    for _ in range(_TRIES):
        text, stamp = _load(target)
        mark = _MARK if text.startswith(_MARK) else ""
        edited = edit(text.removeprefix(_MARK))
        if edited is not None and mark + edited == text:
            return False
        try:
            if stamp and not os.access(target, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            if edited is None:
                done = _drop(target, stamp)
            else:
                done = _store(target, (mark + edited).encode(), stamp, 0o600 if private else 0o666)
            if done:
                return stamp is None
        except OSError as error:
            raise PermissionDenied(
                f"{target} cannot be written: {error.strerror}. It was left unchanged.",
                fix="Run this as the file's owner, or run it without --write and add the entry by hand.",
            ) from None
    raise InvalidArguments(
        f"{target} was changed by another program each time while it was edited.",
        fix="Close the client, then run this again.",
    )


def _load(path: Path) -> tuple[str, _Stamp]:
    try:
        # Without waiting for a writer, if it is a pipe.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:  # noqa: PTH123
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise InvalidArguments(f"{path} is not a regular file.", fix="Remove it, or add the entry by hand.")
            return file.read().decode(), _stamp(found)
    except FileNotFoundError:
        return "", None
    except UnicodeDecodeError:
        raise InvalidArguments(
            f"{path} is not text in UTF-8; it was left unchanged.", fix="Save it as UTF-8, or add the entry by hand."
        ) from None
    except OSError as error:
        raise PermissionDenied(
            f"{path} cannot be read: {error.strerror}.", fix="Run this as the file's owner."
        ) from None


def _stamp(found: os.stat_result) -> _Stamp:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _now(path: Path) -> _Stamp:
    try:
        return _stamp(path.stat())
    except FileNotFoundError:
        return None


def _drop(target: Path, stamp: _Stamp) -> bool:
    """Remove the file; return False if it is not what it was when it was read."""
    if _now(target) != stamp:
        return False
    target.unlink()
    sync_folder(target.parent)
    return True


def _store(target: Path, content: bytes, stamp: _Stamp, mode: int) -> bool:
    """Put the content into the file's place; return False if the file is not what it was when it was read."""
    fresh = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode & 0o600 if stamp else mode), "wb") as file:  # noqa: PTH123
            if stamp:
                _be_like(file.fileno(), fresh, target)
            _write(file.fileno(), content)
        if _now(target) != stamp:
            return False
        if stamp and target.stat().st_nlink > 1:
            _write_in_place(target, content)
            return True
        try:
            fresh.replace(target)
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            _write_in_place(target, content)
        sync_folder(target.parent)
        return True
    finally:
        fresh.unlink(missing_ok=True)


def _be_like(descriptor: int, fresh: Path, target: Path) -> None:
    """Give a new file the owner, mode and attributes of the old one, but the present time."""
    old = target.stat()
    if (old.st_uid, old.st_gid) != ((new := os.fstat(descriptor)).st_uid, new.st_gid):
        os.fchown(descriptor, old.st_uid, old.st_gid)
    shutil.copystat(target, fresh)
    os.utime(descriptor)


def _write(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]
    os.fsync(descriptor)


def _write_in_place(target: Path, content: bytes) -> None:
    with open(os.open(target, os.O_WRONLY), "wb") as file:  # noqa: PTH123
        _write(file.fileno(), content)
        os.ftruncate(file.fileno(), len(content))
