"""`job.events`: transitions after a sequence number, as a page or as a live stream."""

from collections.abc import Awaitable, Callable
from functools import partial

import anyio

from podium.conductor.rules.event import Event
from podium.conductor.service.context import Context
from podium.conductor.supervisor.events import Dropped, Subscription
from podium.conductor.supervisor.saving import event_from
from podium.conductor.views.cursors import number_in
from podium.contract.methods import HEARTBEAT_SECONDS, EventsParams
from podium.contract.replies import EventsReply
from podium.errors import InvalidArguments
from podium.wire.dispatcher import Peer
from podium.wire.framing import RawJson

PAGE = 500  # events that are read or sent at once


async def handle(context: Context, params: EventsParams, peer: Peer) -> EventsReply:
    """Answer one page, or `next` and then notifications until the connection ends."""
    await context.supervisor.flushed()
    after = _sequence(context, params.after)
    truncated = None
    if params.after:
        oldest = await context.store.read(lambda db: db.execute("SELECT MIN(seq) FROM events").fetchone()[0])
        if oldest is not None and after < oldest - 1:  # some events in between are no longer kept
            truncated = _cursor(context, oldest - 1)
    if params.stream:
        peer.stream(lambda: _stream(context, after, peer))
        return EventsReply(next=_cursor(context, after), truncated_before=truncated)
    events = await _read(context, after, params.limit, params.job_ids)
    last = events[-1].seq if len(events) == params.limit else max(after, context.supervisor.last_event)
    return EventsReply(events=[event.view for event in events], next=_cursor(context, last), truncated_before=truncated)


def _cursor(context: Context, seq: int) -> str:
    return f"{context.store.home_id}:{seq}"


def _sequence(context: Context, cursor: str) -> int:
    """Return the sequence number in a cursor; "" means from now on."""
    if not cursor:
        return context.supervisor.last_event
    home, _, seq = cursor.rpartition(":")
    if home != context.store.home_id or (number := number_in(seq)) is None:
        raise InvalidArguments(f"The cursor {cursor!r} does not belong to this conductor.",
                               fix="Leave out `after` to start from the current state.")  # fmt: skip
    if number > context.supervisor.last_event:
        raise InvalidArguments(f"The cursor {cursor!r} is newer than all events: this conductor has an older state.",
                               fix="Leave out `after` to start from the current state.")  # fmt: skip
    return number


async def send_stored(context: Context, after: int, send: Callable[[list[Event]], Awaitable[None]]) -> int:
    """Send the events after a sequence number that are stored now, in pages; return the last number sent.

    Subscribe before, so that none is missed between these and the live ones.
    """
    sent, last = after, context.supervisor.last_event
    while sent < last and (page := await _read(context, sent, PAGE)):
        await send(page)
        sent = page[-1].seq
    return sent


async def _read(context: Context, after: int, limit: int, job_ids: list[str] | None = None) -> list[Event]:
    """Return up to `limit` events after a sequence number, of these jobs or of all."""
    only = f"AND job_id IN ({', '.join('?' * len(job_ids))})" if job_ids else ""
    query = f"SELECT * FROM events WHERE seq > ? {only} ORDER BY seq LIMIT ?"  # noqa: S608 -- marks only
    values = [after, *(job_ids or []), limit]
    return await context.store.read(lambda db: [event_from(row) for row in db.execute(query, values).fetchall()])


async def _stream(context: Context, after: int, peer: Peer) -> None:
    """Send the events after `after`, then live ones, with heartbeats; end if the peer is too slow."""
    with context.hub.subscribe() as live:
        sent = await send_stored(context, after, partial(_send, peer))
        sent = await _follow(context, peer, live, sent)
        with anyio.move_on_after(1):
            await peer.notify("job.dropped", {"next": _cursor(context, sent)})
    peer.close()


async def _follow(context: Context, peer: Peer, live: Subscription, sent: int) -> int:
    """Pass live events on until this subscriber is dropped because it is too slow; return the last number sent."""
    while True:
        events: list[Event] = []
        with anyio.move_on_after(HEARTBEAT_SECONDS):
            try:
                events = await live.take(PAGE)  # one write for all costs little more than one for a single event
            except Dropped:
                return sent
        if not events:
            await peer.notify("job.heartbeat", {"next": _cursor(context, max(sent, context.supervisor.last_event))})
        elif new := [event for event in events if event.seq > sent]:
            await _send(peer, new)
            sent = new[-1].seq


async def _send(peer: Peer, events: list[Event]) -> None:
    await peer.notify("job.event", *(RawJson(event.text) for event in events))
