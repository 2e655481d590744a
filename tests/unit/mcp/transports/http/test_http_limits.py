"""What connections may hold and for how long: begun requests end, and others are served meanwhile."""

import json
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial

import anyio
import pytest
from anyio.abc import SocketStream, TaskGroup

from podium.mcp.app import build_server
from podium.mcp.transports.http.connection import USUAL, Limits
from podium.mcp.transports.http.serving import serve
from tests.support.port import ScriptedPort

pytestmark = pytest.mark.anyio

GONE = (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError)
HEAD = "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n"
MIB = 1024**2


class Site:
    """A server in this process."""

    def __init__(self, listener: socket.socket, tasks: TaskGroup) -> None:
        self.listener = listener
        self.port = int(listener.getsockname()[1])
        self.tasks = tasks
        self.peers: list[SocketStream] = []

    async def connect(self) -> SocketStream:
        self.peers.append(await anyio.connect_tcp("127.0.0.1", self.port))
        return self.peers[-1]

    async def end(self) -> None:
        """End it as a signal does, so that it closes what it has."""
        for peer in self.peers:
            await anyio.aclose_forcefully(peer)
        signal.raise_signal(signal.SIGTERM)

    async def begin(self, length: int, body: bytes = b"") -> SocketStream:
        """Begin a request with a body of some length, and send a part of it meanwhile."""
        peer = await self.connect()
        await peer.send(HEAD.format(port=self.port, length=length).encode() + b"\r\n")
        self.tasks.start_soon(sent, peer, body)
        return peer

    async def ask(self, size: int = 0) -> str:
        """Return the first line of the answer to a whole request of so many bytes and some."""
        params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
        message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {**params, "_meta": {"x": "x" * size}}}
        body = json.dumps(message).encode()
        return await first_line(await self.begin(len(body), body))


async def sent(peer: SocketStream, data: bytes) -> None:
    with suppress(*GONE):
        await peer.send(data)


async def first_line(peer: SocketStream) -> str:
    """Return the first line of an answer, "" if the connection ends without one."""
    with suppress(*GONE):
        return (await peer.receive()).decode().partition("\r\n")[0]
    return ""


@asynccontextmanager
async def site(limits: Limits) -> AsyncIterator[Site]:
    """Serve with these limits; everything is bounded together."""
    with anyio.fail_after(30), socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(partial(serve, build_server(ScriptedPort().opened), listener, limits=limits))
            running = Site(listener, tasks)
            await running.ask()  # until it serves, a signal would end the tests
            try:
                yield running
            finally:
                await running.end()


async def test_a_head_that_is_begun_and_not_ended_ends_the_connection_even_while_it_drips() -> None:
    async with site(replace(USUAL, head_seconds=0.3)) as server:
        silent, dripping = await server.connect(), await server.connect()
        await silent.send(b"POST /mcp HT")
        with pytest.raises(GONE):  # noqa: PT012  it ends at some byte
            while True:
                await dripping.send(b"P")
                await anyio.sleep(0.02)
        assert await first_line(silent) == ""
        assert await server.ask() == "HTTP/1.1 200 OK"


async def test_a_connection_without_a_request_stays_open_for_the_idle_time_and_no_longer() -> None:
    async with site(replace(USUAL, head_seconds=0.1)) as server:
        idle, begun = await server.connect(), await server.connect()
        await begun.send(b"POST /mcp HT")
        assert await first_line(begun) == ""  # so the time for a head is over for both
        await idle.send(HEAD.format(port=server.port, length=1).encode() + b"\r\n5")
        assert await first_line(idle) == "HTTP/1.1 400 Bad Request"
    async with site(replace(USUAL, idle_seconds=0.1)) as server:
        assert await first_line(await server.connect()) == ""


async def test_a_body_that_does_not_arrive_in_time_is_told_so() -> None:
    async with site(replace(USUAL, body_seconds=0.3)) as server:
        assert await first_line(await server.begin(1000, b"{")) == "HTTP/1.1 408 Request Timeout"


async def test_the_rest_of_a_request_that_was_refused_is_awaited_for_some_time_only() -> None:
    async with site(replace(USUAL, head_seconds=0.3)) as server:
        peer = await server.begin(10**9)
        assert await first_line(peer) == "HTTP/1.1 413 Request Entity Too Large"
        with pytest.raises(GONE):  # noqa: PT012  it ends at some byte
            while True:
                await peer.send(b"x")
                await anyio.sleep(0.02)


async def test_there_are_never_more_connections_than_allowed_and_the_idlest_gives_way() -> None:
    async with site(replace(USUAL, connections=5)) as server:
        begun = [await server.connect() for _ in range(4)]
        for each in begun:
            await each.send(b"POST /mcp HT")
        assert [await server.ask() for _ in range(4)] == ["HTTP/1.1 200 OK"] * 4
        assert await first_line(begun[0]) == ""


async def test_bodies_that_are_begun_do_not_hold_more_than_allowed_and_a_whole_one_is_served() -> None:
    async with site(replace(USUAL, begun_bytes=MIB)) as server:
        begun = [await server.begin(2 * MIB, b"x" * MIB) for _ in range(10)]
        assert await server.ask(MIB) == "HTTP/1.1 200 OK"
        assert await first_line(begun[-1]) == "HTTP/1.1 503 Service Unavailable"


async def test_the_parts_of_an_answer_do_not_wait_for_each_other() -> None:
    """Without this option of TCP, which connections inherit, an answer took 40 ms longer."""
    async with site(USUAL) as server:
        assert server.listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
