"""Bad peers on a real Unix socket: whatever they do, a well-behaved one is served."""

import json
import socket
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import anyio
import psutil
import pytest
from anyio.lowlevel import checkpoint

from podium.wire.dispatcher import Handler, Peer, WireLimits, serve_connection
from podium.wire.sockets import SocketStream, connect
from tests.support.podium_home import Conductor
from tests.support.podium_home import ask as ask_conductor
from tests.support.sockets import listening

pytestmark = pytest.mark.anyio

HEALTH = b'{"id":1,"method":"daemon.health"}\n'
PATIENT = WireLimits()
BOUND_SECONDS = 40  # for what takes a moment on an idle machine
BEGUN = 40  # frames that are begun
STRICT = WireLimits(partial_seconds=0.1, write_seconds=0.1)


async def health(params: dict[str, Any], peer: Peer) -> dict[str, str]:
    return {"status": "ok"}


async def large(params: dict[str, Any], peer: Peer) -> dict[str, str]:
    return {"text": "x" * 4_000_000}


HANDLERS: dict[str, Handler] = {"daemon.health": health, "large": large}


class Served:
    """A listener whose connections are counted."""

    def __init__(self, path: Path, limits: WireLimits) -> None:
        self.path = path
        self.limits = limits
        self.open = 0

    async def serve(self, stream: SocketStream) -> None:
        self.open += 1
        try:
            await serve_connection(stream, Peer(), HANDLERS, self.limits)
        finally:
            self.open -= 1

    async def assert_healthy(self) -> None:
        """A new, well-behaved client is answered."""
        async with await connect(self.path) as client:
            assert (await ask(client, HEALTH))["result"] == {"status": "ok"}

    async def all_gone(self) -> None:
        """Wait until the serving side has closed every connection."""
        with anyio.fail_after(BOUND_SECONDS):
            while self.open:
                await checkpoint()


@asynccontextmanager
async def serving(folder: Path, limits: WireLimits = PATIENT) -> AsyncIterator[Served]:
    served = Served(folder / "c.sock", limits)
    with anyio.fail_after(BOUND_SECONDS):
        async with listening(served.path, served.serve):
            yield served


async def read_line(client: SocketStream) -> Any:
    data = b""
    with anyio.fail_after(BOUND_SECONDS):
        while not data.endswith(b"\n"):
            data += await client.receive()
    return json.loads(data)


async def ask(client: SocketStream, raw: bytes) -> Any:
    await client.send(raw)
    return await read_line(client)


def _connect(path: Path) -> socket.socket:
    peer = socket.socket(socket.AF_UNIX)
    peer.connect(str(path))
    return peer


def leaves_at_once(path: Path) -> socket.socket:
    peer = _connect(path)
    peer.close()
    return peer


def leaves_without_reading(path: Path) -> socket.socket:
    peer = _connect(path)
    peer.sendall(HEALTH * 100)
    peer.close()
    return peer


def leaves_in_the_middle_of_a_frame(path: Path) -> socket.socket:
    peer = _connect(path)
    peer.sendall(b'{"id":1,"meth')
    peer.close()
    return peer


def sends_noise(path: Path) -> socket.socket:
    peer = _connect(path)
    peer.sendall(bytes(range(256)) * 100 + b"\n")
    return peer


def speaks_http(path: Path) -> socket.socket:
    peer = _connect(path)
    peer.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return peer


def stops_in_the_middle_of_a_frame(path: Path) -> socket.socket:
    peer = _connect(path)
    peer.sendall(b'{"id":1,"method":')
    return peer


def never_reads(path: Path) -> socket.socket:
    peer = _connect(path)
    peer.sendall(b'{"id":1,"method":"large"}\n' * 3)
    return peer


def is_idle(path: Path) -> socket.socket:
    return _connect(path)


def half_closes(path: Path) -> socket.socket:
    peer = _connect(path)
    peer.sendall(HEALTH)
    peer.shutdown(socket.SHUT_WR)
    return peer


BAD_PEERS = [
    leaves_at_once,
    leaves_without_reading,
    leaves_in_the_middle_of_a_frame,
    sends_noise,
    speaks_http,
    stops_in_the_middle_of_a_frame,
    never_reads,
    is_idle,
    half_closes,
]


@pytest.mark.parametrize("bad_peer", BAD_PEERS, ids=lambda peer: peer.__name__)
async def test_a_bad_peer_disturbs_nobody(short_tmp: Path, bad_peer: Callable[[Path], socket.socket]) -> None:
    async with serving(short_tmp) as served:
        peers = [bad_peer(served.path) for _ in range(10)]
        await served.assert_healthy()
        for peer in peers:
            peer.close()
        await served.all_gone()
        await served.assert_healthy()


@pytest.mark.parametrize("bad_peer", [stops_in_the_middle_of_a_frame, never_reads], ids=lambda peer: peer.__name__)
async def test_a_peer_that_stops_is_dropped_though_it_stays_connected(
    short_tmp: Path, bad_peer: Callable[[Path], socket.socket]
) -> None:
    async with serving(short_tmp, STRICT) as served:
        with bad_peer(served.path):
            await served.all_gone()


async def test_an_oversized_frame_is_answered_and_the_connection_goes_on(short_tmp: Path) -> None:
    async with serving(short_tmp) as served, await connect(served.path) as client:
        for _ in range(17):
            await client.send(b"x" * 1024 * 1024)
        reply = await ask(client, b"\n")
        assert (reply["id"], reply["error"]["code"]) == (None, -32700)
        assert (await ask(client, HEALTH))["id"] == 1


async def test_a_frame_of_exactly_16_mib_is_served(short_tmp: Path) -> None:
    head, tail = b'{"id":1,"method":"daemon.health","params":{"x":"', b'"}}\n'
    frame = head + b"a" * (16 * 1024 * 1024 - len(head) - len(tail)) + tail
    async with serving(short_tmp) as served, await connect(served.path) as client:
        assert (await ask(client, frame))["id"] == 1


async def test_a_large_reply_arrives_whole_at_a_slow_reader(short_tmp: Path) -> None:
    async with serving(short_tmp) as served, await connect(served.path) as client:
        await client.send(b'{"id":1,"method":"large"}\n')
        data = b""
        while not data.endswith(b"\n"):
            data += await client.receive(100_000)
        assert len(json.loads(data)["result"]["text"]) == 4_000_000


async def test_requests_are_served_beside_a_hundred_idle_connections(short_tmp: Path) -> None:
    async with serving(short_tmp) as served:
        idle = [_connect(served.path) for _ in range(100)]
        await served.assert_healthy()
        for peer in idle:
            peer.close()
        await served.all_gone()


def test_begun_frames_of_many_peers_do_not_take_the_memory_of_a_conductor(conductor: Conductor) -> None:
    begun = b'{"id":1,"method":"' + b"x" * 8 * 1024**2
    process = psutil.Process(conductor.pid)
    before = process.memory_info().rss
    with ExitStack() as peers, ThreadPoolExecutor(BEGUN) as pool:
        for _ in range(BEGUN):
            peer = peers.enter_context(_connect(conductor.settings.socket))
            peer.settimeout(2)
            pool.submit(suppressed_send, peer, begun)
        deadline = time.monotonic() + 1.5
        while time.monotonic() < deadline:
            assert process.memory_info().rss - before < 200 * 1024**2
            assert ask_conductor(conductor.settings.socket, "daemon.health")["status"]
        large = {"config_content": "name: x\nsheets: [{run: 'true'}]\n#" + "y" * 1024**2, "client_cwd": "/"}
        assert ask_conductor(conductor.settings.socket, "job.validate", large)["valid"]


def suppressed_send(peer: socket.socket, data: bytes) -> None:
    with suppress(OSError):
        peer.sendall(data)
