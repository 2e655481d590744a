"""`daemon.rate_limits` and `daemon.clear_rate_limits`: the sheets that wait for the rate limit of their instrument.

A limit holds up only the sheets that met it: each of them waits for itself, and an instrument is never blocked as a whole. So an
instrument counts as limited while a sheet waits for it, and its limit is cleared by letting these sheets run at once.
"""

from functools import partial
from typing import Any

from podium.conductor.clock import wall
from podium.conductor.rules.transitions import rate_limits
from podium.conductor.service.context import Context
from podium.contract.methods import LimitsParams, NoParams
from podium.errors import JobNotFound
from podium.times import iso
from podium.wire.dispatcher import Peer

_LOOKED_AT = 1000
_RECENT = "SELECT COUNT(*) FROM events WHERE seq > ? AND type = 'sheet.rate_limited'"  # of the newest events only


async def limits(context: Context, params: NoParams, peer: Peer) -> dict[str, Any]:
    """Answer the instruments that a sheet waits for now, and how many of the newest events are rate limits."""
    await context.supervisor.flushed()
    after = context.supervisor.last_event - _LOOKED_AT
    recent = await context.store.read(lambda db: db.execute(_RECENT, (after,)).fetchone()[0])
    now, backends = wall(), dict[str, dict[str, Any]]()
    for job in context.supervisor.jobs.values():
        for run in rate_limits.limited(job, None):
            known = backends.setdefault(job.profile_of(run.num).name, {"sheets": 0, "seconds_remaining": 0.0})
            left = max(0.0, min((run.waiting_until or now) - now, run.waiting_left or 0.0))
            known["sheets"] += 1
            if left >= known["seconds_remaining"]:
                known |= {"seconds_remaining": round(left, 3), "until": iso(now + left)}
    return {"backends": backends, "active_limits": len(backends), "recent_events_count": recent}


async def clear(context: Context, params: LimitsParams, peer: Peer) -> dict[str, Any]:
    """Answer of how many instruments the limit was cleared; that their sheets run at once is on the disk then.

    Raises:
        StorageFull: it cannot be stored; the sheets whose jobs came before stay cleared.
    """
    wanted = None if params.instrument is None else str(params.instrument)
    cleared: list[str] = []
    for job in list(context.supervisor.jobs.values()):
        if any(rate_limits.limited(job, wanted)):
            try:
                done, _ = await context.changes.apply(job.job_id, partial(rate_limits.clear, instrument=wanted))
            except JobNotFound:
                continue
            cleared += done["cleared"]
    return {"cleared": len(set(cleared)), "instrument": params.instrument, "sheets": len(cleared)}
