"""The one way to have foreign text looked at: `Reader.ask`.

Requests go to a quick worker, many in one message (see `lane`). What takes too long there is asked again alone, as what is large,
with the full time when there is a place; so is what has killed a worker, once before that at once and in a hurry. One that kills
two workers is refused for an hour. There are two lanes: a client whose request has held a worker up, or ended it, uses the second
one for a while, so that it holds up only its like.
"""

import os
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from signal import SIGKILL, SIGPROF
from types import TracebackType
from typing import Any, Self, TypeVar

import anyio
from anyio.abc import TaskGroup
from pydantic import ValidationError

from podium import errors
from podium.conductor.processes.reaper import Reaper
from podium.conductor.reading.lane import LEFT_SECONDS, QUICK_SECONDS, Lane
from podium.conductor.reading.process import ReaderProcess
from podium.conductor.reading.queue import LAUNCHES, Asked, digest_of, process_of
from podium.conductor.reading.refusals import Why, busy, refusal
from podium.conductor.reading.worker import Worker, WorkerGone
from podium.log import get_logger
from podium.reader.requests import Answer, Part, Request
from podium.times import iso

log = get_logger()
Found = TypeVar("Found", bound=Part)

DOUBT_SECONDS = 10.0  # that a client is in the second lane
MOST_DOUBTED = 1000
HURRIED_SECONDS = 0.2  # alone, at once
MOST_LEFT = 8  # workers that are left to one request each
LARGE_BYTES = 64 * 1024  # a request from here on does not make the small ones wait
ALONE = 2  # at once, and as many of launches beside them
MOST_ALONE = 64
MOST_ALONE_OF_ONE = 8
HANGS_SECONDS = 5.0  # over the limit, by the clock: it hangs in the system, or the machine does much else
SHEET_SECONDS = 30.0  # by the clock, more for a sheet: no caller waits, and a busy machine must not fail it
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
        self._lanes = tuple(Lane(self._process, self._tasks, self._leave) for _ in (False, True))
        self._doubted: dict[object, float] = {}  # process -> until when its requests go to the second lane
        self._numbers = count(1)
        self._asking = 0
        self._left = 0  # workers that are left to one request
        self._alone: Counter[object] = Counter()
        self._slots = anyio.CapacityLimiter(ALONE)
        self._launch_slots = anyio.CapacityLimiter(ALONE)
        self._refused: dict[bytes, tuple[float, str]] = {}
        self._used = time.monotonic()
        self._workers_lost = 0
        self._last_death = ""

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        for lane in self._lanes:
            self._tasks.start_soon(lane.run)
        self._tasks.start_soon(self._watch)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        self._tasks.cancel_scope.cancel()
        try:
            return await self._tasks.__aexit__(kind, error, trace)
        finally:
            self._process.stop()  # last, since one of the tasks may just have started it
            for lane in self._lanes:
                lane.close()

    def facts(self) -> dict[str, Any]:
        """Return which process the reader is, how often it was started anew, and what killed a worker last."""
        restarts = max(0, self._process.starts - 1) + self._workers_lost
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
            self._lane_of(client).add(asked)
        asked.files = [os.dup(each) for each in files]
        self._lane_of(client).pump()
        self._asking += 1
        try:
            await asked.done.wait()
        finally:
            asked.abandoned = True
            self._asking -= 1
            self._used = time.monotonic()
        if asked.error is not None:
            raise asked.error
        return self._read(asked, model)

    def _read(self, asked: Asked, model: type[Found]) -> tuple[Found, bytes]:
        answer, body = asked.answer or (Answer(number=0), b"")
        if answer.error is not None:
            raise errors.from_dict(answer.error)
        if answer.spent:
            self._note_loss(asked, f"too much {answer.spent}")
            self._doubt(asked.client)
            raise self._refusal(asked, answer.spent)
        try:
            return model.model_validate(answer.found), body
        except ValidationError as error:
            self._note_loss(asked, why := f"an answer that does not fit: {error.error_count()} errors")
            self._note_death(asked, why)
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

    # -- the lanes ------------------------------------------------------------------------------------------------

    def _lane_of(self, client: object) -> Lane:
        return self._lanes[self._doubted.get(process_of(client), 0.0) > time.monotonic()]

    def _doubt(self, client: object) -> float:
        """Let a client wait among its like for a while: what it asks has just held a worker up, or killed it.

        Returns until when it was doubted before.
        """
        if client == LAUNCHES:
            return 0.0
        process = process_of(client)
        until = self._doubted.pop(process, 0.0)
        if len(self._doubted) >= MOST_DOUBTED:
            self._doubted.pop(next(iter(self._doubted)))
        self._doubted[process] = time.monotonic() + DOUBT_SECONDS
        for asked in reversed(self._lanes[False].withdraw(process)):
            self._lanes[True].put_back(asked)
        return until

    def _leave(self, worker: Worker, asked: Asked | None, late: bool) -> None:
        """Take over a worker that a lane goes on without, and the request that it is at."""
        self._tasks.start_soon(
            self._see_to, worker, asked, late, self._doubt(asked.client) if asked is not None else 0.0
        )

    async def _see_to(self, worker: Worker, asked: Asked | None, late: bool, until: float) -> None:
        """Wait for a request's answer from the worker that is left to it, or for how that ended.

        `until` is until when its process was doubted before: nothing is added where it was not its fault.
        """
        self._left += 1
        status = await self._outcome(worker, asked, LEFT_SECONDS if self._left <= MOST_LEFT else -HANGS_SECONDS)
        self._left -= 1
        if asked is None:
            return
        by_others = status in {0, None, -SIGKILL} and not worker.is_mad  # it gave back memory, or somebody killed it
        was_slow = asked.answer is None or asked.answer[0].seconds >= QUICK_SECONDS  # by itself, not by the machine
        if by_others and not (late and was_slow):
            self._doubted[process_of(asked.client)] = until
        if asked.done.is_set():
            return
        asked.tries += 1
        if status == -SIGPROF:
            self._go_alone(asked)
        elif asked.tries >= TRIES:
            asked.fail(busy("its processes are ended again and again"))
        elif by_others and status != -SIGKILL:
            self._lane_of(asked.client).put_back(asked)
        else:
            self._note_death(asked, worker.told(status))
            self._go_alone(asked)

    async def _outcome(self, worker: Worker, asked: Asked | None, seconds: float) -> int | None:
        """Give a request its answer, or return how the worker ended: an exit code, a negative signal, None if not known."""
        status: int | None = 0
        try:
            if asked is None:  # only its end is of interest
                raise WorkerGone
            with anyio.fail_after(seconds + HANGS_SECONDS):
                await worker.flush()
                asked.succeed(*await worker.answer_to(asked.number))
        except TimeoutError:
            status = -SIGPROF
        except WorkerGone:
            if worker.is_mad:
                self._process.kill(worker)
            status = await worker.how_it_ended()
        finally:
            self._process.kill(worker)  # it may be at what has been asked again elsewhere
            worker.close()
        if asked is not None and not asked.done.is_set() and (status or worker.is_mad):
            self._note_loss(asked, "too much time" if status == -SIGPROF else worker.told(status))
        return status

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
        self._tasks.start_soon(self._ask_alone, asked)

    async def _ask_alone(self, asked: Asked) -> None:
        try:
            if asked.deaths:  # it may be innocent, and must not wait for those that take long
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
        worker = await self._process.worker(seconds)
        worker.send(asked.message, asked.files)
        patience = SHEET_SECONDS if asked.client == LAUNCHES else 0.0
        status = await self._outcome(worker, asked, seconds + patience)
        if asked.done.is_set():
            return
        if status == -SIGPROF:
            if seconds >= self.limits.seconds:
                asked.fail(self._refusal(asked, "time"))
        elif status is not None:
            self._note_death(asked, worker.told(status))
        elif asked.tries >= TRIES:
            asked.fail(busy("its processes are ended again and again"))

    # -- what went wrong ------------------------------------------------------------------------------------------

    def _note_loss(self, asked: Asked, why: str) -> None:
        """Count a worker that a request has cost, and log it."""
        self._workers_lost += 1
        log.warning("reader_worker_lost", request=asked.request.kind, why=why, bytes=len(asked.body))

    def _note_death(self, asked: Asked, ended: str) -> None:
        """Remember that a request has killed a worker, and refuse it if it was not the first one."""
        asked.deaths += 1
        self._last_death = f"{iso(time.time())}, {ended}, at the request {asked.request.kind}"
        if asked.deaths >= DEATHS:
            if len(self._refused) >= MOST_REFUSED:
                self._refused.pop(next(iter(self._refused)))
            self._refused[asked.digest] = time.monotonic() + REFUSED_SECONDS, ended
            if not asked.done.is_set():
                asked.fail(self._refusal(asked, "death", ended))

    async def _watch(self) -> None:
        """End a reader that nobody needs."""
        while True:
            await anyio.sleep(LOOK_SECONDS)
            if not self._asking and self._process.pid and time.monotonic() - self._used > self.limits.idle_seconds:
                self._process.stop()
