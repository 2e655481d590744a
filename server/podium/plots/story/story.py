"""A job's record as a story in time: one lane for each sheet, whose spans are what was recorded, and nothing else."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from podium.contract.models import JobView, SheetView
from podium.contract.record import AttemptView, JobRecord
from podium.contract.states import TERMINAL
from podium.plots.story.critical import critical_path
from podium.plots.story.spans import LOST, AttemptKind, Span, SpanKind, overlaid
from podium.plots.story.waits import Waits, is_queued, label_of, read_waits
from podium.plots.words import in_line
from podium.times import moment

_LETS_GO_ON = {"condition", "before_start"}  # kinds of skipping
_RUN_OVER = {"completed", "skipped"}  # what comes after such an attempt is another run of the sheet


@dataclass(frozen=True)
class Lane:
    """One sheet over time. Its last run `began` when it started, or could have, and `ended` then or now; None without a run."""

    sheet: SheetView
    label: str
    spans: tuple[Span, ...] = ()
    critical: bool = False
    began: float | None = None
    ended: float | None = None


@dataclass(frozen=True)
class Story:
    """A job over time. `stops` are when it was paused or stopped as a whole; `path` are the sheets that decided its end."""

    job: JobView
    lanes: tuple[Lane, ...]
    stops: tuple[Span, ...]
    path: tuple[int, ...]
    start: float
    end: float

    @property
    def ended(self) -> bool:
        """Whether nothing more comes; else it is told up to now."""
        return self.job.status in TERMINAL

    @property
    def steps(self) -> list[Lane]:
        """The lanes on the critical path, in the order of the path."""
        by_number = {lane.sheet.sheet: lane for lane in self.lanes}
        return [by_number[num] for num in self.path]

    def on_path(self) -> dict[SpanKind, float]:
        """Return for how long the critical path did what, in seconds; its stops are those between its first and last moment."""
        told: defaultdict[SpanKind, float] = defaultdict(float)
        for lane in self.steps:
            for span in lane.spans:
                if span.start >= self._run_of(lane):
                    told["running" if span.is_attempt else span.kind] += span.seconds
        return dict(told)

    def _run_of(self, lane: Lane) -> float:
        """Return when the wait before a lane's last run began."""
        earlier = [span.end for span in lane.spans if span.kind in _RUN_OVER and span.end <= (lane.began or 0.0)]
        return max(earlier, default=self.start)


def story_of(record: JobRecord, now: float) -> Story:
    """Return the story of a job up to its end, or up to `now` (seconds since the epoch)."""
    job = record.job
    ended = job.status in TERMINAL
    waits = read_waits(record.sheets, record.events, now, ended=ended)
    attempts: defaultdict[int, list[Span]] = defaultdict(list)
    sheets = {each.sheet: each for each in record.sheets}
    for attempt in record.attempts:
        if (span := _attempt_span(attempt, sheets.get(attempt.sheet), now)) is not None:
            attempts[attempt.sheet].append(span)
    known = [edge for spans in attempts.values() for each in spans for edge in (each.start, each.end)]
    begin = moment(job.submitted_at) or min(known, default=now)
    end = moment(job.finished_at) if ended else now
    end = max([end or begin, begin, *known])
    telling = _Telling(record.sheets, attempts, waits, begin, end, ended=ended)
    path = critical_path({each.sheet: each.needs for each in record.sheets}, telling.times, telling.keeps_open)
    lanes = tuple(telling.lane(sheet, critical=sheet.sheet in path) for sheet in record.sheets)
    return Story(job, lanes, tuple(waits.stops), path, begin, end)


def _attempt_span(attempt: AttemptView, sheet: SheetView | None, now: float) -> Span | None:
    start, end = moment(attempt.started_at), moment(attempt.finished_at)
    if start is None:
        return None
    if end is None and sheet is not None and sheet.status == "running":
        if is_queued(sheet):
            return None
        start = max(start, moment(sheet.started_at) or start)  # when it left the queue; its attempt began in it
    kind: AttemptKind = attempt.outcome
    if attempt.outcome == "failed" and attempt.end_reason in LOST:
        kind = "lost"
    until = max(start, now if end is None else end)
    return Span(kind, start, until, attempt.attempt, in_line(attempt.reason), open=end is None)


class _Telling:
    """Puts the lanes together."""

    def __init__(
        self,
        sheets: Sequence[SheetView],
        attempts: dict[int, list[Span]],
        waits: Waits,
        begin: float,
        end: float,
        *,
        ended: bool,
    ) -> None:
        self._attempts, self._waits, self._begin, self._end = attempts, waits, begin, end
        self._done = {each.sheet: self._ends(each) for each in sheets}
        satisfied = {each.sheet for each in sheets if each.status == "completed" or each.skip_kind in _LETS_GO_ON}
        self._idle = {each.sheet for each in sheets if not ended and _is_ready(each, satisfied)}
        self.times = {each.sheet: times for each in sheets if (times := self._run_of(each)) is not None}
        self.keeps_open = self._longest_open(sheets)

    def _ends(self, sheet: SheetView) -> list[float]:
        """Return when a sheet was done, in order: once for each run of it that let others go on."""
        ends = [span.end for span in self._attempts.get(sheet.sheet, ()) if span.kind in _RUN_OVER]
        if not ends and sheet.status == "skipped" and (at := moment(sheet.finished_at)) is not None:
            return [at]
        return ends

    def _longest_open(self, sheets: Sequence[SheetView]) -> int | None:
        """Return the sheet that the job still goes on for: it has run longest, else waited longest; None without one."""
        running = [each.sheet for each in sheets if each.status == "running" and each.sheet in self.times]
        waiting = [each.sheet for each in sheets if each.sheet in self._idle]
        return min(running or waiting, key=lambda num: (self.times[num][0], num), default=None)

    def _run_of(self, sheet: SheetView) -> tuple[float, float] | None:
        """Return when the last run of a sheet began and ended; one that has not run, but could, began when it could."""
        spans = self._attempts.get(sheet.sheet, [])
        is_idle = sheet.sheet in self._idle
        if is_idle and (not spans or spans[-1].kind in _RUN_OVER):
            return self._ready_since(sheet, spans[-1] if spans else None, self._end), self._end
        if not spans:
            done = self._done[sheet.sheet]
            return (done[-1], done[-1]) if done else None
        first = len(spans) - 1
        while first and spans[first - 1].kind not in _RUN_OVER:
            first -= 1
        return spans[first].start, self._end if is_idle else spans[-1].end

    def lane(self, sheet: SheetView, *, critical: bool) -> Lane:
        """Return the lane of a sheet: its attempts, and what it did before and between them."""
        spans: list[Span] = []
        before: Span | None = None
        for attempt in self._attempts.get(sheet.sheet, ()):
            spans += [*self._gap(sheet, before, attempt.start), attempt]
            before = attempt
        if sheet.sheet in self._idle:
            spans += self._gap(sheet, before, self._end, is_open=True)
        began, ended = self.times.get(sheet.sheet, (None, None))
        return Lane(sheet, label_of(sheet), tuple(spans), critical, began, ended)

    def _gap(self, sheet: SheetView, before: Span | None, until: float, *, is_open: bool = False) -> list[Span]:
        """Return what a sheet waited for until a moment, since it could have run."""
        since = self._ready_since(sheet, before, until)
        delay = self._waits.delays.get((sheet.sheet, before.attempt)) if before is not None else None
        waited = [] if delay is None else [Span(delay.kind, since, delay.end, note=delay.note, open=is_open)]
        asked = since
        if before is not None and before.kind == "failed" and delay is None:  # for good, until somebody let it go on
            asked = self._restarted(before.end, until)
        rest = [Span("ready", asked, until, open=is_open)]
        return overlaid(since, until, [self._waits.holds.get(sheet.sheet, ()), self._waits.stops, waited, rest])

    def _ready_since(self, sheet: SheetView, before: Span | None, until: float) -> float:
        """Return since when nothing that the sheet needs was missing: its needs were done, and it was asked to run (again)."""
        if before is not None and before.kind not in _RUN_OVER:
            return before.end
        asked = self._begin
        if before is not None:
            asked = self._restarted(before.end, until)
        done = [end for need in sheet.needs if (end := _last_before(self._done.get(need, ()), until)) is not None]
        return min(until, max([asked, *done]))

    def _restarted(self, since: float, until: float) -> float:
        """Return when somebody last let the job go on between two moments; the first of them if nobody did."""
        return max(since, _last_before(self._waits.restarts, until) or since)


def _is_ready(sheet: SheetView, satisfied: AbstractSet[int]) -> bool:
    """Return whether a sheet that does not run could, as far as its needs go."""
    return (sheet.status in {"pending", "waiting"} and satisfied >= set(sheet.needs)) or is_queued(sheet)


def _last_before(ends: Sequence[float], until: float) -> float | None:
    at = bisect_right(ends, until)
    return ends[at - 1] if at else None
