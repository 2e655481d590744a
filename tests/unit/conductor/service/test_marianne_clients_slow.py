"""A client of `daemon.monitor.stream` that does not read is disconnected, and another one misses nothing by it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import anyio
import pytest

from podium.conductor.rules.event import Event
from podium.conductor.service.context import Context
from podium.conductor.service.handlers import monitor
from podium.conductor.supervisor.events import EventHub
from podium.contract.methods import NoParams
from podium.wire.dispatcher import Peer, WireLimits, serve_connection
from tests.support.memory_pair import MemoryStream, memory_pair

pytestmark = pytest.mark.anyio
REQUEST = b'{"jsonrpc":"2.0","method":"daemon.monitor.stream","id":1}\n'
PROBE = b'{"jsonrpc":"2.0","method":"probe","id":2}\n'
BUFFER = 10_000  # bytes; an event has about 150


def events(first: int, count: int) -> list[Event]:
    return [
        Event(seq, "job-1", seq, "sheet.started", "2026-01-01T00:00:00.000Z", {"sheet": 1})
        for seq in range(first, first + count)
    ]


async def probe(params: dict[str, Any], peer: Peer) -> str:
    return "ok"


@asynccontextmanager
async def subscribed(
    hub: EventHub, limits: WireLimits | None = None
) -> AsyncIterator[tuple[MemoryStream, anyio.Event]]:
    """Yield a connection whose stream has begun, and the event of its end on the side of the conductor."""
    context = cast(Context, SimpleNamespace(hub=hub, supervisor=SimpleNamespace(last_event=0)))

    async def stream(params: dict[str, Any], peer: Peer) -> object:
        return await monitor.stream(context, NoParams(), peer)

    client, server = memory_pair(BUFFER)
    handlers = {"daemon.monitor.stream": stream, "probe": probe}
    ended = anyio.Event()

    async def serve() -> None:
        await serve_connection(server, Peer(), handlers, limits)
        ended.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(serve)
        await client.send(REQUEST + PROBE)
        assert json.loads(await client.receive()) == {"jsonrpc": "2.0", "result": "ok", "id": 2}
        yield client, ended
        tasks.cancel_scope.cancel()


async def test_a_client_that_does_not_read_is_disconnected_and_another_one_gets_every_event() -> None:
    hub = EventHub()
    impatient = WireLimits(write_seconds=0.05)
    async with subscribed(hub, impatient) as (silent, ended), subscribed(hub) as (reads, _):
        hub.publish(events(1, 400))
        data = b""
        with anyio.fail_after(30):
            while data.count(b"\n") < 400:
                data += await reads.receive()
            await ended.wait()
        assert [json.loads(line)["params"]["event"] for line in data.splitlines()] == ["sheet.started"] * 400
        assert (await silent.receive(10**6)).count(b"\n") < 400


async def test_a_client_that_is_too_far_behind_is_disconnected() -> None:
    hub = EventHub()
    async with subscribed(hub) as (_, ended):
        hub.publish(events(1, 10_001))
        with anyio.fail_after(30):
            await ended.wait()
