"""The one way to have foreign text looked at: `Reader.ask`.

Requests go to the quick worker, many in one message, where each has a tenth of a second. What takes longer or has killed a
worker is asked again alone: at once for a fifth of a second, then, as what is large, with the full time when there is a place.
One that kills two workers is refused for an hour.
"""

import os
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from signal import SIGALRM
from types import TracebackType
from typing import Any, Self, TypeVar

import anyio
from anyio.abc import TaskGroup
from pydantic import ValidationError

from podium import errors
from podium.conductor.processes.reaper import Reaper
from podium.conductor.reading.process import ReaderProcess, how
from podium.conductor.reading.queue import LAUNCHES, Asked, Queue, digest_of
from podium.conductor.reading.refusals import Why, busy, refusal
from podium.conductor.reading.worker import Worker, WorkerGone
from podium.log import get_logger
from podium.reader.requests import Answer, Part, Request, read_answer
from podium.times import iso

log = get_logger()
Found = TypeVar("Found", bound=Part)

QUICK_SECONDS = 0.1
HURRIED_SECONDS = 0.2  # alone, at once
LARGE_BYTES = 64 * 1024  # a request from here on does not make the small ones wait
MOST_SENT = 32  # requests that the quick worker has at once
MOST_SENT_BYTES = 128 * 1024
ALONE = 2  # at once, and as many of launches beside them
MOST_ALONE = 64
MOST_ALONE_OF_ONE = 8
HANGS_SECONDS = 5.0  # over the limit: its own timer has not ended it, so it hangs in the system
LOOK_SECONDS = 1.0
REFUSED_SECONDS = 3600.0
MOST_REFUSED = 1000
DEATHS = 2  # of workers, by the same request, the second one alone
TRIES = 6  # of one request, should the zygote be killed again and again


@dataclass(frozen=True)
class ReaderLimits:
    """What one request may use, and when the reader ends."""

    seconds: float = 10.0
    memory_bytes: int = 1024**3
    idle_seconds: float = 60.0


class Reader:
    """Asks the reader's workers, and stands between them and the callers. Open one; it owns its tasks."""

    def __init__(self, reaper: Reaper, limits: ReaderLimits | None = None) -> None:
        self.limits = limits or ReaderLimits()
        self._tasks: TaskGroup = anyio.create_task_group()
        self._process = ReaderProcess(reaper, self._tasks, self.limits.memory_bytes)
        self._queue = Queue()
        self._numbers = count(1)
        self._quick: Worker | None = None
        self._sent: deque[Asked] = deque()
        self._sent_bytes = 0
        self._since = 0.0  # the quick worker's last answer, or its first request
        self._wanted = anyio.Event()
        self._alone: Counter[object] = Counter()
        self._slots = anyio.CapacityLimiter(ALONE)
        self._launch_slots = anyio.CapacityLimiter(ALONE)
        self._refused: dict[bytes, tuple[float, str]] = {}
        self._used = time.monotonic()
        self._workers_died = 0
        self._last_death = ""

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        self._tasks.start_soon(self._keep_quick)
        self._tasks.start_soon(self._watch)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        self._tasks.cancel_scope.cancel()
        self._process.stop()
        if self._quick is not None:
            self._quick.close()
        return await self._tasks.__aexit__(kind, error, trace)

    def facts(self) -> dict[str, Any]:
        """Return which process the reader is, how often it was started anew, and what killed a worker last."""
        restarts = max(0, self._process.starts - 1) + self._workers_died
        return {"role": "reader", **self._process.facts(), "restarts": restarts, "last_death": self._last_death}

    async def ask(
        self, request: Request, model: type[Found], *, body: bytes = b"", files: Sequence[int] = (), client: object
    ) -> tuple[Found, bytes]:
        """Return what the reader found, and the text that belongs to it. Requests of one client take turns with the others'.

        Raises:
            PodiumError: what the reader found wrong; or the request was refused, see `refusals`; or CONDUCTOR_BUSY.
        """
        if self._refused:
            self._check_refused(request, body)
        asked = Asked(next(self._numbers), request, body, (), client)
        if len(body) >= LARGE_BYTES:
            self._go_alone(asked, first=True)
        else:
            self._queue.add(asked)
        asked.files = [os.dup(each) for each in files]
        self._pump()
        try:
            await asked.done.wait()
        finally:
            asked.abandoned = True
        if asked.error is not None:
            raise asked.error
        return self._read(asked, model)

    def _read(self, asked: Asked, model: type[Found]) -> tuple[Found, bytes]:
        answer, body = asked.answer or (Answer(number=0), b"")
        if answer.error is not None:
            raise errors.from_dict(answer.error)
        if answer.spent:
            raise self._refusal(asked, answer.spent)
        try:
            return model.model_validate(answer.found), body
        except ValidationError as error:
            self._note_death(asked, f"an answer that does not fit: {error.error_count()} errors")
            raise self._refusal(asked, "death", "its answer makes no sense") from None

    def _refusal(self, asked: Asked, why: Why, ended: str = "") -> errors.PodiumError:
        return refusal(
            asked.request, why, seconds=self.limits.seconds, memory_bytes=self.limits.memory_bytes, ended=ended
        )

    def _check_refused(self, request: Request, body: bytes) -> None:
        """Refuse what has killed before."""
        digest = digest_of(request, body)
        until, ended = self._refused.get(digest, (0.0, ""))
        if until > time.monotonic():
            raise refusal(request, "death", seconds=0, memory_bytes=0, ended=ended)
        self._refused.pop(digest, None)

    # -- the quick worker -----------------------------------------------------------------------------------------

    def _pump(self) -> None:
        """Send what waits, as far as the quick worker has room; wake the task that starts one where there is none."""
        self._used = time.monotonic()
        if self._quick is None:
            if len(self._queue):
                self._wanted.set()
            return
        while len(self._sent) < MOST_SENT and self._sent_bytes < MOST_SENT_BYTES:
            asked = self._queue.take()
            if asked is None:
                return
            message = asked.message
            if not self._sent:
                self._since = self._used
            self._sent.append(asked)
            self._sent_bytes += len(message)
            if not self._quick.send(message, asked.files):
                self._tasks.start_soon(self._quick.flush)
                return

    async def _keep_quick(self) -> None:
        """Have a quick worker while there is something to ask."""
        while True:
            await self._wanted.wait()
            self._wanted = anyio.Event()
            try:
                self._quick = await self._process.worker(QUICK_SECONDS)
            except errors.PodiumError as error:
                while (asked := self._queue.take()) is not None:
                    asked.fail(error)
                continue
            self._pump()
            await self._serve_quick(self._quick)

    async def _serve_quick(self, worker: Worker) -> None:
        """Hand out a worker's answers until it ends; then its requests are asked again."""
        try:
            while True:
                for head, body in await worker.receive():
                    self._take(head, body)
                self._pump()
        except (WorkerGone, ValueError, IndexError):
            self._quick = None
        status = await worker.how_it_ended()
        self._workers_died += status not in {0, None}
        sent, self._sent, self._sent_bytes = self._sent, deque(), 0
        if sent and status != 0:  # 0: it has given back memory
            first = sent.popleft()
            first.tries += 1
            if status is not None and status != -SIGALRM:
                self._note_death(first, how(status))
            if first.tries >= TRIES:
                first.fail(busy("its processes are ended again and again"))
            elif status is None:
                sent.appendleft(first)
            elif not first.abandoned:
                self._go_alone(first)
        for asked in reversed(sent):
            self._queue.put_back(asked)
        self._pump()

    def _take(self, head: bytes, body: bytes) -> None:
        answer, asked = read_answer(head), self._sent[0]
        if answer.number != asked.number:
            raise ValueError("an answer to another request")
        self._sent.popleft()
        self._sent_bytes = self._sent_bytes - len(asked.body) if self._sent else 0
        self._since = time.monotonic()
        asked.succeed(answer, body)

    # -- alone ----------------------------------------------------------------------------------------------------

    def _go_alone(self, asked: Asked, *, first: bool = False) -> None:
        """Ask in a worker of its own.

        Raises:
            ConductorBusy: too many wait for that; only where the request has not been asked before.
        """
        if asked.client != LAUNCHES and (
            self._alone.total() >= MOST_ALONE or self._alone[asked.client] >= MOST_ALONE_OF_ONE
        ):
            error = busy(f"{self._alone.total()} long requests wait, {self._alone[asked.client]} of them this client's")
            if first:
                raise error
            asked.fail(error)
            return
        self._alone[asked.client] += 1
        self._tasks.start_soon(self._ask_alone, asked, first)

    async def _ask_alone(self, asked: Asked, first: bool) -> None:
        try:
            if not first:  # it may be innocent, and must not wait for those that take long
                await self._try_alone(asked, HURRIED_SECONDS)
            async with self._launch_slots if asked.client == LAUNCHES else self._slots:
                while not asked.done.is_set() and not asked.abandoned:
                    await self._try_alone(asked, self.limits.seconds)
        except errors.PodiumError as error:
            asked.fail(error)
        finally:
            self._alone[asked.client] -= 1
            if not self._alone[asked.client]:
                del self._alone[asked.client]

    async def _try_alone(self, asked: Asked, seconds: float) -> None:
        """Ask once; a request that has killed its second worker is refused, now and for an hour."""
        asked.tries += 1
        self._used = time.monotonic()
        worker = await self._process.worker(seconds)
        status: int | None = 0
        try:
            with anyio.fail_after(seconds + HANGS_SECONDS):
                worker.send(asked.message, asked.files)
                await worker.flush()
                head, body = (await worker.receive())[0]
            asked.succeed(read_answer(head), body)
        except TimeoutError:
            self._process.kill(worker)
            status = -SIGALRM
        except (WorkerGone, ValueError, IndexError):
            status = await worker.how_it_ended()
        finally:
            worker.close()
        if asked.done.is_set():
            return
        self._workers_died += status is not None
        if status == -SIGALRM:
            if seconds >= self.limits.seconds:
                asked.fail(self._refusal(asked, "time"))
        elif status is not None:
            self._note_death(asked, how(status))
        elif asked.tries >= TRIES:
            asked.fail(busy("its processes are ended again and again"))

    # -- what went wrong ------------------------------------------------------------------------------------------

    def _note_death(self, asked: Asked, ended: str) -> None:
        """Remember that a request has killed a worker, and refuse it if it was not the first one."""
        asked.deaths += 1
        self._last_death = f"{iso(time.time())}, {ended}, at the request {asked.request.kind}"
        log.warning("reader_worker_died", request=asked.request.kind, how=ended, bytes=len(asked.body))
        if asked.deaths >= DEATHS:
            if len(self._refused) >= MOST_REFUSED:
                self._refused.pop(next(iter(self._refused)))
            self._refused[asked.digest] = time.monotonic() + REFUSED_SECONDS, ended
            if not asked.done.is_set():
                asked.fail(self._refusal(asked, "death", ended))

    async def _watch(self) -> None:
        """End a quick worker that hangs, and a reader that nobody needs."""
        while True:
            await anyio.sleep(LOOK_SECONDS)
            now = time.monotonic()
            if self._quick is not None and self._sent and now - self._since > QUICK_SECONDS + HANGS_SECONDS:
                self._process.kill(self._quick)
                self._quick.end(-SIGALRM)
                self._quick.close()
            idle = not self._sent and not len(self._queue) and not self._alone
            if idle and self._process.pid and now - self._used > self.limits.idle_seconds:
                self._process.stop()
