"""The one place that starts processes and reads their exit status.

`waitpid(-1)` takes the status of every child, so another process API beside it (subprocess, asyncio, anyio) would read wrong
exit codes: nothing else in this process may start children while a reaper is open. On Linux the process becomes a child
subreaper (prctl(2)): what a dead keeper and its guard leave becomes our child, and its end is told to `on_orphan`.
"""

import ctypes
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import anyio
from anyio.abc import TaskGroup, TaskStatus
from anyio.to_thread import run_sync

from podium.conductor.processes import facts
from podium.conductor.processes.spawn import NOWHERE, Target, spawn

PR_SET_CHILD_SUBREAPER = 36
LAUNCHES = 4  # at once: each waits until its program has begun, which takes long if all compete for the same cores


class Child:
    """A process that we started as the leader of its own session and process group."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._status = 0  # known once it has ended
        self._ended = anyio.Event()

    def end(self, status: int) -> None:
        """Store the wait status and wake those who wait."""
        self._status = os.waitstatus_to_exitcode(status)
        self._ended.set()

    @property
    def has_ended(self) -> bool:
        """Whether it has ended."""
        return self._ended.is_set()

    async def wait(self) -> int:
        """Return the exit code when it has ended, negative for the signal that ended it. May be called again."""
        await self._ended.wait()
        return self._status


class Reaper:
    """Starts children and learns how each ended. Open one in a process, on the main thread: it listens to SIGCHLD."""

    def __init__(self) -> None:
        self._children: dict[int, Child] = {}
        self._launching = 0
        self.on_orphan: Callable[[int, int], None] | None = None
        """Called with the pid and exit code of each child that we did not start."""
        self._early: dict[int, int] = {}  # pid -> wait status of what ended during a launch
        self._threads = anyio.CapacityLimiter(LAUNCHES)
        self._tasks: TaskGroup = anyio.create_task_group()

    async def __aenter__(self) -> Self:
        _be_subreaper(True)
        await self._tasks.__aenter__()
        await self._tasks.start(self._listen)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        self._tasks.cancel_scope.cancel()
        _be_subreaper(False)
        return await self._tasks.__aexit__(kind, error, trace)

    async def spawn(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        *,
        stdin: Path | int = NOWHERE,
        stdout: Target = NOWHERE,
        stderr: Target = NOWHERE,
    ) -> Child:
        """Start a process; see `processes.spawn` for the arguments and errors."""
        return await self.launch(partial(spawn, argv, env, stdin=stdin, stdout=stdout, stderr=stderr))

    async def launch(self, start: Callable[[], int]) -> Child:
        """Run `start`, which returns the pid of a process that it spawned, in a thread; return that process.

        Raises:
            Exception: whatever `start` raises. A cancelled caller gets its process first.
        """
        self._launching += 1
        try:
            child = Child(await run_sync(start, limiter=self._threads))
            if child.pid in self._early:  # it ended before we learnt of its start
                child.end(self._early.pop(child.pid))
            else:
                self._children[child.pid] = child
            return child
        finally:
            self._launching -= 1
            if not self._launching:
                self._early.clear()

    def pids(self) -> set[int]:
        """Return the pids of the children that run."""
        return set(self._children)

    async def _listen(self, *, task_status: TaskStatus[None]) -> None:
        """Reap whenever children have ended; one signal may stand for several."""
        with anyio.open_signal_receiver(signal.SIGCHLD) as signals:
            task_status.started()
            async for _ in signals:
                while ended := _next_ended():
                    pid, status = ended
                    if child := self._children.pop(pid, None):
                        child.end(status)
                        continue
                    if self._launching:
                        self._early[pid] = status
                    if self.on_orphan is not None:
                        self.on_orphan(pid, os.waitstatus_to_exitcode(status))


def _next_ended() -> tuple[int, int] | None:
    """Return the pid and wait status of a child that has ended, or None."""
    try:
        pid, status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return None
    return (pid, status) if pid else None


def _be_subreaper(wanted: bool) -> None:
    """Adopt the orphans among our descendants, or stop doing so; other systems give them to pid 1."""
    if facts.LINUX:
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, int(wanted), 0, 0, 0)
