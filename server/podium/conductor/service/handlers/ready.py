"""`daemon.ready`: whether new jobs are taken, and how much runs."""

from typing import Any

import anyio.to_thread
import psutil

from podium.conductor.service.context import Context
from podium.conductor.service.handlers.daemon_status import memory_mb, running_jobs
from podium.contract.methods import NoParams
from podium.wire.dispatcher import Peer


async def handle(context: Context, params: NoParams, peer: Peer) -> dict[str, Any]:
    """Answer the members of the Marianne protocol; what this conductor has no notion of is false."""
    return {
        "status": "not_ready" if context.shutting_down else "ready",
        "running_jobs": running_jobs(context),
        "memory_mb": memory_mb(),
        "child_processes": await anyio.to_thread.run_sync(_children),
        "accepting_work": not context.shutting_down,
        "shutting_down": context.shutting_down,
        "failure_rate_elevated": False,
        "notifications_degraded": False,
        "uptime_seconds": context.uptime_seconds,
    }


def _children() -> int:
    """Return how many child processes there are. Looks at every process of the machine."""
    return len(psutil.Process().children())
