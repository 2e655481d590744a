"""The chase of processes that start a copy of themselves and end, faster than a look at all processes takes.

Nothing but a control group stops those for certain. Without one, each new process is looked at as the kernel gives out its pid:
a read of /proc/loadavg, and one of its environment. A chain dies when one link gets KILL before it has forked.
"""

import os
import signal
import time
from contextlib import suppress
from typing import NamedTuple

from podium.conductor.processes import facts

QUIET_SECONDS = 0.02  # without any new process on the machine: nothing forks
UNSEEN_SECONDS, UNSEEN_LOOKS = 0.1, 20  # of looking at new processes that are seen to be others'


class Chased(NamedTuple):
    """What a chase came to: whether a process was met at all, and the pid of one that lives on at its end, or 0."""

    met: bool = False
    lives_on: int = 0


def chase(key: str, number: signal.Signals, seconds: float) -> Chased:
    """Send a signal to each new process of an attempt, until none comes any more, or for so long."""
    now = time.monotonic()
    deadline, quiet, unseen = now + seconds, now + QUIET_SECONDS, now + UNSEEN_SECONDS
    last, seen, others = facts.newest_pid(), 0, 0
    while now < min(deadline, quiet) and (now < unseen or others < UNSEEN_LOOKS):
        pid, now = facts.newest_pid(), time.monotonic()
        if pid == last:
            continue
        last, quiet = pid, now + QUIET_SECONDS
        marker = facts.marker(pid)
        if is_of(marker, key):
            with suppress(OSError):
                os.kill(pid, number)  # without a pidfd, which takes longer than such a process lives
            seen, unseen, others = pid, now + UNSEEN_SECONDS, 0
        elif marker is not None or _lives(pid):
            others += 1  # one that was gone before it was looked at may have been of the attempt
    return Chased(seen > 0, seen if now >= deadline else 0)


def _lives(pid: int) -> bool:
    stat = facts.read_stat(pid)
    return stat is not None and stat.state != "Z"


def is_of(marker: str | None, key: str) -> bool:
    """Return whether a marker is that of an attempt, or of a check that was run for it (`key#n`)."""
    return marker is not None and (marker == key or marker.startswith(f"{key}#"))
