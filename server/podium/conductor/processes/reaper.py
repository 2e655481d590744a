"""The one place that starts processes and takes their exit status.

`waitpid(-1)` takes the status of every child, so a second process API beside it (subprocess, asyncio, anyio) would read wrong
exit codes: nothing else in this process may start children while a reaper is open. The process becomes a child subreaper
(prctl(2), Linux): orphans of ended attempts come to us, are seen by `orphans` and are reaped too.
"""

import ctypes
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import anyio
from anyio.abc import TaskGroup, TaskStatus

from podium.conductor.processes import facts

NOWHERE = Path(os.devnull)
PR_SET_CHILD_SUBREAPER = 36
# A process inherits what its parent ignores; a sheet starts with every signal at its default.
DEFAULT_SIGNALS = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}
APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND


class Child:
    """A process that we started, in a session of its own, whose group has its pid."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._status = 0  # known once it has ended
        self._ended = anyio.Event()

    def end(self, status: int) -> None:
        """Keep the wait status, until asked."""
        self._status = os.waitstatus_to_exitcode(status)
        self._ended.set()

    async def wait(self) -> int:
        """Return the exit code when it has ended, negative for the signal that ended it. May be asked again."""
        await self._ended.wait()
        return self._status


class Reaper:
    """Starts children and learns how each ended. Open it on the main thread, one in a process: it listens to SIGCHLD."""

    def __init__(self) -> None:
        self._children: dict[int, Child] = {}
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

    def spawn(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        *,
        stdin: Path = NOWHERE,
        stdout: Path | int = NOWHERE,
        stderr: Path | int = NOWHERE,
    ) -> Child:
        """Start a process in a session of its own. `argv[0]` is an absolute path.

        Output is appended to the files, or goes to these open descriptors.

        Raises:
            OSError: it cannot be started (no such program, no memory, arguments too long) or a file cannot be opened.
            ValueError: an argument or a variable holds a NUL or cannot be encoded.
        """
        files = [(os.POSIX_SPAWN_OPEN, 0, stdin, os.O_RDONLY, 0), _output(1, stdout), _output(2, stderr)]
        pid = os.posix_spawn(
            argv[0], list(argv), env, file_actions=files, setsid=True, setsigmask=(), setsigdef=DEFAULT_SIGNALS
        )
        child = self._children[pid] = Child(pid)
        return child

    def orphans(self) -> set[int] | None:
        """Return our children that we did not start: what ended attempts left. None where the system does not tell."""
        children = facts.own_children()
        return None if children is None else children - self._children.keys()

    async def _listen(self, *, task_status: TaskStatus[None]) -> None:
        """Reap whenever a child has ended; several ends may come as one signal."""
        with anyio.open_signal_receiver(signal.SIGCHLD) as signals:
            task_status.started()
            async for _ in signals:
                self._reap()

    def _reap(self) -> None:
        """Take every status there is; those of orphans have nobody who asks for them."""
        while ended := _next_ended():
            pid, status = ended
            if child := self._children.pop(pid, None):
                child.end(status)


def _output(number: int, to: Path | int) -> tuple[object, ...]:
    """Return the file action that gives a child its standard output or error."""
    if isinstance(to, int):
        return os.POSIX_SPAWN_DUP2, to, number
    return os.POSIX_SPAWN_OPEN, number, to, APPEND, 0o600


def _next_ended() -> tuple[int, int] | None:
    """Return pid and status of a child that has ended, or None."""
    try:
        pid, status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return None
    return (pid, status) if pid else None


def _be_subreaper(wanted: bool) -> None:
    """Ask to be given the orphans among our descendants, or no longer; systems without it give them to pid 1."""
    if facts.LINUX:
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, int(wanted), 0, 0, 0)
