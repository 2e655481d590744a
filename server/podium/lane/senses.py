"""What reaches a lane: signals, and the ends of its children. They are taken here only, one after the other.

The signals are blocked and waited for, so that none comes between two steps.
"""

from __future__ import annotations

import os
import signal
import sys

WATCHED = frozenset({signal.SIGCHLD, signal.SIGTERM, signal.SIGUSR1})


class Senses:
    """What a lane has noticed. `guard` is the pid of the process that must live as long as it does.

    `terminated` is why the lane has to end, "" as long as it need not. `nudged`: a signal asks to look at once. `status` is that
    of `child`, as of waitpid(2), once it has ended. `children`: there are some left. `cpu_seconds` were used by those that ended.
    """

    def __init__(self, guard: int) -> None:
        self._guard = guard
        self.terminated = ""
        self.nudged = False
        self.forget()

    def forget(self) -> None:
        """Begin with a new child."""
        self.child = 0
        self.status: int | None = None
        self.children = False
        self.cpu_seconds = 0.0

    @property
    def code(self) -> int | None:
        """The exit code of the child, or the signal that ended it, below 0; None if it has not ended."""
        if self.status is None:
            return None
        return -os.WTERMSIG(self.status) if os.WIFSIGNALED(self.status) else os.WEXITSTATUS(self.status)

    def wait(self, seconds: float) -> None:
        """Wait until something comes, for so long at most. A sudden end of the guard is noticed at the next call."""
        got = signal.sigtimedwait(WATCHED, max(0.0, seconds))
        while got is not None:
            if got.si_signo == signal.SIGTERM:
                self.terminated = self.terminated or "the cluster told the lane to end"
            self.nudged = self.nudged or got.si_signo == signal.SIGUSR1
            got = signal.sigtimedwait(WATCHED, 0)
        if os.getppid() != self._guard:
            self.terminated = self.terminated or "the process that guards the lane was killed"
        self.reap()

    def reap(self) -> None:
        """Take the ends of all children that have ended."""
        while True:
            try:
                pid, status, used = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                self.children = False
                return
            if pid == 0:
                self.children = True
                return
            self.cpu_seconds += used.ru_utime + used.ru_stime
            if pid == self.child:
                self.status = status


def say(text: str) -> None:
    """Write a line into the lanes' own log."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
