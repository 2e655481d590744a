"""What belongs to an attempt, and its end.

Whoever plays an attempt plays no other, and adopts the orphans among its descendants: all that descend from it belong to the
attempt, as does what has the attempt's key in its environment. Where orphans cannot be adopted, the key alone finds them.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable

from . import processes
from .processes import Process

FORCE_SECONDS = 5.0  # of KILL before we give up on what does not end
LEAST_SECONDS, MOST_SECONDS = (
    0.01,
    0.1,
)  # between two looks at what is being ended: doubled from the first to the second
CHASE_SECONDS = 0.05  # of killing children that go on in new ones faster than a look at all takes
ROUNDS = 20  # of stopping what a look finds, until no new one is there


class Tree:
    """The processes of one attempt. `first` is the pid of its first one, 0 if that is not known.

    `pause` waits for so long, or until a child ends, and takes the ends of children.
    """

    def __init__(self, key: str, first: int, pause: Callable[[float], None]) -> None:
        self._key = key
        self._first = first
        self._pause = pause
        self._hit: set[tuple[int, int]] = set()
        self._refused: set[tuple[int, int]] = set()  # another user's

    @property
    def ended(self) -> int:
        """The number of processes that got a signal from us to end, not counting the first one."""
        return sum(pid != self._first for pid, _ in self._hit)

    def look(self) -> list[Process]:
        """Return the processes of the attempt, parents first: a shell must not see its child end and run the next command."""
        found = processes.everyone()
        own = os.getpid()
        ours = processes.descendants(own, found)
        above = {own, os.getppid()}
        for pid in set(found) - ours - above:
            if processes.is_marked(pid, self._key):
                ours |= {pid} | processes.descendants(pid, found)
        return sorted((found[pid] for pid in ours - above), key=lambda each: (each.start_ticks, each.pid))

    def end(self, deadline: Callable[[], float]) -> tuple[tuple[int, str, str], ...]:
        """End all: TERM until the deadline (which may change), then KILL. Return what lives on, each described."""
        return () if self._ask(deadline) else self._force()

    def hold(self) -> bool:
        """Stop all; return whether none runs any more."""
        for _ in range(ROUNDS):
            running = [each for each in self.look() if each.state not in "Tt"]
            if not running:
                return True
            self._send(running, signal.SIGSTOP)
            time.sleep(LEAST_SECONDS / 2)
        return False

    def go_on(self) -> None:
        """Let all go on."""
        self._send(self.look(), signal.SIGCONT)

    def _left(self) -> list[Process]:
        """Return what is left. To find nothing takes two looks: a process shows no environment while it loads its program."""
        found = self.look()
        if not found:
            self._pause(LEAST_SECONDS)
            found = self.look()
        return found

    def _ask(self, deadline: Callable[[], float]) -> bool:
        """Send TERM to each once, until none is left; return False at the deadline, or if only another user's are left."""
        asked: set[tuple[int, int]] = set()
        pause = LEAST_SECONDS
        while True:
            left = self._left()
            if not left:
                return True
            if time.monotonic() >= deadline() or not self._ours(left):
                return False
            fresh = [each for each in left if _identity(each) not in asked]
            asked.update(map(_identity, fresh))
            self._hit.update(self._send(fresh, signal.SIGTERM))
            self._send(fresh, signal.SIGCONT)  # so that the traps of a stopped one run
            self._pause(min(pause, max(0.0, deadline() - time.monotonic())))
            pause = min(2 * pause, MOST_SECONDS)

    def _force(self) -> tuple[tuple[int, str, str], ...]:
        """Stop all, so that none starts another, then send KILL, until none is left."""
        until = time.monotonic() + FORCE_SECONDS
        pause = LEAST_SECONDS
        left = self._left()
        while self._ours(left) and time.monotonic() < until:
            self._stop(left)
            self._hit.update(self._send(self.look(), signal.SIGKILL))
            self._chase()
            self._pause(pause)
            pause = min(2 * pause, MOST_SECONDS)
            left = self._left()
        return tuple(processes.describe(each.pid) for each in left)

    def _stop(self, found: list[Process]) -> None:
        """Stop processes, and those that they have started meanwhile."""
        stopped: set[tuple[int, int]] = set()
        for _ in range(ROUNDS):
            fresh = [each for each in self._ours(found) if _identity(each) not in stopped]
            if not fresh:
                return
            stopped.update(map(_identity, fresh))
            self._send(fresh, signal.SIGSTOP)
            found = self.look()

    def _chase(self) -> None:
        """Send KILL to adopted children as long as new ones come."""
        until = time.monotonic() + CHASE_SECONDS
        known: set[int] = set()
        while time.monotonic() < until:
            fresh = set(processes.children()) - known
            if not fresh:
                return
            known |= fresh
            for pid in fresh:
                os.kill(pid, signal.SIGKILL)  # a child that is not reaped yet: its number is nobody else's
            time.sleep(0.001)

    def _ours(self, found: list[Process]) -> list[Process]:
        return [each for each in found if _identity(each) not in self._refused]

    def _send(self, targets: Iterable[Process], number: int) -> list[tuple[int, int]]:
        """Send a signal to those that are still there, and return whom it reached."""
        reached = []
        for each in targets:
            now = processes.find(each.pid)
            if now is None or now.start_ticks != each.start_ticks:
                continue
            try:
                os.kill(each.pid, number)
                reached.append(_identity(each))
            except PermissionError:
                self._refused.add(_identity(each))
            except ProcessLookupError:
                pass
        return reached


def _identity(process: Process) -> tuple[int, int]:
    return process.pid, process.start_ticks
