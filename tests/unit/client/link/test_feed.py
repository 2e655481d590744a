"""The event feed: one subscription for all waiters, that comes back when it is lost and goes when nobody waits."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from podium.client.link import feed
from podium.client.link.daemon_client import DaemonClient
from podium.errors import ConductorBusy, ConductorUnreachable
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
        with anyio.fail_after(20):
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


class Waiter:
    """A task that waits on the feed for events of some jobs; `woken` counts its returns."""

    def __init__(self, client: DaemonClient, job_ids: list[str] | None, mark: int) -> None:
        self.woken = 0
        self._client, self._job_ids, self._mark = client, job_ids, mark

    async def __call__(self) -> None:
        await self._client.feed.wait(self._job_ids, self._mark)
        self.woken += 1


async def settled() -> None:
    """Let every task that can run do so, until what was sent over the socket has been read."""
    for _ in range(50):
        await anyio.lowlevel.checkpoint()


async def is_woken(client: DaemonClient, job_ids: list[str] | None, mark: int) -> bool:
    """Return whether a waiter from this mark is woken at once."""
    with anyio.move_on_after(0):
        await client.feed.wait(job_ids, mark)
        return True
    return False


async def test_an_event_wakes_those_who_wait_for_its_job_only(client: DaemonClient, events: Events) -> None:
    mark = await client.feed.mark()
    first, other, second, anyone = (Waiter(client, job_ids, mark) for job_ids in (["a"], ["b"], ["c", "a"], None))
    async with anyio.create_task_group() as tasks:
        for waiter in (first, other, second, anyone):
            tasks.start_soon(waiter)
        await events.send("job.heartbeat", next="h:1")
        await settled()
        assert (first.woken, other.woken, second.woken, anyone.woken) == (0, 0, 0, 0)
        await events.send("job.event", job_id="a", seq=1)
        await settled()
        assert (first.woken, other.woken, second.woken, anyone.woken) == (1, 0, 1, 1)
        await events.send("job.event", job_id="b", seq=2)
    assert other.woken == 1
    assert events.subscriptions == 1


async def test_an_event_between_the_mark_and_the_wait_is_not_missed(client: DaemonClient, events: Events) -> None:
    mark = await client.feed.mark()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(client.feed.wait, ["b"], mark)  # reads for all
        await events.send("job.event", job_id="a", seq=1)
        await settled()
        later = await client.feed.mark()
        assert later == mark + 1
        assert await is_woken(client, ["a"], mark)
        assert not await is_woken(client, ["a"], later)
        assert not await is_woken(client, ["b"], mark)
        tasks.cancel_scope.cancel()


async def test_a_lost_subscription_is_told_and_the_next_mark_begins_a_new_one(
    client: DaemonClient, conductor: StandIn, events: Events
) -> None:
    mark = await client.feed.mark()
    conductor.drop_connections()
    with pytest.raises(ConductorUnreachable, match=r"before it answered job\.events"):
        await client.feed.wait(["a"], mark)
    assert events.subscriptions == 1
    assert await client.feed.mark() > mark
    assert events.subscriptions == 2


async def test_those_who_hold_an_older_mark_are_woken_after_a_reconnection(
    client: DaemonClient, conductor: StandIn, events: Events
) -> None:
    old = await client.feed.mark()
    conductor.drop_connections()
    await conductor.connections(0)
    new = await client.feed.mark()
    assert events.subscriptions == 2
    assert await is_woken(client, ["a"], old)
    assert not await is_woken(client, ["a"], new)


async def test_a_dropped_subscriber_looks_again_whatever_it_waits_for(client: DaemonClient, events: Events) -> None:
    mark = await client.feed.mark()
    waiters = [Waiter(client, ["a"], mark), Waiter(client, ["b"], mark)]
    async with anyio.create_task_group() as tasks:
        for waiter in waiters:
            tasks.start_soon(waiter)
        await settled()
        assert [waiter.woken for waiter in waiters] == [0, 0]
        await events.send("job.dropped", next="h:9")
    assert [waiter.woken for waiter in waiters] == [1, 1]
    assert not await is_woken(client, ["a"], await client.feed.mark())


async def test_when_too_many_jobs_have_events_every_waiter_looks_again(
    client: DaemonClient, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "_REMEMBERED_JOBS", 2)
    mark = await client.feed.mark()
    waiter = Waiter(client, ["a"], mark)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(waiter)
        for job_id in ("x", "y"):
            await events.send("job.event", job_id=job_id)
        await settled()
        assert waiter.woken == 0
        await events.send("job.event", job_id="z")
    assert waiter.woken == 1


async def test_the_feed_stays_open_while_a_task_waits_and_is_closed_when_none_does(
    client: DaemonClient, conductor: StandIn, events: Events
) -> None:
    mark = await client.feed.mark()
    with anyio.move_on_after(0.3) as waiting:  # three times the client's idle time
        await client.feed.wait(["a"], mark)
    assert waiting.cancelled_caught
    assert len(conductor.streams) == 1
    await conductor.connections(0)
    assert await is_woken(client, ["a"], mark)  # the caller looks again at once
    assert await client.feed.mark() > mark
    assert events.subscriptions == 2


async def test_leaving_the_client_ends_the_subscription(conductor: StandIn, events: Events) -> None:
    async with client_for(conductor.path) as client:
        await client.feed.mark()
        await conductor.connections(1)
        assert events.subscriptions == 1
    await conductor.connections(0)


async def test_a_subscription_that_is_refused_leaves_no_connection_behind(
    client: DaemonClient, conductor: StandIn
) -> None:
    async def refuse(params: dict[str, Any], peer: Peer) -> None:
        raise ConductorBusy("no more streams")

    conductor.handlers["job.events"] = refuse
    with pytest.raises(ConductorBusy) as caught:
        await client.feed.mark()
    await conductor.connections(0)  # while the error, and so the frame that opened it, still lives
    assert (caught.value.message, conductor.opened) == ("no more streams", 1)


async def test_a_waiter_who_gives_up_leaves_the_reading_to_the_next(client: DaemonClient, events: Events) -> None:
    mark = await client.feed.mark()
    stays = Waiter(client, ["a"], mark)
    gone = anyio.Event()

    async def gives_up() -> None:
        with anyio.move_on_after(0.02):
            await client.feed.wait(["b"], mark)
        gone.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(gives_up)  # comes first, so it is the one that reads
        tasks.start_soon(stays)
        await gone.wait()
        assert stays.woken == 0
        await events.send("job.event", job_id="a", seq=1)
    assert stays.woken == 1
