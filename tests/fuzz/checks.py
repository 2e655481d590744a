"""What must hold of the conductor's process, whatever was done to it."""

import statistics
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil

from tests.support.podium_home import Conductor, ask, until

# By how much memory may be above what it was after a tenth and after a half of the inputs. Caches of a bounded size fill up (SQLite's
# pages, compiled templates), and so do the C library's heaps, one a thread: measured, 66 MiB after 10,000 inputs become 90 after
# 40,000 and are 92 after 90,000. A leak of 400 bytes an input is 20 MiB in 50,000.
GROWTH_BYTES = (40 * 1024 * 1024, 20 * 1024 * 1024)
LOOK_SECONDS = 2.0  # the conductor gives free memory back when it looks after its jobs
DELAY_SECONDS = 10.0  # the longest that a good client may wait, on any machine
LOOKS = 5
SECOND_LANE = 1  # worker of the reader
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


def at_rest(conductor: Conductor) -> Facts:
    """Look at the conductor's process when it has all that it keeps between requests: its reader has a worker, too.

    A worker may have been spent on the last request, and is replaced at the next one.
    """
    found = []
    for number in range(LOOKS):
        ask(conductor.settings.socket, "job.validate", {"config_content": f"sheets: [{{run: 'true'}}] # {number}"})
        looks = []
        for _ in range(LOOKS):
            time.sleep(0.02)
            looks.append(facts(conductor))
        most = statistics.mode(each.descriptors for each in looks)  # the connection of a call is closed in its time
        found.append(next(each for each in reversed(looks) if each.descriptors == most))
    return max(found, key=lambda each: each.descriptors)


def settled(conductor: Conductor, descriptors: int) -> Facts:
    """Wait until the conductor has closed what its peers have closed and all its jobs have ended, and look at its process.

    Whoever asks the reader for much is served in its second lane, whose worker stays as long as the reader is asked for anything.

    Raises:
        AssertionError: descriptors are left over.
    """
    until(lambda: not active(conductor), seconds=QUIET_SECONDS)
    try:
        until(lambda: facts(conductor).descriptors <= descriptors + SECOND_LANE, seconds=QUIET_SECONDS)
    except AssertionError:
        raise AssertionError(f"more descriptors than the {descriptors} before: {_descriptors(conductor)}") from None
    return facts(conductor)


def require_no_growth(conductor: Conductor, marks: Sequence[Facts]) -> None:
    """See that memory is not above what it may be; what is free comes back in a moment.

    Raises:
        AssertionError: it is.
    """
    for mark, bound in zip(marks, GROWTH_BYTES, strict=True):
        try:
            until(partial(_is_within, conductor, mark.resident + bound), seconds=10 * LOOK_SECONDS)
        except AssertionError:
            raise AssertionError(
                f"the conductor grew by more than {bound >> 20} MiB: {mark} became {facts(conductor)}"
            ) from None


def _is_within(conductor: Conductor, most: int) -> bool:
    return facts(conductor).resident <= most


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
