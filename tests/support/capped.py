"""A stand-in for a conductor that serves few connections at once, as a Marianne conductor does.

One connection too many is accepted, and nothing of what it sends is read until another one has closed. Calls on one connection
are answered one after another.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio

from podium.wire.dispatcher import Handler, Peer, serve_connection
from podium.wire.sockets import SocketStream, connect

PLACES = 5


class Capped:
    """Serves `places` connections at once with these handlers. Its `serve` is for `listening`."""

    def __init__(self, handlers: Mapping[str, Handler], places: int = PLACES) -> None:
        self._handlers = handlers
        self._free = anyio.Semaphore(places)
        self.open = 0  # connections, those that wait included
        self.asked: list[str] = []
        self.changed = anyio.Event()

    async def serve(self, stream: SocketStream) -> None:
        """Serve a connection until it closes, as soon as there is a place."""
        self.open += 1
        self._tell()
        try:
            async with self._free:
                await serve_connection(stream, Peer(), {name: self._noted(name) for name in self._handlers})
        finally:
            self.open -= 1
            self._tell()

    async def connections(self, count: int) -> None:
        """Wait until so many connections are open, those that wait included."""
        with anyio.fail_after(30):
            while self.open != count:
                await self.changed.wait()

    def _tell(self) -> None:
        self.changed.set()
        self.changed = anyio.Event()

    def _noted(self, name: str) -> Handler:
        async def handle(params: dict[str, Any], peer: Peer) -> Any:
            self.asked.append(name)
            return await self._handlers[name](params, peer)

        return handle


@asynccontextmanager
async def idle_clients(path: Path, count: int = PLACES) -> AsyncIterator[list[SocketStream]]:
    """Hold connections that say nothing, as idle clients of such a conductor do."""
    streams = [await connect(path) for _ in range(count)]
    try:
        yield streams
    finally:
        for stream in streams:
            stream.close()
