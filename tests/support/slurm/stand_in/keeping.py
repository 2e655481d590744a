"""What plays slurmstepd: a process that runs a batch script, ends it when it is told to, and notes its end."""

import os
import signal
import time
from contextlib import suppress

from tests.support.slurm.stand_in.cluster import Cluster, Job

LOOK_SECONDS = 0.02
GROUP = "group"  # names the file through which a process enters the cgroup of jobs


def fork_keepers(folder: str, serials: list[int]) -> None:
    """Fork a keeper for each of these jobs; they belong to nobody from then on."""
    for serial in serials:
        first = os.fork()
        if first == 0:
            try:
                os.setsid()
                _leave_group(folder)
                if os.fork() == 0:
                    _keep(folder, serial)
            finally:
                os._exit(0)
        os.waitpid(first, 0)


def _leave_group(folder: str) -> None:
    """Leave the cgroup of the command that was called: a job is no part of it, and does not end with it."""
    with suppress(OSError), open(os.path.join(folder, GROUP), encoding="utf-8") as group:
        procs = group.read()
        with open(procs, "w", encoding="ascii") as own:
            own.write(str(os.getpid()))


def _keep(folder: str, serial: int) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD, signal.SIGTERM})
    with Cluster(folder) as cluster:
        job = cluster.by_serial(serial)
        if job and not job.end_wanted:
            job.keeper, job.script = os.getpid(), _spawn(job, folder)
        patience = float(cluster.options["kill_wait"])
    status = _wait(folder, serial, job.script, patience) if job and job.script else 0
    with Cluster(folder) as cluster:
        if found := cluster.by_serial(serial):
            _conclude(found, status)
            cluster.schedule()
    fork_keepers(folder, cluster.to_start)


def _spawn(job: Job, folder: str) -> int:
    begin = job.begin
    output = begin["output"].replace("%%", "%")
    files = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    with suppress(OSError):
        os.chdir(begin["folder"])
    copy = os.path.join(folder, f"job{job.serial}")  # as slurmd has it in its spool
    env = {**begin["env"], **_told(job)}
    try:
        return os.posix_spawn(copy, [copy, *begin["arguments"]], env, file_actions=files, setpgroup=0, setsigmask=[])
    except OSError:
        return 0


def _told(job: Job) -> dict[str, str]:
    told = {
        "SLURM_JOB_ID": job.id,
        "SLURM_JOBID": job.id,
        "SLURM_JOB_NAME": job.name,
        "SLURM_JOB_PARTITION": job.partition,
        "SLURM_JOB_NODELIST": job.node,
        "SLURMD_NODENAME": job.node,
        "SLURM_CPUS_ON_NODE": job.cpus,
        **({"SLURM_CPUS_PER_TASK": job.cpus} if job.begin["cpus_given"] else {}),
        **({} if job.index is None else {"SLURM_ARRAY_JOB_ID": job.array, "SLURM_ARRAY_TASK_ID": job.index}),
    }
    return {name: str(value) for name, value in told.items()}


def _wait(folder: str, serial: int, script: int, patience: float) -> int:
    """Wait for the script; TERM to us means TERM to all of it, and KILL a while later."""
    deadline = None
    while True:
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        got = signal.sigwait({signal.SIGCHLD, signal.SIGTERM}) if left is None else _within(left)
        if got == signal.SIGTERM and deadline is None:
            deadline = time.monotonic() + patience
            _signal_tree(signal.SIGCONT, signal.SIGTERM)
        elif got is None:
            deadline = time.monotonic() + LOOK_SECONDS
            _signal_tree(signal.SIGKILL)
        pid, status = os.waitpid(script, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)


def _within(seconds: float) -> int | None:
    found = signal.sigtimedwait({signal.SIGCHLD, signal.SIGTERM}, seconds)
    return found.si_signo if found else None


def _signal_tree(*numbers: int) -> None:
    """Send signals to all that descends from us, as proctrack/linuxproc finds it."""
    for pid in descendants(os.getpid()):
        for number in numbers:
            with suppress(ProcessLookupError):
                os.kill(pid, number)


def descendants(root: int) -> set[int]:
    """Return the processes that descend from one."""
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdecimal():
            with suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:
                parents[int(name)] = int(file.read().rpartition(b")")[2].split()[1])
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found and pid not in found}:
        found |= more
    return found - {root}


def _conclude(job: Job, status: int) -> None:
    if job.is_over:
        return
    if job.end_wanted:
        job.state = job.end_wanted
    elif status == 0:
        job.state = "COMPLETED"
    else:
        job.state, job.reason = "FAILED", "JobLaunchFailure" if status < 0 else "NonZeroExitCode"
