"""The reader's processes as the conductor sees them: one zygote, and the workers that it forks for us."""

import os
import socket
import sys
from collections import deque
from contextlib import suppress
from typing import Any

import anyio
from anyio.abc import TaskGroup
from anyio.to_thread import run_sync

from podium import __version__
from podium.conductor.processes.installation import FIX, changed
from podium.conductor.processes.reaper import Child, Reaper
from podium.conductor.reading.worker import Worker
from podium.errors import Internal
from podium.reader.requests import FORK, KILL, NEWS

COMMAND = (sys.executable, "-P", "-m", "podium.reader")
TRIES = 4
START_SECONDS = 15.0  # on a machine that does much else


class NoReader(Internal):
    """The installation that it would be started from is gone, or is another one: nothing that was asked is to blame."""


class ReaderProcess:
    """The zygote, started when a worker is wanted and there is none. `tasks` owns the listening."""

    def __init__(self, reaper: Reaper, tasks: TaskGroup, memory_bytes: int) -> None:
        self._reaper = reaper
        self._tasks = tasks
        self._memory = memory_bytes
        self._lock = anyio.Lock()
        self._control: socket.socket | None = None
        self._child: Child | None = None
        self._starting: deque[Worker] = deque()
        self._workers: dict[int, Worker] = {}
        self.starts = 0

    @property
    def pid(self) -> int | None:
        """The zygote's pid while it runs."""
        return self._child.pid if self._child is not None and self._control is not None else None

    def facts(self) -> dict[str, Any]:
        """Return which process this is."""
        return {"pid": self.pid, "version": __version__}

    async def worker(self, seconds: float) -> Worker:
        """Return a new worker that gives each request so many seconds.

        Raises:
            Internal: none could be started; a `NoReader` if the conductor must be restarted first.
        """
        for _ in range(TRIES):  # the zygote may have died since it was used last, and what tells of it may come late
            async with self._lock:
                if self._control is None:
                    await self._start()
            worker = self._ask_for_one(seconds)
            if worker is None:
                continue
            try:
                with anyio.move_on_after(START_SECONDS):
                    await worker.started.wait()
                if worker.pid:
                    return worker
            except anyio.get_cancelled_exc_class():
                worker.close()
                raise
            worker.close()
            self.stop()  # it hangs; when it wakes up it finds its socket closed, and ends
        raise Internal("The reader could not be started.", fix="The conductor's log has the details; try again.")

    def kill(self, worker: Worker) -> None:
        """End a worker that does not end by itself."""
        if self._control is not None and self._workers.get(worker.pid) is worker:
            with suppress(OSError):
                self._control.send(KILL.pack(b"k", 0.0, worker.pid))

    def stop(self) -> None:
        """End the zygote, and with it all its workers."""
        if self._control is not None:
            anyio.notify_closing(self._control)
            self._control.close()
        self._forget()

    async def _start(self) -> None:
        if reason := await run_sync(changed):
            raise NoReader(f"The reader could not be started: {reason}.", fix=FIX)
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        try:
            self._child = await self._reaper.spawn(COMMAND, os.environ, stdin=theirs.fileno(), stderr=2)
            self._control = ours
        except (OSError, ValueError) as error:
            raise Internal(f"The reader could not be started: {error}.", fix="Try again.") from None
        finally:
            theirs.close()
            if self._control is not ours:
                ours.close()
        self.starts += 1
        self._tasks.start_soon(self._listen, ours)

    def _ask_for_one(self, seconds: float) -> Worker | None:
        if self._control is None:
            return None
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        worker = Worker(ours)
        try:
            socket.send_fds(self._control, [FORK.pack(b"f", seconds, self._memory)], [theirs.fileno()])
        except OSError:
            worker.close()
            return None
        finally:
            theirs.close()
        self._starting.append(worker)
        return worker

    async def _listen(self, control: socket.socket) -> None:
        """Take the zygote's news until it has gone."""
        data = bytearray()
        with suppress(OSError, anyio.ClosedResourceError):
            while True:
                await anyio.wait_readable(control)
                more = control.recv(4096)
                if not more:
                    break
                data += more
                while len(data) >= NEWS.size:
                    self._note(*NEWS.unpack_from(data))
                    del data[: NEWS.size]
        if self._control is control:
            control.close()
            self._forget()

    def _note(self, what: bytes, pid: int, status: int) -> None:
        if what == b"s" and self._starting:
            worker = self._starting.popleft()
            worker.pid = pid
            self._workers[pid] = worker
            worker.started.set()
        elif what == b"e" and (ended := self._workers.pop(pid, None)) is not None:
            ended.end(os.waitstatus_to_exitcode(status))

    def _forget(self) -> None:
        """The zygote is gone: so are its workers, and it was not their requests' fault."""
        self._control = None
        for worker in (*self._starting, *self._workers.values()):
            worker.started.set()
            worker.end(None)
            worker.close()
        self._starting.clear()
        self._workers.clear()
