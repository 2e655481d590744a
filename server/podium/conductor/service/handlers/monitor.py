"""`daemon.events`, `daemon.observer_events` and `daemon.monitor.stream`: our events in the form of the Marianne protocol."""

from contextlib import suppress
from functools import partial
from typing import Any

from podium.conductor.rules.event import Event
from podium.conductor.service.context import Context
from podium.conductor.service.handlers.events import PAGE, send_stored
from podium.conductor.supervisor.events import Dropped
from podium.conductor.supervisor.saving import event_from
from podium.contract.methods import NoParams, ObserverParams, RecentParams
from podium.times import moment
from podium.wire.dispatcher import UNANSWERED, Peer

_MOST = 1000
_NEWEST = "SELECT * FROM events ORDER BY seq DESC LIMIT ?"
_NAMES = {"job.resumed": "job.resuming"}  # the others have the same name there, or none


async def recent(context: Context, params: RecentParams, peer: Peer) -> dict[str, Any]:
    """Answer the newest events of all jobs, the oldest of them first."""
    await context.supervisor.flushed()
    limit = max(0, min(params.limit, _MOST))
    rows = await context.store.read(lambda db: db.execute(_NEWEST, (limit,)).fetchall())
    return {"events": [_told(event_from(row)) for row in reversed(rows)]}


async def observed(context: Context, params: ObserverParams, peer: Peer) -> dict[str, Any]:
    """Answer none, and that none is looked for: this conductor keeps no record of single processes and files of a job."""
    return {"events": [], "observed": False}


async def stream(context: Context, params: NoParams, peer: Peer) -> object:
    """Send no reply, but a notification for each event from now on until the connection ends."""
    after = context.supervisor.last_event
    peer.stream(lambda: _stream(context, after, peer))
    return UNANSWERED


async def _stream(context: Context, after: int, peer: Peer) -> None:
    """Send the events after `after`; a peer that is too slow loses its connection, which is all that it can be told."""
    with context.hub.subscribe() as live:
        sent = await send_stored(context, after, partial(_send, peer))
        with suppress(Dropped):
            while True:
                events = await live.take(PAGE)
                await _send(peer, [event for event in events if event.seq > sent])
    peer.close()


async def _send(peer: Peer, events: list[Event]) -> None:
    await peer.notify("monitor.event", *map(_told, events))


def _told(event: Event) -> dict[str, Any]:
    """Return an event as that protocol has it: sheet 0 is the job, and the time is in epoch seconds."""
    num = event.data.get("sheet")
    return {
        "job_id": event.job_id,
        "sheet_num": num if isinstance(num, int) else 0,
        "event": _NAMES.get(event.type, event.type),
        "data": event.data,
        "timestamp": moment(event.at) or 0.0,
    }
