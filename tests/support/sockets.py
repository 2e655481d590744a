"""Listening Unix sockets for tests: every connection is given to a function, in a task of its own."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from anyio.abc import TaskGroup

from podium.wire.sockets import SocketStream

Serve = Callable[[SocketStream], Awaitable[None]]


@asynccontextmanager
async def listening(path: Path, serve: Serve) -> AsyncIterator[None]:
    """Accept connections on `path` while the block runs; connections that are open at its end are cancelled."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen(200)
        server.setblocking(False)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_accept, server, serve, tasks)
            yield
            tasks.cancel_scope.cancel()
    await anyio.Path(path).unlink(missing_ok=True)


async def _accept(server: socket.socket, serve: Serve, tasks: TaskGroup) -> None:
    while True:
        await anyio.wait_readable(server)
        raw, _ = server.accept()
        tasks.start_soon(_serve, SocketStream(raw), serve)


async def _serve(stream: SocketStream, serve: Serve) -> None:
    try:
        await serve(stream)
    finally:
        stream.close()
