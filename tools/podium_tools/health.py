"""`verify_process_health`: is the job's process alive, and what does it use?"""

from dataclasses import asdict

from podium.contract.models import JobView
from podium.contract.ports import JobControl
from podium.contract.results import ProcessHealth, stopped_text
from podium.times import span
from podium_tools.calls import call
from podium_tools.fields import JobReadArgs
from podium_tools.following import next_step
from podium_tools.results import JobResult, Known, Omitted, job_fields, reason_of, shortened_text, status_of
from podium_tools.spec import READ, Call, ToolSpec


class HealthResult(JobResult):
    """Liveness of the first process (`pid`) of the oldest running sheet, and the load of all processes of the job.

    `sheet`, `since` and `uptime_seconds` are of that process; `processes`, `cpu_percent`, `memory_mb` and `stopped_pids` of the
    trees of all running sheets. The numbers are null if there is nothing to measure.
    """

    pid: int | None  # of the first process of the oldest running sheet
    sheet: Omitted[str]  # label of that sheet
    node: Omitted[str]  # of the cluster, on which it runs
    place: Omitted[str]  # where that sheet is while it has no process, as a queue
    since: Omitted[str]  # when its attempt began
    is_alive: bool  # the process exists and is no zombie
    is_zombie_state: bool  # it has ended and nobody has fetched its exit code
    process_exists: bool  # the system knows it
    processes: Known[int]  # how many the job has
    cpu_percent: float | None  # of all of them, 100 for one full core
    memory_mb: float | None  # of all of them, resident, in MiB
    uptime_seconds: float | None  # of the first process
    stopped_pids: list[int]  # those that a signal has stopped


def _age(health: ProcessHealth) -> str:
    """Return for how long the process has been running, and since when its sheet."""
    parts = [f"up {span(health.uptime_seconds, whole=True)}"] if health.uptime_seconds is not None else []
    parts += [f"running since {health.since}"] if health.since else []
    return f" ({', '.join(parts)})" if parts else ""


def _load(health: ProcessHealth) -> str:
    """Return the measured load of the whole job in words."""
    parts = [f"{health.cpu_percent:.1f} % CPU"] if health.cpu_percent is not None else []
    parts += [f"{health.memory_mb:.1f} MiB"] if health.memory_mb is not None else []
    few = {0: "The job", 1: "The job's only process"}
    whose = few.get(health.processes, f"The job's {health.processes} processes")
    return f" {whose}: {', '.join(parts)}." if parts else ""


def _sheet(job: JobView, health: ProcessHealth) -> str:
    """Return the sheet that the process runs, and of how many."""
    running = max(job.running_total, len(job.running))
    return f", sheet {health.sheet}{f' (the oldest of {running})' if running > 1 else ''}," if health.sheet else ""


def _sentence(job: JobView, health: ProcessHealth) -> str:
    """Return one sentence on the process, apart from the job's state."""
    if health.note:
        why = f": {reason_of(job)}" if job.reason else ""
        return f"{job.job_id} {status_of(job)}{why.removesuffix('.')}. {health.note}"
    if health.stopped_pids:
        more = "" if len(health.stopped_pids) == 1 else f" So are {len(health.stopped_pids) - 1} more of its processes."
        return f"{job.job_id}: {stopped_text(health.stopped_pids[0])}.{more}"
    if health.is_alive and health.pid is None:
        return f"{job.job_id} {status_of(job)}; its conductor names no process of it now."
    if health.is_alive:
        stuck = f" The job is {reason_of(job)}." if job.stuck or job.status == "paused" else ""
        at = f" on node {health.node}" if health.node else ""
        return f"Process {health.pid}{at} of {job.job_id}{_sheet(job, health)} is alive{_age(health)}.{_load(health)}{stuck}"
    if health.is_zombie_state:
        return f"Process {health.pid} of {job.job_id} has ended but is still a zombie."
    if health.pid is not None:
        return f"Process {health.pid} of {job.job_id} no longer exists; the job {status_of(job)}."
    if health.place:
        return f"{job.job_id} has no process to measure now. Sheet {health.sheet}: {shortened_text(health.place)}."
    why = f": {reason_of(job)}" if job.status == "running" and job.reason else ""
    return f"{job.job_id} has no process now; the job {status_of(job)}{why}."


async def _next(port: JobControl, job: JobView) -> str:
    """Return the next call. A wait for a stuck job would end at once, while its output may show what it waits for."""
    if job.stuck and not job.waiting:
        return call("read_job_log", job_id=job.job_id)
    return await next_step(port, job)


async def _health(port: JobControl, args: JobReadArgs, _call: Call) -> HealthResult:
    """Measure first, so that the state is not older than the numbers that it explains."""
    health = await port.process_health(args.job_id)
    # An older conductor does not count them, and a Marianne conductor knows none.
    unknown = bool(health.note) or (health.is_alive and not health.processes)
    job = (await port.detail(args.job_id, sheets=False)).job
    return HealthResult(
        summary=_sentence(job, health),
        next=await _next(port, job),
        **job_fields(job),
        **{
            **{name: value for name, value in asdict(health).items() if name != "note"},
            "stopped_pids": list(health.stopped_pids),
            "processes": None if unknown else health.processes,
        },
    )


VERIFY_PROCESS_HEALTH = ToolSpec(
    name="verify_process_health",
    title="Check a job's processes",
    description=(
        "Check the processes of a running job. For its oldest running sheet: pid, start time, alive or zombie; for all its "
        "sheets together: number of processes, CPU (mean over at least 100 ms) and resident memory in MiB. A queued, "
        "paused or ended job has no process. For progress and reasons use get_job."
    ),
    risk="read",
    hints=READ,
    arguments=JobReadArgs,
    result=HealthResult,
    handler=_health,
)
