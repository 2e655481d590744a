"""The event hub: every subscriber gets what is published, in order; one that lags too far behind is dropped."""

import anyio
import pytest

from podium.conductor.rules.event import Event
from podium.conductor.supervisor import events
from podium.conductor.supervisor.events import Dropped, EventHub

pytestmark = pytest.mark.anyio


def numbered(*seqs: int) -> list[Event]:
    """Return events with these numbers."""
    return [Event(seq, "demo-1", seq, "sheet.started", "", {}) for seq in seqs]


async def test_every_subscriber_gets_all_events_in_order_and_no_more_at_once_than_it_asked_for() -> None:
    hub = EventHub()
    with hub.subscribe() as first, hub.subscribe() as second:
        hub.publish(numbered(1, 2))
        hub.publish(numbered(3))
        assert [event.seq for event in await first.take(2)] == [1, 2]
        assert [event.seq for event in await first.take(2)] == [3]
        assert [event.seq for event in await second.take(9)] == [1, 2, 3]


async def test_a_subscriber_that_waits_is_woken() -> None:
    hub = EventHub()
    with hub.subscribe() as subscription, anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:

            async def publish() -> None:
                hub.publish([])
                hub.publish(numbered(1))

            tasks.start_soon(publish)
            assert [event.seq for event in await subscription.take(9)] == [1]


async def test_a_subscriber_that_lags_gets_what_came_before_and_is_dropped_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(events, "_BUFFER", 3)
    hub = EventHub()
    with hub.subscribe() as slow, hub.subscribe() as quick:
        hub.publish(numbered(1, 2))
        await quick.take(9)
        hub.publish(numbered(3, 4))
        hub.publish(numbered(5))
        assert [event.seq for event in await quick.take(9)] == [3, 4, 5]
        assert [event.seq for event in await slow.take(9)] == [1, 2]
        with pytest.raises(Dropped):
            await slow.take(9)
