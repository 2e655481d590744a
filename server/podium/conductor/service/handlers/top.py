"""`daemon.top`: the load of the machine, of the conductor, and of the processes of the sheets that run."""

import os
import time
from typing import Any

import anyio
import psutil
from anyio.to_thread import run_sync

from podium.conductor.rules.state import JobRun
from podium.conductor.service.context import Context
from podium.conductor.service.handlers.daemon import memory_mb, running_jobs
from podium.contract.methods import NoParams
from podium.contract.secrets.masks import Masker
from podium.texts.shown import cut_line
from podium.wire.dispatcher import Peer

_MEASURED_SECONDS = 0.1
_MOST_PROCESSES = 500
_COMMAND_CHARS = 200
_NO_FILE = "This conductor writes no file of snapshots: call daemon.top, or daemon.monitor.stream for the events."


async def top(context: Context, params: NoParams, peer: Peer) -> dict[str, Any]:
    """Answer one snapshot, measured now; it takes a moment. Members that do not apply to this conductor are empty."""
    jobs = [job for job in context.supervisor.jobs.values() if job.running]
    processes = await _processes(context, jobs)
    zombies = [each["pid"] for each in processes if each["state"] == psutil.STATUS_ZOMBIE]
    memory, (load_1, load_5, load_15) = psutil.virtual_memory(), os.getloadavg()
    return {
        "timestamp": time.time(),
        "daemon_pid": os.getpid(),
        "system_memory_total_mb": _mb(memory.total),
        "system_memory_available_mb": _mb(memory.available),
        "system_memory_used_mb": _mb(memory.total - memory.available),
        "daemon_rss_mb": memory_mb(),
        "load_avg_1": load_1,
        "load_avg_5": load_5,
        "load_avg_15": load_15,
        "processes": processes,
        "gpus": [],
        "pressure_level": "none",
        "running_jobs": running_jobs(context),
        "active_sheets": context.supervisor.scheduler.used,
        "zombie_count": len(zombies),
        "zombie_pids": zombies,
        "job_progress": [_progress(job) for job in jobs],
        "conductor_uptime_seconds": context.uptime_seconds,
    }


async def stream(context: Context, params: NoParams, peer: Peer) -> dict[str, str]:
    """Answer that there is no file of snapshots: the Marianne protocol names one here."""
    return {"error": _NO_FILE}


def _progress(job: JobRun) -> dict[str, Any]:
    return {
        "job_id": job.job_id,
        "status": job.status,
        "progress_completed": job.counts["completed"],
        "progress_total": job.total,
    }


async def _processes(context: Context, jobs: list[JobRun]) -> list[dict[str, Any]]:
    """Return the processes of the sheets that run, with the job and the sheet of each."""
    running = {attempt.key: (job, attempt.sheet) for job in jobs for attempt in job.running.values()}
    maskers = {job.job_id: (await context.values.of(job.job_id, job.loaded)).masker for job in jobs}
    usage = await context.engines.describe(list(running)) if running else {}
    pids = [(pid, *running[key]) for key, used in usage.items() for pid in used.pids if not used.node][:_MOST_PROCESSES]
    begun = await run_sync(lambda: [(_begun(pid), job, num) for pid, job, num in pids])
    await anyio.sleep(_MEASURED_SECONDS if begun else 0)

    def measured() -> list[dict[str, Any]]:
        found = [(_measured(process, maskers[job.job_id]), job, num) for process, job, num in begun if process]
        return [{**facts, "job_id": job.job_id, "sheet_num": num} for facts, job, num in found if facts]

    return await run_sync(measured)


def _begun(pid: int) -> psutil.Process | None:
    """Return a process whose use of the processor is measured from now on, None if it is gone. Blocks."""
    try:
        process = psutil.Process(pid)
        process.cpu_percent()
    except psutil.Error:
        return None
    return process


def _measured(process: psutil.Process, masker: Masker) -> dict[str, Any] | None:
    """Return what is known of a process, its command without secrets, None if it is gone. Blocks."""
    try:
        with process.oneshot():
            command = masker(" ".join(process.cmdline()) or process.name())
            return {
                "pid": process.pid,
                "ppid": process.ppid(),
                "command": cut_line(command, _COMMAND_CHARS),
                "state": process.status(),
                "cpu_percent": process.cpu_percent(),
                "rss_mb": _mb(process.memory_info().rss),
                "age_seconds": max(0.0, round(time.time() - process.create_time(), 3)),
            }
    except psutil.Error:
        return None


def _mb(count: int) -> float:
    return round(count / 2**20, 3)
