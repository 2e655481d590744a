"""Reading a file for a check: only regular files, never more than needed, and never blocking for ever."""

import os
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import anyio
import anyio.to_thread

# Threads that hang on a dead network disk cannot be ended, only abandoned: they must not be threads that others need.
THREADS = anyio.CapacityLimiter(16)


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


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[tuple[int | None, str]]:
    """Open a regular file in a thread; yield its descriptor, or None and why it cannot be read."""
    stack, left = ExitStack(), anyio.Event()

    def enter() -> int:
        fd = stack.enter_context(regular_file(path))
        if left.is_set():  # it took so long that nobody waits any more
            stack.close()
        return fd

    try:
        fd = await anyio.to_thread.run_sync(enter, abandon_on_cancel=True, limiter=THREADS)
    except anyio.get_cancelled_exc_class():
        left.set()
        raise
    except NotReadable as error:
        yield None, str(error)
        return
    with stack:
        yield fd, ""


def modified_ns(path: Path) -> int | None:
    """Return when a regular file was modified, in nanoseconds since the epoch; None for anything else."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns if stat.S_ISREG(status.st_mode) else None


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
