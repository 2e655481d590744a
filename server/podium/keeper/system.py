"""What the keeper asks of the system it runs on."""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:  # see `serving`
    from typing import Any

LINUX = sys.platform.startswith("linux")
OOM_SCORE = 200  # by how much more readily than us the kernel ends a sheet when memory is short
SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of linux/prctl.h
NO_DESCRIPTOR = {errno.EMFILE, errno.ENFILE}  # is left: what cannot be opened may be there all the same
TICKS = os.sysconf("SC_CLK_TCK")  # clock ticks per second
TELLS_CHILDREN = os.path.exists("/proc/thread-self/children")  # CONFIG_PROC_CHILDREN
BOOTED = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # the clock of start times
libc = ctypes.CDLL(None, use_errno=True)
# A process inherits the signals that its parent ignores; ours start with every signal at its default.
DEFAULT_SIGNALS = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}
POINTS = (
    "before_fork",
    "before_open",
    "after_open",
    "before_listen",
    "after_accept",
    "before_answer",
    "after_hang_up",
    "before_begin",
    "torn_record",
    "after_begin",
    "after_folder",
    "after_enter",
    "before_spawn",
    "after_spawn",
    "before_started",
    "after_started",
    "before_ended",
    "after_ended",
    "after_reap",
    "before_tell",
    "before_rotate",
    "rotate_opened",
    "before_next",
    "after_next",
    "before_drop",
    "after_drop",
    "before_exit",
)
"""Where a test can let the keeper die, as if the machine had killed it."""
GUARD_POINTS = (
    "before_orphaned",
    "after_orphaned",
    "before_gone",
    "after_gone",
    "guard_reaped",
    "before_over",
    "guard_over",
)
"""The same for the guard; it passes them when the keeper is dead."""

_faults = os.environ.get("PODIUM_KEEPER_FAULT", "")
_passed: dict[str, int] = {}


def point(name: str, last: Callable[[], object] | None = None) -> None:
    """Pass a named point; without `PODIUM_KEEPER_FAULT` it costs a comparison.

    That variable names a folder. While it has a file of the point's name that holds `n`, the process that passes the point for
    the n-th time removes the file, does `last` and dies; so one death is died once, whoever else passes the point.
    """
    if not _faults:
        return
    file = f"{_faults}/{name}"
    times = read(file)
    _passed[name] = _passed.get(name, 0) + 1 if times else 0
    if times and _passed[name] == int(times):
        with suppress(FileNotFoundError):
            os.unlink(file)
            if last is not None:
                last()
            os.kill(os.getpid(), signal.SIGKILL)


def become_subreaper() -> None:
    """Adopt the orphans among our descendants; other systems give them to pid 1. A child does not inherit this."""
    if LINUX:
        libc.prctl(SUBREAPER, 1, 0, 0, 0)


def peek() -> tuple[int, int] | None:
    """Return the pid and the exit code (negative for a signal) of a child that has ended, without reaping it."""
    try:
        found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return None
    return ended_of(found) if found else None


def ended_of(found: Any) -> tuple[int, int]:
    """Return the pid and the exit code (negative for a signal) that `os.waitid` tells."""
    return found.si_pid, found.si_status if found.si_code == os.CLD_EXITED else -found.si_status


def leave_none(group: str) -> None:
    """Remove a control group in which nothing runs."""
    with suppress(OSError):
        os.rmdir(group)


def boot_id() -> str:
    """Return the id of this run of the kernel, "-" if the system has none."""
    return read("/proc/sys/kernel/random/boot_id").strip() or "-"


def surroundings() -> dict[str, Any]:
    """Return what a process hands on to its children unseen. Conductor and keeper must agree in all of it."""
    limits = [resource.getrlimit(number) for number in sorted(_limits())]
    spaces = []
    for name in ("mnt", "pid", "net", "ipc", "uts", "user", "cgroup"):
        with suppress(OSError):
            spaces.append(os.readlink(f"/proc/self/ns/{name}"))
    ids = [os.getuid(), os.geteuid(), os.getgid(), os.getegid(), sorted(os.getgroups())]
    return {
        "ids": ids,
        "limits": [list(pair) for pair in limits],
        "namespaces": spaces,
        "cgroup": read("/proc/self/cgroup"),
    }


def _limits() -> set[int]:
    """Return the numbers of the limits that there are on this system."""
    return {number for name, number in vars(resource).items() if name.startswith("RLIMIT_")}


def facts(pid: int) -> tuple[int, int]:
    """Return the start time of a process (clock ticks since boot) and its session; zeros if it is gone or there is no /proc."""
    part = read(f"/proc/{pid}/stat").rpartition(") ")[2].split()
    return (int(part[19]), int(part[3])) if part else (0, 0)


def children() -> list[int] | None:
    """Return the pids of the main thread's children, zombies included, or None if the system has no cheap way to list them.

    Orphans are given to the first living thread of their subreaper (find_new_reaper in kernel/exit.c): the main thread.

    Raises:
        OSError: no descriptor is left.
    """
    return (
        [int(pid) for pid in read_surely(f"/proc/self/task/{os.getpid()}/children").split()] if TELLS_CHILDREN else None
    )


def group_of(pid: int) -> str:
    """Return the path of the control group that a process is in, or was until it ended; "" if it cannot be known."""
    lines = read(f"/proc/{pid}/cgroup").splitlines()
    return next((line[3:].removesuffix(" (deleted)") for line in lines if line.startswith("0::")), "")


def read(path: str) -> str:
    """Return a small file's text, nothing if it is gone or not ours to read."""
    return read_bytes(path).decode("utf-8", "replace")


def read_bytes(path: str) -> bytes:
    """Return a small file's bytes, nothing if it is gone or not ours to read, or while no descriptor is left."""
    with suppress(OSError):
        return read_surely(path)
    return b""


def read_surely(path: str) -> bytes:
    """Return a small file's bytes, nothing if it is gone or not ours to read. The kernel gives a long list page by page.

    Raises:
        OSError: no descriptor is left, so nothing is known of the file.
    """
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError as error:
        if error.errno in NO_DESCRIPTOR:
            raise
        return b""
    with suppress(OSError):
        try:
            return b"".join(iter(lambda: os.read(file, 65536), b""))
        finally:
            os.close(file)
    return b""


def oom_file() -> tuple[int, bytes, bytes] | None:
    """Return the open file of our own badness (proc_pid_oom_score_adj(5)), and its text for sheets and for us."""
    own = read("/proc/self/oom_score_adj").strip()
    if not own:
        return None
    file = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
    return file, b"%d" % min(1000, int(own) + OOM_SCORE), own.encode()
