"""`daemon.status`: which conductor this is and how busy it is; with our protocol named, the handshake of a connection."""

import os
from typing import Any

import psutil

from podium import __version__
from podium.conductor.instruments.profile import found_in
from podium.conductor.service.context import Context
from podium.contract.methods import FEATURES, PROTOCOL, HandshakeParams
from podium.wire.dispatcher import Peer

# The settings that bound what a job may use or how long it is kept: whoever submits one can know them before.
LIMITS = (
    "max_sheets_per_agent",
    "max_score_bytes",
    "max_log_bytes",
    "max_job_log_bytes",
    "grace_seconds",
    "stuck_seconds",
    "retention_days",
    "retention_jobs",
)


async def handle(context: Context, params: HandshakeParams, peer: Peer) -> dict[str, Any]:
    """Answer the Marianne members and ours."""
    if params.protocol == PROTOCOL:
        peer.concurrent = True
    scheduler = context.supervisor.scheduler
    running = running_jobs(context)
    return {
        "pid": os.getpid(),
        "uptime_seconds": context.uptime_seconds,
        "running_jobs": running,
        "total_jobs_active": len(context.supervisor.jobs),
        "memory_usage_mb": memory_mb(),
        "version": __version__,
        "product": "podium",
        "protocol": PROTOCOL,
        "features": list(FEATURES),
        "home_id": context.store.home_id,
        "queued_jobs": sum(1 for job in context.supervisor.jobs.values() if job.status == "queued"),
        "jobs_total": context.queries.jobs_total(),
        "running_sheets": scheduler.used,
        "max_sheets": scheduler.limits.total,
        "accepting_work": not context.shutting_down,
        "instruments": installed_instruments(context),
        "limits": {name: getattr(context.settings, name) for name in LIMITS},
        "containment": context.engine.containment,
    }


def installed_instruments(context: Context) -> list[str]:
    """Return the names of the instruments whose programs are on the conductor's PATH now."""
    profiles = {profile.name: profile for profile in context.profiles.values()}
    return sorted(found_in(profiles, os.environ.get("PATH", "")))


def running_jobs(context: Context) -> int:
    """Return how many jobs run."""
    return sum(1 for job in context.supervisor.jobs.values() if job.status == "running")


def memory_mb() -> float:
    """Return the conductor's resident memory in MiB."""
    return round(psutil.Process().memory_info().rss / 2**20, 1)
