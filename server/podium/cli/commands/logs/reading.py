"""Reading the output of a job's sheets: each finished line of each attempt once, also over retries and restarts of the conductor.

The conductor's cursors are durable: what was read stays read, whatever happens to it between two calls.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import anyio

from podium.cli.jobs.bridge import RETRY_SECONDS, Bridge
from podium.client.job_control import JobControlService
from podium.contract.methods import LogParams
from podium.contract.models import JobView, LogLine, LogView, SheetView, Stream
from podium.contract.states import TERMINAL
from podium.errors import PodiumError

PAGE_LINES, SHEETS_PAGE = 2000, 500  # as many as a call takes
SOON_SECONDS, LATER_SECONDS = (
    0.2,
    1.0,
)  # to the next look at what runs, after one that found output, and after one that did not
LOOK_SECONDS = 5.0  # between two looks at the job, at most


@dataclass
class Part:
    """The output of one attempt to one stream, and up to where it was read."""

    sheet: int
    name: str
    attempt: int
    stream: Stream
    cursor: str = ""
    begun: bool = False
    done: bool = False  # the attempt has ended, and everything was read

    @property
    def label(self) -> str:
        """How its sheet is called."""
        return label_of(self.sheet, self.name)


def label_of(sheet: int, name: str) -> str:
    """Return how a sheet is called."""
    return name or f"sheet {sheet}"


@dataclass(frozen=True)
class Wanted:
    """What is asked for. `sheet` "" means all that have run, `attempt` 0 the last, `lines` None all."""

    streams: Sequence[Stream] = ("stdout", "stderr")
    sheet: str = ""
    attempt: int = 0
    lines: int | None = None
    pattern: str = ""
    follow: bool = False


Put = Callable[[Part, Sequence[LogLine]], None]


class Reading:
    """Reads what is wanted of one job. `put` gets the lines, `say` what is told beside them.

    Raises:
        InvalidArguments: there is no such sheet or attempt, or the pattern is unusable.
        LostSight: the conductor has gone and is not back in time, or the job was deleted.
    """

    def __init__(
        self, control: JobControlService, job: JobView, wanted: Wanted, *, put: Put, say: Callable[[str], None]
    ) -> None:
        self._control, self._wanted, self._put, self._say = control, wanted, put, say
        self._bridge = Bridge(say)
        self._parts: list[Part] = []
        self._attempts: dict[int, int] = {}  # sheet -> the last attempt that is among the parts
        self._changed = anyio.Event()
        self._told = ""  # the status that was told
        self.job = job
        self.labels: list[str] = []  # of all sheets that are wanted

    async def whole(self) -> None:
        """Read everything that there is now."""
        self._take(await self._look())
        if not self._parts:
            self._say(f"{self.job.job_id} has not written anything yet: no sheet has run.")
        for part in self._parts:
            await self._read(part)

    async def follow(self) -> None:
        """Read everything, and on, until the job has ended, or the attempt that was asked for."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._listen, self.job.cursor)
            while True:
                self._changed = anyio.Event()
                sheets = await self._look()
                ended = self.job.status in TERMINAL
                self._take(sheets)
                self._tell_pause()
                deadline = anyio.current_time() + LOOK_SECONDS
                while True:
                    found = [await self._read(part) for part in self._parts if not part.done]
                    if ended or self._is_over():
                        group.cancel_scope.cancel()
                        return
                    with anyio.move_on_after(SOON_SECONDS if any(found) else LATER_SECONDS):
                        await self._changed.wait()
                    if self._changed.is_set() or anyio.current_time() > deadline:
                        break

    def _is_over(self) -> bool:
        """Return whether one attempt of one sheet was asked for, and it has ended."""
        asked = bool(self._wanted.sheet and self._wanted.attempt and self._parts)
        return asked and all(part.done for part in self._parts)

    async def _listen(self, after: str) -> None:
        """Note when something happens to the job. Its answers say only that: a conductor that is away is met by the others."""
        while True:
            try:
                _, after = await self._control.changes([self.job.job_id], after=after)
            except PodiumError:
                await anyio.sleep(RETRY_SECONDS)
            self._changed.set()

    async def _look(self) -> list[SheetView]:
        """Return the sheets that are wanted, in the order of their starts, as they are now."""
        job_id, cursor, found = self.job.job_id, "", list[SheetView]()
        while True:
            ask = partial(self._control.detail, job_id, sheets=True, sheets_cursor=cursor, limit=SHEETS_PAGE)
            page = await self._bridge.ask(ask)
            found += page.sheets
            if not (cursor := page.sheets_cursor):
                break
        self.job = page.job
        if word := self._wanted.sheet:
            found = [sheet for sheet in found if word in (sheet.name, str(sheet.sheet))]
            found = [sheet for sheet in found if sheet.name == word] or found
        if not found:  # the conductor says what is wrong with the word, or that it has no output to give
            await self._bridge.ask(lambda: self._control.log(LogParams(job_id, sheet=word or None)))
        self.labels = [label_of(sheet.sheet, sheet.name) for sheet in found]
        return sorted(found, key=lambda sheet: (sheet.started_at or "~", sheet.sheet))

    def _take(self, sheets: Sequence[SheetView]) -> None:
        """Take the attempts that are new among what is read."""
        for sheet in sheets:
            known = self._attempts.get(sheet.sheet)
            if self._wanted.attempt:
                is_there = sheet.attempts >= self._wanted.attempt or bool(
                    self._wanted.sheet and not self._wanted.follow
                )
                new = [self._wanted.attempt] if known is None and is_there else []
            else:
                first = sheet.attempts if known is None else known + 1
                new = list(range(max(1, first), sheet.attempts + 1))
            for attempt in new:
                if known is not None:
                    self._say(f"{label_of(sheet.sheet, sheet.name)}: attempt {attempt}")
                self._attempts[sheet.sheet] = attempt
                self._parts += [Part(sheet.sheet, sheet.name, attempt, stream) for stream in self._wanted.streams]

    def _tell_pause(self) -> None:
        """Say once that a job is paused: nothing comes until somebody resumes it."""
        if self.job.status == "paused" != self._told:
            self._say(f"{self.job.job_id} is paused; `podium resume {self.job.job_id}` lets it continue.")
        self._told = self.job.status

    async def _ask(self, part: Part, **members: object) -> LogView:
        params = {"mode": "range", "copies": True, "max_lines": PAGE_LINES, "cursor": part.cursor, **members}
        place = {"job_id": self.job.job_id, "sheet": part.sheet, "attempt": part.attempt, "stream": part.stream}
        request = LogParams.model_validate({**place, **params})
        return await self._bridge.ask(lambda: self._control.log(request))

    async def _read(self, part: Part) -> bool:
        """Read a part to its present end; return whether it had anything new."""
        had = not part.begun and await self._begin(part)
        while not part.done:
            view = await self._page(part)
            self._put_lines(part, view.lines)
            had |= bool(view.lines)
            if view.at_end:
                await self._end(part, view)
                break
        return had

    async def _page(self, part: Part) -> LogView:
        """Return the next page of a part."""
        pattern = self._wanted.pattern
        view = await self._ask(part, **({"mode": "search", "pattern": pattern} if pattern else {}))
        part.cursor = view.cursor
        part.done = view.at_end and not view.running
        return view

    async def _end(self, part: Part, view: LogView) -> None:
        """Show the line that is still being written, where it does not come later; say if the output is gone."""
        if view.gone:
            self._say(f"The {part.stream} of {part.label}, attempt {part.attempt}, is gone: its file was removed.")
        if view.unfinished and not self._wanted.follow and not self._wanted.pattern:
            last = await self._ask(part, mode="tail", cursor="", max_lines=1)
            self._put_lines(part, [line for line in last.lines if line.unfinished])

    async def _begin(self, part: Part) -> bool:
        """Read only the last lines of a part, if so many are wanted; what comes after them is read as it comes."""
        part.begun = True
        if (most := self._wanted.lines) is None:
            return False
        if not self._wanted.pattern and 0 < most <= PAGE_LINES:
            view = await self._ask(part, mode="tail", cursor="", max_lines=most)
            if len(view.lines) == most or not view.earlier:
                part.cursor = view.cursor  # an unfinished line is before it only if it is whole
                self._put_lines(part, [line for line in view.lines if not line.unfinished])
                return bool(view.lines)
        kept: deque[LogLine] = deque(maxlen=most)
        while True:
            view = await self._page(part)
            kept += view.lines
            if view.at_end:
                self._put_lines(part, list(kept))
                return bool(kept)

    def _put_lines(self, part: Part, lines: Sequence[LogLine]) -> None:
        if lines:
            self._put(part, lines)
