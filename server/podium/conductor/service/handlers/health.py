"""`job.health`: liveness and load of a job's oldest running attempt."""

from dataclasses import asdict
from typing import Any

import anyio

from podium.conductor.engines.port import Usage
from podium.conductor.rules.state import Attempt
from podium.conductor.service.context import Context
from podium.contract.methods import JobParams
from podium.contract.results import NO_PROCESS, ProcessHealth
from podium.wire.dispatcher import Peer

_START_SECONDS = 3.0
_LOOK_SECONDS = 0.02


async def handle(context: Context, params: JobParams, peer: Peer) -> dict[str, Any]:
    """Answer the members of `ProcessHealth`; measured over at least 100 ms for the whole tree."""
    await context.queries.job(params.job_id)
    job = context.supervisor.jobs.get(params.job_id)
    ended = context.supervisor.unstored.of(params.job_id).ends
    running = [attempt for attempt in job.running.values() if attempt.serial not in ended] if job else []
    oldest = min(running, key=lambda attempt: attempt.serial, default=None)
    usage = await _usage(context, oldest) if oldest else None
    if usage is None:
        return asdict(NO_PROCESS)
    return asdict(
        ProcessHealth(
            pid=usage.pid,
            is_alive=usage.alive,
            is_zombie_state=usage.zombie,
            process_exists=usage.pid is not None,
            cpu_percent=usage.cpu_percent,
            memory_mb=usage.memory_mb,
            uptime_seconds=usage.uptime_seconds,
            stopped_pids=usage.stopped,
        )
    )


async def _usage(context: Context, attempt: Attempt) -> Usage | None:
    """Measure an attempt; if it is just being started, wait for it for a moment."""
    with anyio.move_on_after(_START_SECONDS):
        while True:
            usage = (await context.engine.describe([attempt.key])).get(attempt.key)
            if usage is not None or not context.launcher.is_under_way(attempt):
                return usage
            await anyio.sleep(_LOOK_SECONDS)
    return None
