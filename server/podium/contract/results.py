"""What `JobControlService` returns: plain frozen dataclasses, so that they can be built by position and compared."""

from dataclasses import dataclass


@dataclass(frozen=True)
class JobStartResult:
    """A job that the conductor has accepted and stored."""

    job_id: str
    job_name: str
    status: str
    workspace: str
    total_sheets: int
    pid: int | None = None
    via_daemon: bool = True


@dataclass(frozen=True)
class JobActionResult:
    """What the conductor did with a pause, resume or cancel; `status` is the job's present state."""

    success: bool
    job_id: str
    status: str
    message: str
    via_daemon: bool = True


@dataclass(frozen=True)
class ProcessHealth:
    """Liveness of a running job: of the first process of its oldest running attempt, and the load of all its processes.

    One process: `pid`, `is_alive`, `is_zombie_state`, `process_exists`, `uptime_seconds`; `sheet` is the label of the sheet that
    it runs, `since` when that attempt began in ISO-8601 UTC ("" if unknown). The trees of all running attempts together:
    `cpu_percent`, the mean over at least 100 ms, `memory_mb`, their resident memory in MiB, `stopped_pids` and `processes`.
    """

    pid: int | None  # of the first process of the oldest running attempt
    is_alive: bool  # it exists and is no zombie
    is_zombie_state: bool  # it has ended and nobody has fetched its exit code
    process_exists: bool  # the system knows it
    cpu_percent: float | None = None  # of all processes of the job, 100 for one full core
    memory_mb: float | None = None  # of all processes of the job, resident, in MiB
    uptime_seconds: float | None = None  # of the first process
    stopped_pids: tuple[int, ...] = ()  # those that a signal has stopped
    sheet: str = ""  # label of the sheet that it runs
    since: str = ""  # when that attempt began
    processes: int = 0  # how many the job has
    node: str = ""  # on which it runs, "" for the conductor's machine
    place: str = ""  # where that sheet is if it has no process, such as a cluster's queue
    note: str = ""  # what the conductor cannot tell of processes, "" if it can


NO_PROCESS = ProcessHealth(pid=None, is_alive=False, is_zombie_state=False, process_exists=False)


def stopped_text(pid: int) -> str:
    """Return that a process is stopped, and what to do."""
    return f"its process {pid} is stopped (SIGSTOP): it does nothing until it gets SIGCONT (kill -CONT {pid}), or cancel the job"
