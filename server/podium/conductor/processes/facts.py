"""What the system reports about its processes: /proc on Linux, psutil elsewhere.

The fields of /proc/PID/stat are those of proc(5). Start times are clock ticks since boot (elsewhere: since the epoch); with the
pid and the boot id they identify a process for ever. Everything here is a plain, blocking read.
"""

import os
import time
from typing import NamedTuple

import psutil

from podium.keeper import system

LINUX = system.LINUX
boot_id = system.boot_id
TICKS = system.TICKS
MARKER = "PODIUM_ATTEMPT_KEY"  # the variable that marks the members of an attempt
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
TELLS_CHILDREN = system.TELLS_CHILDREN
read = system.read_bytes
read_surely = system.read_surely


class Stat(NamedTuple):
    """One process. `cpu_ticks` includes its reaped children; `state` is the letter of ps(1), Z for a zombie."""

    pid: int
    state: str
    parent: int
    group: int
    session: int
    cpu_ticks: int
    start_ticks: int
    resident_bytes: int


def is_stopped(stat: Stat) -> bool:
    """Return whether a signal, such as SIGSTOP, or a debugger has stopped this process."""
    return stat.state in {"T", "t"}


def read_stat(pid: int) -> Stat | None:
    """Return the facts of a process, or None if it does not exist, or no descriptor is left to look with."""
    try:
        return stat_surely(pid)
    except OSError:
        return None


def stat_surely(pid: int) -> Stat | None:
    """Return the facts of a process, or None if it does not exist.

    Raises:
        OSError: no descriptor is left.
    """
    if not LINUX:
        return _stat_from_psutil(pid)
    data = read_surely(f"/proc/{pid}/stat")
    if not data:
        return None
    # The command name may hold spaces and parentheses, so only what follows the last one is split.
    part = data[data.rindex(b")") + 2 :].split()
    ticks = int(part[11]) + int(part[12]) + int(part[13]) + int(part[14])
    numbers = int(part[1]), int(part[2]), int(part[3]), ticks, int(part[19]), int(part[21]) * PAGE_BYTES
    return Stat(pid, part[0].decode(), *numbers)


def _stat_from_psutil(pid: int) -> Stat | None:
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            used = process.cpu_times()
            state = {psutil.STATUS_ZOMBIE: "Z", psutil.STATUS_STOPPED: "T"}.get(process.status(), "R")
            started = int(process.create_time() * TICKS)
            ticks = int((used.user + used.system) * TICKS)
            return Stat(
                pid, state, process.ppid(), os.getpgid(pid), os.getsid(pid), ticks, started, process.memory_info().rss
            )
    except (psutil.Error, OSError):
        return None


def all_stats() -> dict[int, Stat]:
    """Return the facts of every process except zombies, by pid.

    Raises:
        OSError: no descriptor is left.
    """
    if LINUX:
        with os.scandir("/proc") as entries:
            pids = [int(entry.name) for entry in entries if entry.name.isdecimal()]
    else:
        pids = psutil.pids()
    stats = (stat_surely(pid) for pid in pids)
    return {stat.pid: stat for stat in stats if stat is not None and stat.state != "Z"}


def marker(pid: int) -> str | None:
    """Return the attempt key in the environment that a process's program began with, "" if it holds none.

    None: no environment can be seen, because it is empty, not ours to read, or the process is just loading its program.

    Raises:
        OSError: no descriptor is left.
    """
    if not LINUX:
        try:
            return psutil.Process(pid).environ().get(MARKER, "")
        except (psutil.Error, OSError):
            return None
    environment = read_surely(f"/proc/{pid}/environ")
    _, found, rest = (b"\0" + environment).partition(f"\0{MARKER}=".encode())
    key = os.fsdecode(rest.partition(b"\0")[0]) if found else ""
    return key if environment else None


def markers() -> set[str | None]:
    """Return what `marker` tells of every process. A look at the whole machine.

    Raises:
        OSError: no descriptor is left.
    """
    return {marker(pid) for pid in all_stats()}


def own_children() -> set[int] | None:
    """Return `system.children()` as a set.

    Raises:
        OSError: no descriptor is left.
    """
    pids = system.children()
    return None if pids is None else set(pids)


def newest_pid() -> int:
    """Return the pid that was given out last, 0 if the system does not tell. Costs one small read.

    Raises:
        OSError: no descriptor is left.
    """
    return int((read_surely("/proc/loadavg") or b"0").split()[-1])


def clock_seconds() -> float:
    """Return the present moment by the clock of start times, in seconds. It needs no descriptor."""
    return time.clock_gettime(system.BOOTED) if LINUX else time.time()


def age_seconds(start_ticks: int) -> float:
    """Return how many seconds ago a process with this start time began."""
    return max(0.0, clock_seconds() - start_ticks / TICKS)


def booted_at() -> float:
    """Return when the machine started, in seconds since the epoch by the present clock."""
    return time.time() - clock_seconds() if LINUX else psutil.boot_time()
