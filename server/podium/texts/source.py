"""Reading a score's text, without looking at what it says: which paths are accepted, how much is read, and what is refused."""

import os
import stat
from pathlib import Path

from podium.contract.paths import FIX_SCORE_PATH, score_path
from podium.errors import InvalidArguments, PermissionDenied, ScoreInvalid, ScoreNotFound
from podium.texts.problems import invalid


def read_score(config_path: str, *, cwd: Path, max_bytes: int) -> tuple[Path, str]:
    """Return a score file's absolute path and text; a relative path is under `cwd`, `~` is the home folder.

    Raises:
        PathNotAllowed: the path holds a `..` component.
        InvalidArguments: the path does not end in .yaml or .yml, or is not UTF-8.
        ScoreNotFound: there is no such regular file.
        PermissionDenied: the file cannot be read.
        ScoreInvalid: it is larger than `max_bytes`, or not UTF-8.
    """
    path = Path(os.path.abspath(cwd / os.path.expanduser(score_path(config_path))))  # noqa: PTH100, PTH111 `~user` without an entry stays
    if not is_unicode(str(path)):
        raise InvalidArguments(
            f"The score path {str(path)!r} is not UTF-8, so a job cannot be stored with it.",
            fix="Rename the file or its folder, or give the score's text.",
        )
    return path, decode(read_bytes(path, max_bytes=max_bytes), name=f"The file {path}")


def check_text(text: str, max_bytes: int) -> None:
    """Refuse an inline score that is larger than `max_bytes` or cannot be written as UTF-8.

    Raises:
        ScoreInvalid: it is too large or contains an unpaired surrogate.
    """
    if not is_unicode(text):
        raise invalid("The inline score", "it contains an unpaired surrogate, which is not valid Unicode")
    if len(text.encode()) > max_bytes:
        raise _too_large("The inline score", max_bytes)


def _require_file(path: Path, status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise ScoreNotFound(f"{path} is a folder, not a file.", fix=FIX_SCORE_PATH)
    if not stat.S_ISREG(status.st_mode):
        raise ScoreNotFound(f"{path} is not a regular file.", fix=FIX_SCORE_PATH)


def read_bytes(path: Path, *, max_bytes: int) -> bytes:
    """Return the content of a regular file, never reading more than `max_bytes` + 1 bytes and never waiting on a FIFO.

    Raises:
        ScoreNotFound, PermissionDenied, ScoreInvalid: as `read_score`.
    """
    content = first_bytes(path, max_bytes + 1)
    if len(content) > max_bytes:
        raise _too_large(f"The file {path}", max_bytes)
    return content


def first_bytes(path: Path, count: int) -> bytes:
    """Return the beginning of a regular file, never waiting on a FIFO.

    Raises:
        ScoreNotFound, PermissionDenied: as `read_score`.
    """
    try:
        _require_file(path, os.stat(path))  # noqa: PTH116 before opening: opening a device may act on it
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:  # noqa: PTH123 a descriptor, not a path
            _require_file(path, os.fstat(descriptor))
            return file.read(count)
    except ScoreNotFound:
        raise
    except PermissionError as error:
        raise PermissionDenied(f"{path} cannot be read: {error.strerror}.", fix="Make the file readable.") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ScoreNotFound(f"{path} cannot be opened: {why}.", fix=FIX_SCORE_PATH) from None


def decode(content: bytes, *, name: str) -> str:
    """Return the text of UTF-8 bytes without a byte order mark.

    Raises:
        ScoreInvalid: they are not UTF-8; the problem has the line.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        column = error.start - (before.rfind(b"\n") + 1) + 1
        line, what = before.count(b"\n") + 1, f"it is not UTF-8: byte 0x{content[error.start]:02x}"
        raise invalid(name, what, line=line, column=column) from None


def is_unicode(text: str) -> bool:
    """Return whether a text can be written as UTF-8: an unpaired surrogate stands for a byte that is not UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _too_large(name: str, max_bytes: int) -> ScoreInvalid:
    return invalid(name, f"it is larger than the limit of {max_bytes} bytes")
