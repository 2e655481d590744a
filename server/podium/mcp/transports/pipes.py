"""The process's standard streams, reserved for the protocol, without ever blocking the loop.

Descriptors stay in blocking mode, as their open file is shared with other processes: a read follows readiness, and so
does a write of at most one page, which a pipe then always takes whole. So everything here can be cancelled at once,
even if the other end is not read. Regular files cannot be waited for and need not be.
"""

import fcntl
import os
import select
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress

import anyio

CHUNK_BYTES = 65536
PAGE_BYTES = 4096  # a pipe that polls as writable takes this much without blocking


@contextmanager
def claimed() -> Iterator[tuple[int, int]]:
    """Take stdin and stdout for the protocol and yield private descriptors of them.

    Until they are given back, fd 0 reads as empty, and writes to fd 1 go to stderr. What is printed goes to `sys.stderr`, which
    need not wait for a reader.
    """
    sys.stdout.flush()
    stdin, stdout = _moved(0), _moved(1)
    empty = os.open(os.devnull, os.O_RDWR)
    os.dup2(empty, 0)
    try:
        os.dup2(2, 1)
    except OSError:  # started without stderr
        os.dup2(empty, 1)
    os.close(empty)
    try:
        with redirect_stdout(sys.stderr):
            yield stdin, stdout
    finally:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
        for fd, private in ((0, stdin), (1, stdout)):
            os.dup2(private, fd)
            os.close(private)


def _moved(fd: int) -> int:
    """Return a duplicate of `fd` above the standard ones that no child inherits."""
    return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)


async def read_lines(fd: int, limit: int, *, chunk_bytes: int = CHUNK_BYTES) -> AsyncIterator[bytes | None]:
    """Yield each line without its newline, the last one also where it has none; None for a line longer than `limit`."""
    buffer, scanned, skipping = bytearray(), 0, False
    while chunk := await _read(fd, chunk_bytes):
        buffer += chunk
        while (end := buffer.find(b"\n", scanned)) >= 0:
            if not skipping:
                yield bytes(buffer[:end]) if end <= limit else None
            del buffer[: end + 1]
            scanned, skipping = 0, False
        scanned = len(buffer)
        if scanned > limit and not skipping:
            skipping = True
            yield None
        if skipping:
            buffer.clear()
            scanned = 0
    if buffer and not skipping:
        yield bytes(buffer)


def hung_up(fd: int) -> bool:
    """Return whether the other end of `fd` is closed, also while there is something to read."""
    look = select.poll()
    look.register(
        fd, getattr(select, "POLLRDHUP", 0)
    )  # a socket of which one half is closed; POLLHUP is always looked for
    return bool(look.poll(0))


async def write_all(fd: int, data: bytes) -> None:
    """Write all of `data`.

    Raises:
        BrokenPipeError: the other end is closed.
    """
    view = memoryview(data)
    room = select.poll()
    room.register(fd, select.POLLOUT)
    while view:
        await anyio.lowlevel.checkpoint_if_cancelled()
        if not room.poll(0):  # asked first: most answers go out at once, and a wait costs more than the write
            await _ready(anyio.wait_writable, fd)
        view = view[os.write(fd, view[:PAGE_BYTES]) :]


async def _read(fd: int, most: int) -> bytes:
    """Return the bytes that are there, b"" at the end; a peer that vanished counts as the end."""
    await _ready(anyio.wait_readable, fd)
    try:
        return os.read(fd, most)
    except OSError:
        return b""


async def _ready(wait: Callable[[int], Awaitable[None]], fd: int) -> None:
    """Wait until a descriptor is ready; one that the system cannot wait for (a regular file) always is."""
    try:
        await wait(fd)
    except (PermissionError, ValueError):
        await anyio.lowlevel.checkpoint()
