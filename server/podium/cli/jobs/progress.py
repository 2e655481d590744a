"""A job's progress on the terminal: lines for sheets that ended, and a live bar with a counter and a clock below them.

What keeps a line of its own:

- A sheet that failed, was cancelled, waits for a retry, needed one, or took far longer than the others does, up to `UNUSUAL`.
- Of a job with at most `FEW` sheets every other one does too.
- Of a job with more, the last `LAST` of them stand above the bar, and a line counts those before ("… 297 completed"). Where
  nothing can be drawn again (a pipe, the log of a build, TERM=dumb) the first `PLAIN` have a line, and then a line
  counts each `PLAIN` more.

The bar, the counter and the clock are never cut: first goes what runs, then the middle of the job's name.
"""

import itertools
import time
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Self, TextIO, cast

import anyio
from anyio.abc import TaskGroup

from podium.cli.terminal.door import Piece, in_line, short_reason
from podium.cli.terminal.live import Above, Line, Live
from podium.cli.terminal.states import MARKS
from podium.cli.terminal.when import took
from podium.texts.widths import cut_end, cut_middle, width
from podium.wire.errors import unwrap

TOLD = ("completed", "failed", "skipped", "cancelled", "waiting")  # the states of a sheet that it has a line for
ORDINARY = ("completed", "skipped")
FEW, LAST, PLAIN, UNUSUAL = 20, 3, 50, 50
SLOW_SECONDS, SLOW_TIMES = 10.0, 4.0  # a slow sheet takes as long, and so many times the mean
LABEL, TIME = 16, 8  # cells, at least
BAR, NARROW_BAR, NAME = 28, 16, 24  # cells
WIDE = 100  # columns from which the bar is a long one
TICK_SECONDS = 0.125
SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
FULL, EMPTY = "━", "─"


class JobProgress:
    """Shows snapshots of one job. Use it as an async context manager; the bar goes away at the end, the lines stay."""

    def __init__(self, stream: TextIO, name: str) -> None:
        self._stream = stream
        self._live = Live(stream)
        self._name = in_line(name)
        self._shown: dict[int, tuple[str, int]] = {}
        self._folded: Counter[str] = Counter()  # ended sheets without a line of their own, by status
        self._last: deque[tuple[str, Line]] = deque()  # status and line of those above the bar
        self._ordinary = self._unusual = 0  # lines of their own so far
        self._timed, self._seconds = 0, 0.0  # sheets without anything unusual, and what they took together
        self._completed, self._total, self._doing = 0, 0, ""
        self._began = time.monotonic()
        self._turns = itertools.cycle(SPINNER)
        self._ticking: TaskGroup | None = None

    async def __aenter__(self) -> Self:
        if self._live.animated:
            self._ticking = anyio.create_task_group()
            await self._ticking.__aenter__()
            self._ticking.start_soon(self._tick)
            self._ticking.start_soon(self._live.mind_suspension)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        try:
            if self._ticking is not None:
                self._ticking.cancel_scope.cancel()
                return await self._ticking.__aexit__(kind, error, trace)
        except BaseExceptionGroup as group:
            raise unwrap(group) from None
        finally:
            self._leave()
        return None

    async def _tick(self) -> None:
        """Turn the wheel and move the clock, whatever the job does."""
        while True:
            await anyio.sleep(TICK_SECONDS)
            self._live.show(self._bottom())

    def _leave(self) -> None:
        """Leave what stood above the bar as lines that stay."""
        lines = [*self._fold_line(), *(line for _, line in self._last)]
        self._last.clear()
        self._folded.clear()
        if lines:
            self._live.above(lines)
        self._live.close()

    def job(self, *, completed: int, total: int, doing: str, elapsed: float | None = None) -> None:
        """Move the bar; `doing` says what runs or why nothing does. `elapsed`: the seconds since the job's first sheet began."""
        self._completed, self._total, self._doing = completed, total, in_line(doing)
        if elapsed is not None:
            self._began = time.monotonic() - elapsed
        self._live.show(self._bottom())

    @property
    def has_bar(self) -> bool:
        """Whether there is a bar that moves, whatever the job does."""
        return self._live.animated

    @property
    def above(self) -> TextIO:
        """A stream for what prints by itself while the bar is there."""
        return cast(TextIO, Above(self._stream, lambda text: self._live.print(text, self._bottom())))

    def say(self, text: str, *, style: str = "") -> None:
        """Print a text that stays."""
        self._live.above([[(in_line(text), style)]], self._bottom())

    def sheets(self, sheets: Iterable[Mapping[str, Any]]) -> None:
        """Show each sheet (the members of `SheetView`) that ended or waits since the last snapshot."""
        staying: list[Line] = []
        for sheet in sheets:
            now = (str(sheet["status"]), int(sheet["attempts"]))
            if now[0] in TOLD and self._shown.get(sheet["sheet"]) != now:
                self._shown[sheet["sheet"]] = now
                staying += self._ended(sheet)
        if staying or self._last:
            self._live.above(staying, self._bottom())

    def _ended(self, sheet: Mapping[str, Any]) -> list[Line]:
        """Return the lines that stay for a sheet that ended or waits; others are kept above the bar, or counted."""
        status = str(sheet["status"])
        line = sheet_line(sheet, self._live.width if self._live.animated else None)
        if self._is_unusual(sheet):
            self._unusual += 1
            if self._unusual <= UNUSUAL:
                return [line]
        elif self._total <= FEW or (not self._live.animated and self._ordinary < PLAIN):
            self._ordinary += 1
            return [line]
        elif self._live.animated:
            self._last.append((status, line))
            if len(self._last) <= LAST:
                return []
            status, _ = self._last.popleft()
        self._folded[status] += 1
        if self._live.animated or self._folded.total() < PLAIN:
            return []
        lines = self._fold_line()
        self._folded.clear()
        return lines

    def _is_unusual(self, sheet: Mapping[str, Any]) -> bool:
        if sheet["status"] not in ORDINARY or sheet["attempts"] > 1:
            return True
        seconds = sheet["duration_seconds"] or 0.0
        is_slow = bool(self._timed) and seconds > max(SLOW_SECONDS, SLOW_TIMES * self._seconds / self._timed)
        self._timed += 1
        self._seconds += seconds
        return is_slow

    def _fold_line(self) -> list[Line]:
        counted = [f"{self._folded[status]} {status}" for status in TOLD if self._folded[status]]
        return [[("   … ", "dim"), (", ".join(counted), "dim")]] if counted else []

    def _bottom(self) -> list[Line]:
        if not self._live.animated:
            return []
        return [*self._fold_line(), *(line for _, line in self._last), self._bar(self._live.width)]

    def _bar(self, columns: int) -> Line:
        """Return the bar: what turns, the job's name, the bar itself, the counter, the clock, and what runs."""
        counter = f"{self._completed} of {self._total}"
        minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
        clock = f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
        room = columns - width(f"⠋ {counter} {clock} ")
        length = max(0, min(room, BAR if columns >= WIDE else NARROW_BAR))
        room = max(0, room - length)
        name = cut_middle(self._name, min(NAME, room - 1)) if room > 1 else ""
        room -= width(name) + bool(name)
        done = length * self._completed // self._total if self._total else 0
        parts: list[Piece] = [(next(self._turns), "cyan"), (" ", ""), (f"{name} " if name else "", "bold")]
        parts += [(FULL * done, "green"), (EMPTY * (length - done), "dim"), (f" {counter}", ""), (f" {clock}", "cyan")]
        return [*parts, (cut_end(f"  {self._doing}", room), "dim")] if self._doing and room > len("  ") else parts


def sheet_line(sheet: Mapping[str, Any], columns: int | None = None) -> Line:
    """Return one sheet's line: mark, label, the word for its state unless it completed, time, and what is unusual about it.

    With a `columns` a long label is cut in the middle to fit beside the rest.
    """
    status = str(sheet["status"])
    mark, style = MARKS[status]
    label = in_line(str(sheet["name"])) or f"sheet {sheet['sheet']}"
    facts = []
    if status == "completed" and sheet["duration_seconds"] is not None:
        facts.append(f"{took(sheet['duration_seconds']):>{TIME}}")
    if sheet["attempts"] > 1:
        facts.append(f"attempt {sheet['attempts']}")
    if status != "completed":
        facts.append(f"{status}: {short_reason(str(sheet['reason']))}" if sheet["reason"] else status)
    said = " ".join(facts)
    if columns is not None:
        label = cut_middle(label, max(LABEL, columns - width(said) - len("   ✓  ")))
        said = cut_end(said, columns - max(LABEL, width(label)) - len("   ✓  "))
    gap = " " * max(1, LABEL - width(label))
    return [(f"   {mark} ", style), (label + gap, ""), (said, "dim")]
