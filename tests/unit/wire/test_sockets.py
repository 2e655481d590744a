"""A socket stays watched between frames, and nothing that has arrived is lost or held back by that."""

import asyncio
import gc
import socket
from collections.abc import Iterator
from contextlib import suppress

import anyio
import pytest

from podium.wire.sockets import SocketStream

pytestmark = pytest.mark.anyio


@pytest.fixture
def pair() -> Iterator[tuple[SocketStream, socket.socket]]:
    """A stream and the other end of its socket."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield SocketStream(ours), theirs


async def _receive_after(stream: SocketStream, theirs: socket.socket, data: bytes) -> bytes:
    """Return what a task receives that waited before `data` was sent."""
    received: list[bytes] = []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_keep, stream, received)
        await anyio.wait_all_tasks_blocked()
        theirs.sendall(data)
    return received[0]


async def _keep(stream: SocketStream, received: list[bytes]) -> None:
    received.append(await stream.receive())


async def test_a_stream_that_waits_again_does_not_ask_the_system_to_watch_it_again(
    pair: tuple[SocketStream, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream, theirs = pair
    assert await _receive_after(stream, theirs, b"first") == b"first"
    loop = asyncio.get_running_loop()
    asked: list[object] = []
    monkeypatch.setattr(loop, "add_reader", lambda *given: asked.append(given))
    monkeypatch.setattr(loop, "remove_reader", asked.append)
    with anyio.fail_after(20):
        assert await _receive_after(stream, theirs, b"second") == b"second"
    assert not asked
    monkeypatch.undo()
    stream.close()


async def test_a_peer_is_read_only_as_far_as_a_task_wants(pair: tuple[SocketStream, socket.socket]) -> None:
    stream, theirs = pair
    await _receive_after(stream, theirs, b"first")
    theirs.setblocking(False)
    with suppress(BlockingIOError):
        while True:
            theirs.send(b"x" * 65536)
    await anyio.wait_all_tasks_blocked()
    with pytest.raises(BlockingIOError):
        theirs.send(b"x")
    assert len(await stream.receive(10)) == 10
    stream.close()


async def test_what_arrives_in_the_moment_of_a_cancellation_is_received_next(
    pair: tuple[SocketStream, socket.socket],
) -> None:
    stream, theirs = pair
    task = asyncio.create_task(stream.receive())
    await anyio.wait_all_tasks_blocked()
    theirs.sendall(b"late")
    stream._on_readable()  # the loop has read for the task, which has not run since
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await stream.receive(1) + await stream.receive() == b"late"
    stream.close()


async def test_a_task_that_waits_hears_of_the_close(pair: tuple[SocketStream, socket.socket]) -> None:
    stream, _theirs = pair
    task = asyncio.create_task(stream.receive())
    await anyio.wait_all_tasks_blocked()
    stream.close()
    with pytest.raises(anyio.ClosedResourceError), anyio.fail_after(20):
        await task


def test_a_stream_that_outlives_its_loop_is_watched_by_the_next_one() -> None:
    ours, theirs = socket.socketpair()
    stream = SocketStream(ours)
    with theirs:
        for data in (b"first", b"second"):
            assert asyncio.run(_receive_after(stream, theirs, data)) == data
        stream.close()
        gc.collect()
        assert theirs.recv(1) == b""
