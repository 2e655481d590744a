"""The event feed: one subscription for all waiters, that comes back when it is lost and goes when nobody waits."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from podium.client.link.daemon_client import DaemonClient
from podium.errors import ConductorError
from podium.wire.dispatcher import Peer
from tests.unit.client.link.stand_in import StandIn, client_for, stand_in

pytestmark = pytest.mark.anyio


class Events:
    """A `job.events` that sends what a test tells it to."""

    def __init__(self) -> None:
        self.peers: list[Peer] = []
        self.subscriptions = 0

    async def __call__(self, params: dict[str, Any], peer: Peer) -> dict[str, Any]:
        self.subscriptions += 1

        async def stay() -> None:
            self.peers.append(peer)
            try:
                await anyio.sleep_forever()
            finally:
                self.peers.remove(peer)

        peer.stream(stay)
        return {"next": "h:0", "truncated_before": None}

    async def send(self, method: str, **params: Any) -> None:
        with anyio.fail_after(5):
            while not self.peers:
                await anyio.lowlevel.checkpoint()
        await self.peers[0].notify(method, params)


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture
async def conductor(short_tmp: Path, events: Events) -> AsyncIterator[StandIn]:
    async with stand_in(short_tmp, {"job.events": events}) as conductor:
        yield conductor


@pytest.fixture
async def client(conductor: StandIn) -> AsyncIterator[DaemonClient]:
    async with client_for(conductor.path, idle_seconds=0.1) as client:
        yield client


async def test_an_event_wakes_those_who_wait_for_its_job_only(client: DaemonClient, events: Events) -> None:
    woken = list[str]()
    mark = await client.feed.mark()

    async def wait(job_id: str) -> None:
        await client.feed.wait([job_id], mark)
        woken.append(job_id)

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            for job_id in ("a", "b", "a"):
                tasks.start_soon(wait, job_id)
            await events.send("job.heartbeat", next="h:1")
            await events.send("job.event", job_id="a", seq=1)
            while len(woken) < 2:
                await anyio.lowlevel.checkpoint()
            assert woken == ["a", "a"]
            await events.send("job.event", job_id="b", seq=2)
    assert events.subscriptions == 1


async def test_an_event_between_the_mark_and_the_wait_is_not_missed(client: DaemonClient, events: Events) -> None:
    mark = await client.feed.mark()
    await events.send("job.event", job_id="a", seq=1)
    with anyio.fail_after(5):
        await client.feed.wait(["a"], mark)


async def test_a_lost_subscription_is_told_and_the_next_mark_begins_a_new_one(
    client: DaemonClient, conductor: StandIn, events: Events
) -> None:
    mark = await client.feed.mark()
    conductor.drop_connections()
    with anyio.fail_after(5), pytest.raises(ConductorError):
        await client.feed.wait(["a"], mark)
    assert await client.feed.mark() > mark
    assert events.subscriptions == 2


async def test_those_who_hold_an_older_mark_are_woken_after_a_reconnection(
    client: DaemonClient, conductor: StandIn
) -> None:
    old = await client.feed.mark()
    conductor.drop_connections()
    await conductor.connections(0)
    await client.feed.mark()
    with anyio.fail_after(5):
        await client.feed.wait(["a"], old)


async def test_a_dropped_subscriber_looks_again(client: DaemonClient, events: Events) -> None:
    mark = await client.feed.mark()
    await events.send("job.dropped", next="h:9")
    with anyio.fail_after(5):
        await client.feed.wait(["a"], mark)


async def test_the_feed_is_closed_when_nobody_waits(client: DaemonClient, conductor: StandIn) -> None:
    mark = await client.feed.mark()
    with anyio.move_on_after(0.3):
        await client.feed.wait(["a"], mark)
    await conductor.connections(0)
    with anyio.fail_after(5):
        await client.feed.wait(["a"], mark)  # the caller looks again at once


async def test_leaving_the_client_ends_the_subscription(conductor: StandIn) -> None:
    async with client_for(conductor.path) as client:
        await client.feed.mark()
        await conductor.connections(1)
    await conductor.connections(0)


async def test_a_waiter_who_gives_up_leaves_the_reading_to_the_next(client: DaemonClient, events: Events) -> None:
    mark = await client.feed.mark()
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_gives_up, client, mark)
            tasks.start_soon(client.feed.wait, ["a"], mark)
            for _ in range(20):
                await anyio.lowlevel.checkpoint()
            await events.send("job.event", job_id="a", seq=1)


async def _gives_up(client: DaemonClient, mark: int) -> None:
    with anyio.move_on_after(0.02):
        await client.feed.wait(["b"], mark)
