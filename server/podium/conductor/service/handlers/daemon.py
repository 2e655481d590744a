"""The daemon's own methods: `daemon.status`, `health`, `ready`, `config` and `shutdown`."""

import os
from typing import Any

import anyio.to_thread
import psutil

from podium import __version__
from podium.conductor.service.context import Context
from podium.conductor.views import shortage
from podium.contract.absent import NOT_AVAILABLE, SURVIVES
from podium.contract.methods import FEATURES, PROTOCOL, HandshakeParams, NoParams, ShutdownParams
from podium.instruments.finding import found_in
from podium.score.model.plan import MAX_SHEETS
from podium.settings import JOB_LIMITS, Settings
from podium.wire.dispatcher import Peer

_UNSTORED_SHOWN = 20
_CANCEL_SECONDS = 30.0  # the longest that `stop --cancel` waits for process trees beyond their grace period
_TELLING = ("PATH", "VIRTUAL_ENV")


async def status(context: Context, params: HandshakeParams, peer: Peer) -> dict[str, Any]:
    """Answer which conductor this is and how busy it is. If the call names our protocol, this is a connection's handshake."""
    if params.protocol == PROTOCOL:
        peer.concurrent = True
    scheduler = context.supervisor.scheduler
    profiles = {profile.name: profile for profile in context.profiles.values()}
    return {
        "pid": os.getpid(),
        "uptime_seconds": context.uptime_seconds,
        "running_jobs": running_jobs(context),
        "total_jobs_active": len(context.supervisor.jobs),
        "memory_usage_mb": memory_mb(),
        "version": __version__,
        "product": "podium",
        "protocol": PROTOCOL,
        "features": list(FEATURES),
        "home_id": context.store.home_id,
        "queued_jobs": sum(1 for job in context.supervisor.jobs.values() if job.status == "queued"),
        "jobs_total": context.queries.jobs_total(),
        "engines": context.engines.status(),
        "running_sheets": scheduler.used,
        "cluster_sheets": scheduler.on_cluster,
        "max_sheets": scheduler.limits.total,
        "resources": shortage.in_use(scheduler),
        "accepting_work": not context.shutting_down,
        "instruments": sorted(found_in(profiles, os.environ.get("PATH", ""))),
        "limits": {
            "max_sheets_per_job": MAX_SHEETS,
            **{name: getattr(context.settings, name) for name in JOB_LIMITS},
            **scheduler.limits.capacity._asdict(),
        },
        "not_available": NOT_AVAILABLE,
        "survives_restart": SURVIVES,
        "containment": context.engines["local"].capabilities.containment,
        "store_trouble": str(context.store.trouble or ""),
        "survivors": context.launcher.survivors[-_UNSTORED_SHOWN:],
        "unstored": context.supervisor.unstored_ends()[:_UNSTORED_SHOWN],
        "processes": [*context.keepers(), context.reader.facts()],
    }


async def health(context: Context, params: NoParams, peer: Peer) -> dict[str, Any]:
    """Answer ok, the pid, the uptime, and what decides which programs sheets find."""
    environment = {name: os.environ[name] for name in _TELLING if name in os.environ}
    return {"environment": environment, "status": "ok", "pid": os.getpid(), "uptime_seconds": context.uptime_seconds,
            "shutting_down": context.shutting_down, "store_trouble": str(context.store.trouble or "")}  # fmt: skip


async def ready(context: Context, params: NoParams, peer: Peer) -> dict[str, Any]:
    """Answer the members of the Marianne protocol; those that do not apply to this conductor are false."""
    return {
        "status": "not_ready" if context.shutting_down else "ready",
        "running_jobs": running_jobs(context),
        "memory_mb": memory_mb(),
        "child_processes": await anyio.to_thread.run_sync(lambda: len(psutil.Process().children())),
        "accepting_work": not context.shutting_down,
        "shutting_down": context.shutting_down,
        "failure_rate_elevated": False,
        "notifications_degraded": False,
        "uptime_seconds": context.uptime_seconds,
    }


async def config(context: Context, params: NoParams, peer: Peer) -> dict[str, Any]:
    """Answer every setting."""
    settings: dict[str, Any] = context.settings.model_dump(mode="json")
    return settings


async def shutdown(context: Context, params: ShutdownParams, peer: Peer) -> dict[str, Any]:
    """Answer at once, with a bound for the stop: an earlier call may have asked to end the running sheets."""
    context.shutting_down = True

    async def stop() -> None:
        context.shut_down(params.cancel or not params.graceful)

    peer.stream(stop)
    return {"shutting_down": True, "within_seconds": cancel_seconds(context.settings)}


def cancel_seconds(settings: Settings) -> float:
    """Return the longest wait for the end of the running sheets, in seconds."""
    return settings.grace_seconds + _CANCEL_SECONDS


def running_jobs(context: Context) -> int:
    """Return the number of running jobs."""
    return sum(1 for job in context.supervisor.jobs.values() if job.status == "running")


def memory_mb() -> float:
    """Return the conductor's resident memory in MiB."""
    return round(psutil.Process().memory_info().rss / 2**20, 1)
