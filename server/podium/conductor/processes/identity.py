"""A process's identity for ever: pid, start time and boot id. A reused pid is never mistaken for the process that had it before.

The order matters: first a pidfd is opened, which pins the process that has the pid now, then the start time is compared.
"""

import os
import signal
from contextlib import closing
from dataclasses import dataclass
from typing import Self

import anyio

from podium.conductor.processes import facts
from podium.keeper.system import NO_DESCRIPTOR

POLL_SECONDS = 0.5  # between two looks at a process if the system has no pidfd
# Without /proc a shell cannot learn its own start time; the time of its identity file stands for it, accurate to about this.
TOLERANCE_TICKS = 0 if facts.LINUX else 2 * facts.TICKS


@dataclass(frozen=True)
class Identity:
    """Which process. `start_ticks` are clock ticks since boot, `boot_id` is the id of the kernel's run."""

    pid: int
    start_ticks: int
    boot_id: str

    def is_alive(self) -> bool:
        """Return whether this very process runs (a zombie does not)."""
        stat = facts.read_stat(self.pid) if self.boot_id == facts.boot_id() else None
        return stat is not None and stat.state != "Z" and is_same(stat.start_ticks, self.start_ticks)


def is_same(ticks: int, others: int) -> bool:
    """Return whether two start times of one pid are those of the same process."""
    return abs(ticks - others) <= TOLERANCE_TICKS


class PidFd:
    """A hold on the process that has a pid now; without pidfds only the pid itself."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.file = os.pidfd_open(pid) if facts.LINUX else -1

    def send(self, number: signal.Signals) -> None:
        """Send a signal.

        Raises:
            OSError: the process is gone, or is not ours to signal.
        """
        if self.file < 0:
            os.kill(self.pid, number)
        else:
            signal.pidfd_send_signal(self.file, number)

    def close(self) -> None:
        """Release it."""
        if self.file >= 0:
            os.close(self.file)
            self.file = -1


def send_signal(pid: int, start_ticks: int, number: signal.Signals) -> bool:
    """Send a signal to the process with this pid and start time; return False if it is gone.

    Raises:
        PermissionError: it is another user's.
        OSError: no descriptor is left.
    """
    try:
        with closing(PidFd(pid)) as hold:
            stat = facts.stat_surely(pid)
            if stat is None or stat.state == "Z" or not is_same(stat.start_ticks, start_ticks):
                return False
            hold.send(number)
    except PermissionError:
        raise
    except OSError as error:
        if error.errno in NO_DESCRIPTOR:
            raise
        return False
    return True


class Watch:
    """Waits for the end of a process that need not be our child. Close it afterwards."""

    def __init__(self, identity: Identity, hold: PidFd) -> None:
        self.pid = identity.pid
        self._identity = identity
        self._hold = hold

    @classmethod
    def open(cls, identity: Identity) -> Self | None:
        """Return a watch on this very process, or None if it no longer runs.

        Raises:
            OSError: the system has no descriptor left.
        """
        try:
            hold = PidFd(identity.pid)
        except ProcessLookupError:
            return None
        if identity.is_alive():
            return cls(identity, hold)
        hold.close()
        return None

    def close(self) -> None:
        """Release the process."""
        self._hold.close()

    async def wait(self) -> None:
        """Return when the process has ended. How a process ended that is not our child cannot be learnt."""
        if self._hold.file >= 0:
            await anyio.wait_readable(self._hold.file)
        else:
            while self._identity.is_alive():  # noqa: ASYNC110 - such a system has nothing to wait on
                await anyio.sleep(POLL_SECONDS)
