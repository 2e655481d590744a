"""What must hold of the conductor's process, whatever was done to it."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.support.podium_home import Conductor, ask, until

# Python's and the C library's allocators keep pieces of what was freed; which ones depends on the largest inputs so far. A leak of
# 300 bytes for each of 100,000 inputs is as much.
GROWTH_BYTES = 30 * 1024 * 1024
DELAY_SECONDS = 10.0  # the longest that a good client may wait, on any machine
QUIET_SECONDS = 45.0  # a peer that does not read is dropped after 30
_FAULTS = ("level=error", "level=critical", "Traceback")


@dataclass(frozen=True)
class Facts:
    """The process at a moment."""

    pid: int
    resident: int
    descriptors: int


def facts(conductor: Conductor) -> Facts:
    """Look at the conductor's process."""
    resident = psutil.Process(conductor.pid).memory_info().rss
    return Facts(conductor.pid, resident, len(_descriptors(conductor)))


def settled(conductor: Conductor, descriptors: int) -> Facts:
    """Wait until the conductor has closed what its peers have closed and all its jobs have ended, and look at its process.

    Raises:
        AssertionError: descriptors are left over.
    """
    until(lambda: not active(conductor), seconds=QUIET_SECONDS)
    try:
        until(lambda: facts(conductor).descriptors <= descriptors, seconds=QUIET_SECONDS)
    except AssertionError:
        raise AssertionError(f"more descriptors than the {descriptors} before: {_descriptors(conductor)}") from None
    return facts(conductor)


def active(conductor: Conductor) -> list[str]:
    """Return the jobs that have not ended."""
    path = conductor.settings.socket
    return [job["job_id"] for each in ("queued", "running") for job in ask(path, "job.list", {"status": each})]


def _descriptors(conductor: Conductor) -> list[str]:
    """Return what the conductor has open; SQLite's own files apart, which each of its readers opens when it first reads."""
    found = []
    for each in Path(f"/proc/{conductor.pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            found.append(str(each.readlink()))
    return [name for name in found if "/podium.db" not in name]


def faults_in_log(conductor: Conductor) -> list[str]:
    """Return what the conductor's log tells of faults inside: what failed, and the end of the traceback."""
    lines = conductor.log.read_text(errors="replace").splitlines()
    return [f"logged: {line[:160]} ... {line[-300:]}" for line in lines if any(word in line for word in _FAULTS)]


def is_alive(conductor: Conductor) -> bool:
    """Tell whether the process still runs and is ready."""
    try:
        return conductor.process is not None and bool(ask(conductor.settings.socket, "daemon.ready"))
    except OSError:
        return False
