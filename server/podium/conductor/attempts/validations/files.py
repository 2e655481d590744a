"""Reading a file for a check: only regular files, never more than needed, and never blocking for ever."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from podium.conductor.attempts.validations.context import FOUND_CHARS, Outcome, one_line

HEAD_BYTES = 4 * FOUND_CHARS


class NotReadable(Exception):
    """The file cannot be checked; the text says why."""


@contextmanager
def regular_file(path: Path) -> Iterator[int]:
    """Open a regular file for reading; a pipe is not waited for.

    Raises:
        NotReadable: it is missing, not a regular file, or not ours to read.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        raise NotReadable(reason(error)) from None
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise NotReadable(kind(os.fstat(fd)))
        yield fd
    except OSError as error:
        raise NotReadable(reason(error)) from None
    finally:
        os.close(fd)


def reason(error: OSError | ValueError) -> str:
    """Return in words why a path cannot be used."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return "no such file"
    return (error.strerror if isinstance(error, OSError) else str(error)) or "not readable"


def kind(status: os.stat_result) -> str:
    """Return in words what a path is."""
    if stat.S_ISREG(status.st_mode):
        return f"a file of {status.st_size} bytes"
    return "a folder" if stat.S_ISDIR(status.st_mode) else "neither a file nor a folder"


def without_match(fd: int, note: str = "") -> Outcome:
    """Return the outcome of content that does not match: its size and its beginning."""
    size = os.fstat(fd).st_size
    if not size:
        return Outcome(False, "an empty file")
    begin = os.pread(fd, HEAD_BYTES, 0).decode("utf-8", "replace")
    return Outcome(False, f"{size} bytes{note} that begin with {one_line(begin)}")
