"""When a job and its sheets waited, and for what, as its events say."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from podium.contract.models import EventView, SheetView
from podium.plots.story.spans import Span, WaitKind
from podium.plots.words import in_line
from podium.times import moment

_ENDS = {"job.completed", "job.failed", "job.cancelled"}
_WAITS: dict[str, WaitKind] = {"sheet.retrying": "retry", "sheet.completing": "retry", "sheet.rate_limited": "limit"}


def label_of(sheet: SheetView) -> str:
    """Return what a sheet is called: its name, else its number."""
    return in_line(sheet.name) or str(sheet.sheet)


def is_queued(sheet: SheetView) -> bool:
    """Return whether a sheet was handed to a cluster, and waits in its queue."""
    return sheet.status == "running" and bool(sheet.place) and sheet.duration_seconds is None


@dataclass
class Waits:
    """What the events of a job say of waits.

    `stops` are the times in which the job was paused, or had ended before somebody continued it; `holds` the times in which a
    sheet (by its number) waited for an approval; `delays` the wait after an attempt, by sheet and attempt; `restarts` the moments
    at which somebody let the job continue.
    """

    stops: list[Span] = field(default_factory=list)
    holds: dict[int, list[Span]] = field(default_factory=dict)
    delays: dict[tuple[int, int], Span] = field(default_factory=dict)
    restarts: list[float] = field(default_factory=list)


class _Reader:
    """Reads events one after the other. Sheets are known by their labels: a changed score may have given them other numbers."""

    def __init__(self, sheets: Iterable[SheetView]) -> None:
        self.waits = Waits()
        self._number = {sheet.name or str(sheet.sheet): sheet.sheet for sheet in sheets}
        self._stop: tuple[WaitKind, float] | None = None
        self._held: dict[int, tuple[float, str]] = {}

    def read(self, event: EventView, at: float) -> None:
        kind, data = event.type, event.data
        if kind == "job.paused":
            self._close(at)
            self._stop = ("paused", at)
        elif kind in _ENDS:
            self._end_holds(at)
            self._close(at)
            self._stop = ("stopped", at)
        elif kind in {"job.resumed", "job.modified"}:
            self._close(at)
            self.waits.restarts.append(at)
            if kind == "job.modified":
                self._end_holds(at)
        else:
            self._read_sheet(kind, data, at)

    def _read_sheet(self, kind: str, data: Mapping[str, Any], at: float) -> None:
        num = self._number.get(str(data.get("name")))
        if num is None:
            return
        if kind == "sheet.held":
            self._held[num] = (at, in_line(str(data.get("text") or "")))
        elif kind in {"sheet.released", "sheet.skipped", "sheet.started"}:
            self._end_hold(num, at)
        elif kind in _WAITS:
            seconds, note = data.get("delay_seconds"), in_line(str(data.get("reason") or ""))
            if isinstance(seconds, int | float):
                self.waits.delays[num, int(data.get("attempt") or 0)] = Span(_WAITS[kind], at, at + seconds, note=note)

    def _close(self, at: float) -> None:
        if self._stop is not None:
            kind, since = self._stop
            self.waits.stops.append(Span(kind, since, at))
        self._stop = None

    def _end_hold(self, num: int, at: float, *, is_open: bool = False) -> None:
        if num in self._held:
            since, text = self._held.pop(num)
            self.waits.holds.setdefault(num, []).append(Span("hold", since, at, note=text, open=is_open))

    def _end_holds(self, at: float) -> None:
        for num in list(self._held):
            self._end_hold(num, at)

    def finish(self, now: float, *, ended: bool) -> Waits:
        for num in list(self._held):
            self._end_hold(num, now, is_open=True)
        if self._stop is not None and not ended:
            kind, since = self._stop
            self.waits.stops.append(Span(kind, since, now, open=True))
        return self.waits


def read_waits(sheets: Iterable[SheetView], events: Iterable[EventView], now: float, *, ended: bool) -> Waits:
    """Return the waits of a job that has `ended`, or goes on `now`."""
    reader = _Reader(sheets)
    for event in events:
        if (at := moment(event.at)) is not None:
            reader.read(event, at)
    return reader.finish(now, ended=ended)
