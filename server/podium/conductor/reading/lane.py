"""A lane: a quick worker, and the requests that wait for it.

A request cannot hold up those behind it for long: when its time is over, or the worker has gone, the worker is left to it, and a
new one goes on with the rest in their order. Nobody waits until the old one has ended and given back its memory.
"""

import math
from collections import deque
from collections.abc import Callable

import anyio
from anyio.abc import TaskGroup

from podium import errors
from podium.conductor.reading.process import ReaderProcess
from podium.conductor.reading.queue import Asked, Queue
from podium.conductor.reading.worker import Worker, WorkerGone

QUICK_SECONDS = 0.1  # that a request may hold up those behind it
LEFT_SECONDS = 0.2  # of the processor, that it has in all, the rest of them in a worker that is left to it
MOST_SENT = 32  # requests that the quick worker has at once
MOST_SENT_BYTES = 128 * 1024


class Lane:
    """Run it in a task. `leave` takes over a worker, dead or alive, and the request that it is left to, if any."""

    def __init__(
        self, process: ReaderProcess, tasks: TaskGroup, leave: Callable[[Worker, Asked | None, bool], None]
    ) -> None:
        self._process = process
        self._tasks = tasks
        self._leave = leave
        self._queue = Queue()
        self._sent: deque[Asked] = deque()
        self._sent_bytes = 0
        self._worker: Worker | None = None
        self._patience = anyio.CancelScope()
        self._wanted = anyio.Event()

    @property
    def worker(self) -> Worker | None:
        """The quick worker, if there is one now."""
        return self._worker

    def add(self, asked: Asked) -> None:
        """Add a request.

        Raises:
            ConductorBusy: too much waits.
        """
        self._queue.add(asked)

    def put_back(self, asked: Asked) -> None:
        """Add a request before all others."""
        self._queue.put_back(asked)
        self.pump()

    def withdraw(self, process: object) -> list[Asked]:
        """Take away and return what a process has asked and nobody has begun."""
        return self._queue.withdraw(process)

    def pump(self) -> None:
        """Send what waits, as far as the worker has room; wake `run` where there is no worker."""
        if self._worker is None:
            if len(self._queue):
                self._wanted.set()
            return
        while len(self._sent) < MOST_SENT and self._sent_bytes < MOST_SENT_BYTES:
            asked = self._queue.take()
            if asked is None:
                return
            message = asked.message
            self._sent.append(asked)
            self._sent_bytes += len(message)
            if len(self._sent) == 1:
                self._be_patient()
            if not self._worker.send(message, asked.files):
                self._tasks.start_soon(self._worker.flush)
                return

    async def run(self) -> None:
        """Have a quick worker while there is something to ask."""
        while True:
            await self._wanted.wait()
            self._wanted = anyio.Event()
            try:
                worker = await self._process.worker(LEFT_SECONDS)
            except errors.PodiumError as error:
                while (asked := self._queue.take()) is not None:
                    asked.fail(error)
                continue
            self._worker, self._patience = worker, anyio.CancelScope()
            has_answered = False
            with self._patience:
                self.pump()
                has_answered = await self._serve(worker)
            self._go_on(worker, has_answered=has_answered)

    def close(self) -> None:
        """Close the worker's socket, which ends it."""
        if self._worker is not None:
            self._worker.close()

    async def _serve(self, worker: Worker) -> bool:
        """Hand out the worker's answers until it ends; return whether it does so after an answer, as it has announced."""
        try:
            while True:
                for answer, body in await worker.receive():
                    if not self._sent or answer.number != self._sent[0].number:
                        worker.is_mad = True
                        return False
                    asked = self._sent.popleft()
                    self._sent_bytes = self._sent_bytes - len(asked.body) if self._sent else 0
                    self._be_patient()
                    asked.succeed(answer, body)
                    if answer.spent:
                        return True
                self.pump()
        except WorkerGone:
            return False

    def _be_patient(self) -> None:
        """Give the first request that was sent its time."""
        self._patience.deadline = anyio.current_time() + QUICK_SECONDS if self._sent else math.inf

    def _go_on(self, worker: Worker, *, has_answered: bool) -> None:
        """Leave the worker to the request that it is at; the others wait for the next worker, in their order."""
        sent, self._sent, self._sent_bytes, self._worker = self._sent, deque(), 0, None
        first = None if has_answered or not sent else sent.popleft()
        for asked in reversed(sent):
            self._queue.put_back(asked)
        self._leave(worker, first, self._patience.cancelled_caught)
        self.pump()
