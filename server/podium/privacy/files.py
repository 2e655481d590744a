"""Files of our own in a home: never a link, never another user's, closed to others whatever the umask."""

import os
import stat
from contextlib import suppress
from pathlib import Path

from podium.errors import PermissionDenied
from podium.privacy.users import named, trusted, written_by_others

NOT_A_LINK = os.O_NOFOLLOW | os.O_CLOEXEC


def open_own(path: Path, flags: int) -> int:
    """Open a file of ours, and make it with mode 0600 if the flags say so; return the descriptor.

    Raises:
        PermissionDenied: it is a link, no regular file, another user's, or one that others can write.
        OSError: the system's reason.
    """
    try:
        # Without waiting: a pipe in its place has perhaps no other end.
        file = os.open(path, flags | NOT_A_LINK | os.O_NONBLOCK, 0o600)
    except OSError:
        if path.is_symlink():
            raise refusal(path, "it is a link") from None
        raise
    try:
        status = os.fstat(file)
        check_file(path, status)
        if flags & os.O_CREAT and stat.S_IMODE(status.st_mode) != 0o600:
            with suppress(PermissionError):  # root's, which we may read
                os.fchmod(file, 0o600)
    except BaseException:
        os.close(file)
        raise
    return file


def replace_own(path: Path, draft: Path, data: bytes, *, synced: bool) -> None:
    """Replace a file of ours, whole or not at all, by way of a draft beside it. With `synced` its data are on the disk then.

    Raises:
        PermissionDenied: as `open_own`.
        OSError: it cannot be written; no draft of this call is left.
    """
    descriptor = open_own(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            if synced:
                file.flush()
                os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        with suppress(OSError):
            draft.unlink()
        raise


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def check_file(path: Path, status: os.stat_result) -> None:
    """Refuse what is no regular file of ours or root's, and what others can write.

    Raises:
        PermissionDenied: says which.
    """
    if stat.S_ISLNK(status.st_mode):
        raise refusal(path, "it is a link")
    if not stat.S_ISREG(status.st_mode):
        raise refusal(path, "it is not a file")
    if not trusted(status.st_uid):
        raise refusal(path, f"it belongs to {named(status.st_uid)}")
    if written_by_others(status):
        raise refusal(path, f"other users can write it (mode {stat.S_IMODE(status.st_mode):o})")


def refusal(path: Path, why: str) -> PermissionDenied:
    """Return the error for a name of ours behind which there is something else."""
    return PermissionDenied(
        f"{path} is not used: {why}.",
        fix=f"Look at it with `ls -ld {path}`. If you know where it comes from, replace it with a file of your own or remove it.",
    )
