"""`job.health`: liveness of a job's oldest running attempt, and the load of all that run."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import anyio

from podium.conductor.engines.port import Usage
from podium.conductor.rules.state import Attempt, JobRun
from podium.conductor.service.context import Context
from podium.conductor.views.places import PlaceOf, is_away, place_text
from podium.contract.methods import JobParams
from podium.contract.results import NO_PROCESS, ProcessHealth
from podium.times import iso
from podium.wire.dispatcher import Peer

_START_SECONDS = 3.0
_LOOK_SECONDS = 0.02


async def handle(context: Context, params: JobParams, peer: Peer) -> dict[str, Any]:
    """Answer the members of `ProcessHealth`; measured over at least 100 ms."""
    await context.queries.job(params.job_id)
    job = context.supervisor.jobs.get(params.job_id)
    ended = context.supervisor.unstored.of(params.job_id).ends
    running = [attempt for attempt in job.running.values() if attempt.serial not in ended] if job else []
    usage = await _usage(context, running) if running else {}
    # The oldest that has a process: one may be about to start, or may just have ended.
    oldest = min((each for each in running if each.key in usage), key=lambda each: each.serial, default=None)
    if job is None or oldest is None:
        return asdict(_away(job, running, context.engines.place))
    return asdict(_health(job, oldest, usage))


def _away(job: JobRun | None, running: Sequence[Attempt], place_of: PlaceOf) -> ProcessHealth:
    """Return the health of a job without a process: of its oldest running sheet it says where that is, if that is elsewhere."""
    for each in sorted(running, key=lambda attempt: attempt.serial) if job is not None else ():
        place = place_of(each.key)
        if job is not None and place is not None and (text := place_text(job, each.sheet, place_of)):
            waits = "waits " if place.state == "queued" else ""
            return replace(NO_PROCESS, sheet=job.label(each.sheet), place=f"{waits}{text}")
    return NO_PROCESS


def _health(job: JobRun, oldest: Attempt, usage: Mapping[str, Usage]) -> ProcessHealth:
    first, every = usage[oldest.key], list(usage.values())
    suspended = {attempt.key for attempt in job.running.values() if attempt.suspended}  # which a pause has stopped
    return ProcessHealth(
        pid=first.pid,
        is_alive=first.alive,
        is_zombie_state=first.zombie,
        process_exists=first.pid is not None,
        cpu_percent=round(sum(each.cpu_percent or 0.0 for each in every), 1),
        memory_mb=round(sum(each.memory_mb or 0.0 for each in every), 1),
        uptime_seconds=first.uptime_seconds,
        stopped_pids=tuple(sorted(pid for key, each in usage.items() if key not in suspended for pid in each.stopped)),
        sheet=job.label(oldest.sheet),
        since=iso(job.run_of(oldest.sheet).started_at),
        processes=sum(each.processes for each in every),
        node=first.node,
    )


def _may_come(context: Context, attempt: Attempt) -> bool:
    """Whether an attempt may have a process in a moment: one that waits in a queue may wait for hours."""
    return context.launcher.is_under_way(attempt) and not is_away(context.engines.place(attempt.key))


async def _usage(context: Context, attempts: Sequence[Attempt]) -> dict[str, Usage]:
    """Measure those of these attempts that have a process; if none has one yet, wait for it for a moment."""
    with anyio.move_on_after(_START_SECONDS):
        while True:
            usage = await context.engines.describe([each.key for each in attempts])
            if usage or not any(_may_come(context, each) for each in attempts):
                return usage
            await anyio.sleep(_LOOK_SECONDS)
    return {}
