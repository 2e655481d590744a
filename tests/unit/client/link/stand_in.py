"""A small conductor at the other end of a real socket, for what the client does with connections."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio

from podium.client.link.daemon_client import DaemonClient
from podium.contract.methods import FEATURES, PROTOCOL
from podium.settings import load
from podium.wire.dispatcher import Handler, Peer, serve_connection
from podium.wire.sockets import SocketStream
from tests.support.sockets import listening

MARIANNE_STATUS = {
    "pid": 8956,
    "uptime_seconds": 102.6,
    "running_jobs": 0,
    "total_jobs_active": 0,
    "memory_usage_mb": 96.1,
    "version": "0.1.0",
}
PODIUM_STATUS = {
    **MARIANNE_STATUS,
    "product": "podium",
    "protocol": PROTOCOL,
    "features": list(FEATURES),
    "home_id": "h1",
}


def client_for(path: Path, **settings: Any) -> DaemonClient:
    """Return a client with settings of a test's own."""
    home = path.parent / "home"
    return DaemonClient(path, settings=load(home=home, socket=path, **settings))


class StandIn:
    """Answers what its handlers answer, and counts its connections and how often it is asked who it is."""

    def __init__(self, path: Path, handlers: dict[str, Handler], status: dict[str, Any]) -> None:
        self.path = path
        self.status = status
        self.handlers: dict[str, Handler] = {"daemon.status": self.say_status, **handlers}
        self.streams: list[SocketStream] = []
        self.opened = 0
        self.asked = 0  # who it is
        self.most = 0
        self.changed = anyio.Event()

    async def say_status(self, params: dict[str, Any], peer: Peer) -> dict[str, Any]:
        self.asked += 1
        peer.concurrent = "product" in self.status and params.get("protocol") == PROTOCOL
        return self.status

    async def serve(self, stream: SocketStream) -> None:
        self.opened += 1
        self.streams.append(stream)
        self.most = max(self.most, len(self.streams))
        self._tell()
        try:
            await serve_connection(stream, Peer(), self.handlers)
        finally:
            self.streams.remove(stream)
            self._tell()

    def _tell(self) -> None:
        self.changed.set()
        self.changed = anyio.Event()

    async def connections(self, count: int) -> None:
        """Wait until so many connections are open."""
        with anyio.fail_after(20):
            while len(self.streams) != count:
                await self.changed.wait()

    def drop_connections(self) -> None:
        """Close every connection, as a conductor that dies does."""
        for stream in self.streams:
            stream.close()


@asynccontextmanager
async def stand_in(
    folder: Path, handlers: dict[str, Handler] | None = None, *, status: dict[str, Any] | None = None
) -> AsyncIterator[StandIn]:
    """Run a stand-in on `c.sock` in the folder."""
    conductor = StandIn(folder / "c.sock", handlers or {}, PODIUM_STATUS if status is None else status)
    with anyio.fail_after(20):
        async with listening(conductor.path, conductor.serve):
            yield conductor
