"""Waiting for jobs: until they are settled, until something needs attention, or until the time is over.

A settled job is terminal, paused or stuck. A failed sheet, a retry, healing, and a sheet that waits for an approval are passing
events: they end a wait for any job once, counted from `after`. A wait outlasts a restart of the conductor, but not its absence;
the end of a wait never touches a job.
"""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Literal, Protocol

import anyio

from podium.client.signs import AWAY_SECONDS, BRIDGE_SECONDS, Signs, WatchSource, joined, split
from podium.contract.models import EventView, JobView
from podium.contract.ports import Progress
from podium.contract.waits import WaitView
from podium.errors import ConductorError, PodiumError
from podium.log import get_logger

log = get_logger()

LOOK_SECONDS = 5.0  # between two looks at the jobs, at most: becoming stuck is not an event
PROGRESS_SECONDS = 1.0  # between two reports of progress, at least; without changes each look is reported
CATCH_UP_SECONDS = 2.0  # for searching the output that is there, at the beginning and the end of a wait
LATE_SECONDS = 1.0  # by which a busy conductor may answer later at the end
_SHORTEST_SECONDS = 0.05  # between two looks at jobs with many events
_KEPT_EVENTS = 50
_PASSING = (
    "sheet.failed",
    "sheet.completing",
    "sheet.retrying",
    "sheet.rate_limited",
    "sheet.fallback",
    "sheet.held",
    "healing.",
)

Woke = Literal["settled", "event", "pattern", "timeout"]


class WaitSource(WatchSource, Protocol):
    """What a wait needs to know of a conductor.

    `first_cursor` is that with which a wait begins that has none, "" where the cursor of its jobs is.
    """

    first_cursor: str

    async def views(self, job_ids: Sequence[str]) -> list[JobView]:
        """Return the jobs' present state; raises JobNotFound."""

    async def events(self, job_ids: Sequence[str], after: str) -> tuple[list[EventView], str]:
        """Return what happened to the jobs after a cursor, and the cursor after it."""

    async def mark(self) -> int:
        """Return the present place in the stream of events."""

    async def changed(self, job_ids: Sequence[str], mark: int) -> None:
        """Return as soon as something may have happened to the jobs since the mark."""


def is_passing(event: EventView) -> bool:
    """Return whether the event needs attention although its job goes on."""
    return event.type.startswith(_PASSING)


@dataclass(frozen=True)
class WaitRequest:
    """What to wait for. `after` is the cursor of an earlier wait; "" begins with the present.

    With a `pattern` a line of output that matches ends the wait, too: one that was written after `after`, or without that one
    of all that is there.
    """

    job_ids: tuple[str, ...]
    until: Literal["any", "all"]
    timeout_seconds: float
    after: str = ""
    progress: Progress | None = None
    pattern: str = ""


async def wait_for_jobs(source: WaitSource, request: WaitRequest) -> WaitView:
    """Wait; on time-out return the present state.

    Raises:
        JobNotFound: one of the ids is unknown, or its job was deleted meanwhile.
        InvalidArguments: the pattern cannot be used.
        ConductorError: no conductor answers at the beginning, for `AWAY_SECONDS`, or when the time is over.
    """
    return await _Wait(source, request).run()


class _Wait:
    """The state of one wait."""

    def __init__(self, source: WaitSource, request: WaitRequest) -> None:
        self._source = source
        self._request = request
        self._started = time.monotonic()
        after, position = split(request.after)
        self._after = after or source.first_cursor
        self._signs = Signs(source, request.job_ids, request.pattern, position)
        self._pause = anyio.CancelScope()
        self._jobs: list[JobView] = []
        self._events: list[EventView] = []
        self._looked = 0.0
        self._passed = False
        self._away_since: float | None = None
        self._reported: tuple[float, list[JobView]] = (self._started, [])

    async def run(self) -> WaitView:
        await self._signs.catch_up(CATCH_UP_SECONDS)
        mark = await self._source.mark()
        await self._look()
        woke = self._verdict()
        if woke is None and self._request.timeout_seconds > 0:
            woke = await (self._with_signs(mark) if self._request.pattern else self._until(mark))
        if woke != "pattern":
            seconds = max(CATCH_UP_SECONDS, self._left) if woke == "settled" else CATCH_UP_SECONDS
            # Where that does not succeed, the answer says that some output is left.
            with suppress(ConductorError), anyio.move_on_after(seconds + LATE_SECONDS):
                await self._signs.catch_up(seconds)
        if woke is None:
            await self._look()
        return WaitView(
            woke_for="pattern" if self._signs.found else woke or self._verdict() or "timeout",
            jobs=self._jobs,
            events=self._events,
            after=joined(self._after, self._signs.position),
            waited_seconds=round(time.monotonic() - self._started, 3),
            match=self._signs.found,
            behind=self._signs.behind and bool(self._request.pattern),
            unsearched=self._signs.unsearched,
        )

    @property
    def _left(self) -> float:
        """The seconds until the time is over."""
        return self._started + self._request.timeout_seconds - time.monotonic()

    async def _until(self, mark: int) -> Woke | None:
        """Wait until there is a reason to return, None when the time is over."""
        woke: Woke | None = None
        with anyio.move_on_after(self._left):
            while woke is None:
                await self._report()
                mark = await self._step(mark)
                woke = self._verdict()
        return woke

    async def _with_signs(self, mark: int) -> Woke | None:
        """Wait while the output is being searched."""
        failure: Exception | None = None
        woke: Woke | None = None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._signs.follow, self._wake)
            try:
                woke = await self._until(mark)
            except Exception as error:  # noqa: BLE001 the group would wrap it
                failure = error
            tasks.cancel_scope.cancel()
        if failure is not None:
            raise failure
        return woke

    def _wake(self) -> None:
        """Let the wait look at once."""
        self._pause.cancel()

    async def _step(self, mark: int) -> int:
        """Wait for a change or the next look, then look; return the place looked at, or the old one if that failed."""
        try:
            await self._change(mark)
            now = await self._source.mark()
            await self._look()
        except PodiumError as error:
            self._away_since = self._away_since or time.monotonic()
            if not error.retryable or time.monotonic() - self._away_since > AWAY_SECONDS:
                raise
            await anyio.sleep(BRIDGE_SECONDS)
            return mark
        self._away_since = None
        if self._signs.error is not None:
            raise self._signs.error
        return now

    async def _change(self, mark: int) -> None:
        """Return at a change, at the time for the next look, or when the stream of events is lost; never too often."""
        try:
            self._pause = anyio.move_on_after(PROGRESS_SECONDS if self._has_news() else LOOK_SECONDS)
            with self._pause:
                if not self._signs.is_over:
                    await self._source.changed(self._request.job_ids, mark)
        except ConductorError as error:
            log.info("event_feed_lost", reason=error.message)
        await anyio.sleep(max(0.0, self._looked + _SHORTEST_SECONDS - time.monotonic()))

    async def _look(self) -> None:
        """Look at events and jobs; once more if jobs have settled, so that the events of their end are there."""
        has_events = bool(self._after)
        await self._look_once()
        if has_events and self._verdict() == "settled":
            await self._look_once()

    async def _look_once(self) -> None:
        """Read the events, then the jobs, so that the jobs are never older than the events."""
        ids = self._request.job_ids
        self._looked = time.monotonic()
        if self._after:
            events, self._after = await self._source.events(ids, self._after)
            self._passed = self._passed or any(map(is_passing, events))
            events = [*self._events, *events]
            # Of too many events the oldest are dropped, those that need attention last.
            less_needed = (each.seq for each in events if not is_passing(each))
            dropped = set(islice(less_needed, max(0, len(events) - _KEPT_EVENTS)))
            self._events = [event for event in events if event.seq not in dropped][-_KEPT_EVENTS:]
        self._jobs = await self._source.views(ids)
        self._after = self._after or self._jobs[0].cursor

    def _verdict(self) -> Woke | None:
        """Return why the wait is over, None while it is not."""
        if self._signs.found is not None:
            return "pattern"
        settled = [job.settled for job in self._jobs]
        if self._request.until == "all":
            return "settled" if all(settled) else None
        if any(settled):
            return "settled"
        return "event" if self._passed else None

    def _has_news(self) -> bool:
        """Return whether there is progress that was not reported yet."""
        return self._request.progress is not None and self._reported[1] != _comparable(self._jobs)

    async def _report(self) -> None:
        """Report progress when it is due."""
        now = time.monotonic()
        due = PROGRESS_SECONDS if self._has_news() else LOOK_SECONDS * 0.9
        if self._request.progress is not None and (now - self._reported[0] >= due or not self._reported[1]):
            self._reported = (now, _comparable(self._jobs))
            await self._request.progress(now - self._started, self._jobs)


def _comparable(jobs: list[JobView]) -> list[JobView]:
    """Return the jobs without the members that change although nothing happens to them."""
    return [job.model_copy(update={"cursor": "", "reason": "", "waiting_until": None}) for job in jobs]
