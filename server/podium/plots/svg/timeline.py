"""A story as a chart: a row for each sheet, bars for its attempts, thin lines for its waits, and a line for the critical path."""

from collections import defaultdict
from dataclasses import dataclass

from podium.plots.story.folding import Fold, Row, rows_of
from podium.plots.story.scale import Scale
from podium.plots.story.spans import WORDS, Span, SpanKind
from podium.plots.story.story import Lane, Story
from podium.plots.story.telling import look_of, path_sentence, result_of
from podium.plots.svg.paper import BOLD, MONO, SANS, frame, hatch, tag, text, title, width_of
from podium.plots.words import MARKS
from podium.texts.widths import cut_end, cut_middle, width
from podium.times import measured as duration

ROWS = 120
WIDE, NARROW = 980.0, 360.0
_BAR = 12.0
_VISIBLE = 1.0  # pixels; a wait that is shorter is not drawn
_TICK = 84.0  # pixels between two ticks, at least
_COLOURS: dict[str, str] = {
    "completed": "completed",
    "failed": "failed",
    "lost": "failed",
    "cancelled": "cancelled",
    "skipped": "cancelled",
    "abandoned": "cancelled",
    "running": "running",
    "retry": "waiting",
    "limit": "waiting",
    "waiting": "waiting",
    "hold": "hold",
    "pending": "quiet",
    "queued": "quiet",
}
_DASHES: dict[str, str] = {
    "retry": "dots",
    "limit": "dashes",
    "hold": "",
    "ready": "",
    "paused": "dots",
    "stopped": "dots",
}
_HATCHED = {"failed", "cancelled"}


@dataclass(frozen=True)
class _Sheet:
    """The measures of a chart, in pixels."""

    width: float
    left: float  # where the time begins
    right: float  # where it ends
    top: float
    pitch: float
    stacked: bool  # labels stand above their bars
    ids: str

    def y(self, row: int) -> float:
        """Return where the bar of a row begins."""
        return self.top + row * self.pitch + (18.0 if self.stacked else (self.pitch - _BAR) / 2)


def timeline_svg(story: Story, *, limit: int | None = None, stacked: bool = False, embedded: bool = False) -> str:
    """Return the chart of a story. `stacked` is for a phone; an `embedded` one has no style of its own."""
    rows = rows_of(story.lanes, limit or ROWS)
    sheet = _measures(rows, story, stacked=stacked, embedded=embedded)
    scale = Scale(story, sheet.right - sheet.left)
    bottom = sheet.top + len(rows) * sheet.pitch
    parts = [tag("defs", *(hatch(f"{sheet.ids}{colour}", colour) for colour in ("failed", "cancelled")))]
    parts += [] if embedded else _heading(story, sheet)
    parts += _grid(scale, sheet, bottom)
    parts += _stops(story, scale, sheet, bottom)
    for number, row in enumerate(rows):
        parts.append(_fold(row, number, scale, sheet) if isinstance(row, Fold) else _lane(row, number, scale, sheet))
    parts += _path(story, rows, scale, sheet)
    legend, height = _legend(rows, story, scale, sheet, bottom + 14)
    return frame(sheet.width, height, [*parts, *legend], name=f"Timeline of {story.job.job_id}", embedded=embedded)


def _measures(rows: list[Row], story: Story, *, stacked: bool, embedded: bool) -> _Sheet:
    top = 30.0 if embedded else 64.0
    ids = ("n" if stacked else "w") + "-"
    if stacked:
        return _Sheet(NARROW, 6.0, NARROW - 6.0, top, 38.0, True, ids)
    longest = max((width_of(row.label, MONO) for row in rows), default=0.0)
    left = min(270.0, max(90.0, longest + 42.0))
    return _Sheet(WIDE, left, WIDE - 190.0, top, 24.0, False, ids)


def _heading(story: Story, sheet: _Sheet) -> list[str]:
    job = story.job
    told = f"{job.status}, {duration(story.end - story.start)} since it was submitted"
    return [
        text(cut_end(job.job_id, 60), 14, 26, "title"),
        text(
            f"{MARKS.get(job.status, '')} {told}",
            24 + width_of(cut_end(job.job_id, 60), 8.6),
            26,
            f"f-{_COLOURS.get(job.status, 'quiet')}",
        ),
    ]


def _grid(scale: Scale, sheet: _Sheet, bottom: float) -> list[str]:
    """Return the ticks with their times."""
    parts = []
    free = -1e9
    for tick in scale.ticks(max(2, int(scale.width / _TICK))):
        x = sheet.left + tick.at
        parts.append(tag("line", x1=x, x2=x, y1=sheet.top - 6, y2=bottom, class_="grid"))
        size = width_of(tick.text)
        begin = min(max(x - size / 2, sheet.left - 4), sheet.width - size)
        if begin > free:
            parts.append(text(tick.text, begin, sheet.top - 11, "quiet"))
            free = begin + size + 6
    return parts


def _stops(story: Story, scale: Scale, sheet: _Sheet, bottom: float) -> list[str]:
    """Return bands where the job was paused or stopped; those that are cut out say for how long."""
    parts = []
    for stop in story.stops:
        x = sheet.left + scale.place(stop.start)
        size = sheet.left + scale.place(stop.end) - x
        what = f"{stop.kind} for {duration(stop.seconds)}"
        note = f"job {what}" + (", cut short here" if stop in scale.breaks else "")
        band = tag(
            "rect",
            title(note),
            x=x,
            y=sheet.top - 4,
            width=max(size, 1.0),
            height=bottom - sheet.top + 4,
            class_="shade",
        )
        edges = [tag("line", x1=at, x2=at, y1=sheet.top - 4, y2=bottom, class_="s-quiet dots") for at in (x, x + size)]
        parts += [band, *edges]
        if stop in scale.breaks or size > width_of(what):
            middle = min(max(x + size / 2, width_of(what) / 2 + 4), sheet.width - width_of(what) / 2 - 4)
            parts.append(text(what, middle, bottom + 12, "quiet", "middle"))
    return parts


def _lane(lane: Lane, number: int, scale: Scale, sheet: _Sheet) -> str:
    y, status = sheet.y(number), look_of(lane)
    colour = f"f-{_COLOURS.get(status, 'quiet')}"
    result = result_of(lane)
    room = sheet.width - sheet.right - 22
    base = y - 5 if sheet.stacked else y + 10
    weight = " bold" if lane.critical or status == "failed" else ""
    letters = int(((sheet.width * 0.5 if sheet.stacked else sheet.left) - 34) / MONO)
    parts = [
        title(f"{lane.label}: {result}"),
        text(MARKS[status], 6 if sheet.stacked else 12, base, f"label {colour}"),
        text(cut_middle(lane.label, letters), 22 if sheet.stacked else 28, base, f"label{weight}"),
    ]
    result_kind = (
        f"{colour}{' bold' if status == 'failed' else ''}"
        if status in {"failed", "running", "waiting", "hold"}
        else "quiet"
    )
    letter = BOLD if status == "failed" else SANS
    if sheet.stacked:
        parts.append(text(cut_end(result, int(sheet.width * 0.44 / letter)), sheet.width - 6, base, result_kind, "end"))
    else:
        parts.append(text(cut_end(result, int(room / letter)), sheet.right + 12, base, result_kind))
    parts += [_mark(span, y, scale, sheet) for span in lane.spans if span.kind not in {"paused", "stopped"}]
    return tag("g", *parts)


def _mark(span: Span, y: float, scale: Scale, sheet: _Sheet) -> str:
    """Return an attempt as a bar, or a wait as a thin line."""
    x, end = sheet.left + scale.place(span.start), sheet.left + scale.place(span.end)
    words = f"attempt {span.attempt}: {span.kind}" if span.is_attempt else WORDS[span.kind]
    so_far = " so far" if span.open else ""
    told = title(f"{words}, {duration(span.seconds)}{so_far}{f': {span.note}' if span.note else ''}")
    if not span.is_attempt:
        if end - x < _VISIBLE:
            return ""
        kind = f"thin s-{_COLOURS.get(span.kind, 'quiet')} {_DASHES[span.kind]}"
        return tag("line", told, x1=x, x2=end, y1=y + _BAR / 2, y2=y + _BAR / 2, class_=kind.strip())
    size = max(2.5, end - x - 0.5)
    x = min(x, sheet.right - size)
    colour = _COLOURS[span.kind]
    fill: dict[str, object] = (
        {"fill": f"url(#{sheet.ids}{colour})"} if span.kind in _HATCHED else {"class_": f"f-{colour}"}
    )
    if span.kind == "lost":
        return tag("rect", told, x=x + 1, y=y + 1, width=max(1.0, size - 2), height=_BAR - 2, rx=2, class_="lost")
    bar = tag("rect", told, x=x, y=y, width=size, height=_BAR, rx=2, **fill)
    if span.open:
        tip = f"M{x + size:.1f},{y - 1:.1f} l6,{_BAR / 2 + 1:.1f} l-6,{_BAR / 2 + 1:.1f} z"
        return bar + tag("path", d=tip, class_=f"f-{colour}")
    return bar


def _fold(fold: Fold, number: int, scale: Scale, sheet: _Sheet) -> str:
    """Return how many of the folded sheets ran at each time, as an area."""
    changes: defaultdict[float, int] = defaultdict(int)
    for lane in fold.lanes:
        for span in lane.spans:
            if span.is_attempt:
                start = scale.place(span.start)
                changes[start] += 1
                changes[max(scale.place(span.end), start + 1)] -= 1
    steps, running = [], 0
    for place in sorted(changes):
        running += changes[place]
        steps.append((place, running))
    top = max([count for _, count in steps], default=1)
    y = sheet.y(number)
    tall = _BAR + 4
    line = "".join(f"H{sheet.left + place:.1f}V{y + _BAR - tall * count / top:.1f}" for place, count in steps)
    base = y - 5 if sheet.stacked else y + 10
    letters = int(((sheet.width * 0.5 if sheet.stacked else sheet.left) - 34) / MONO)
    told = f"{fold.counts}; at most {top} at once"
    parts = [
        title(f"{fold.label}: {told}"),
        text(cut_end(fold.label, letters), 22 if sheet.stacked else 28, base, "label"),
    ]
    if steps:
        parts.append(tag("path", d=f"M{sheet.left + steps[0][0]:.1f},{y + _BAR:.1f}{line}Z", class_="area"))
    if sheet.stacked:
        parts.append(text(cut_end(fold.counts, int(sheet.width * 0.44 / SANS)), sheet.width - 6, base, "quiet", "end"))
    else:
        room = int((sheet.width - sheet.right - 22) / SANS)
        shown = told if width(told) <= room else cut_end(fold.counts, room)
        parts.append(text(shown, sheet.right + 12, base, "quiet"))
    return tag("g", *parts)


def _path(story: Story, rows: list[Row], scale: Scale, sheet: _Sheet) -> list[str]:
    """Return the critical path: a line below the bars of its sheets, and between them from one row to the next."""
    place = {row.sheet.sheet: number for number, row in enumerate(rows) if isinstance(row, Lane)}
    lanes = [lane for lane in story.steps if lane.sheet.sheet in place and lane.began is not None]
    if len(lanes) < 2:
        return []
    line, at = "", None
    for lane in lanes:
        y = sheet.y(place[lane.sheet.sheet]) + _BAR + 3
        at = sheet.left + scale.place(lane.began or story.start) if at is None else at
        line += f"{'M' if sheet.stacked or not line else 'L'}{at:.1f},{y:.1f}"  # a label would be crossed between stacked rows
        at = max(at, sheet.left + scale.place(lane.ended or story.end))
        line += f"L{at:.1f},{y:.1f}"
    return [tag("path", title(path_sentence(story)), d=line, class_="path")]


def _legend(rows: list[Row], story: Story, scale: Scale, sheet: _Sheet, top: float) -> tuple[list[str], float]:
    """Return what the marks mean that are on the chart, and where the drawing ends."""
    spans = [span for row in rows if isinstance(row, Lane) for span in row.spans]
    seen = [each for each in spans if each.is_attempt or scale.place(each.end) - scale.place(each.start) >= _VISIBLE]
    kinds = {each.kind for each in seen} - {"paused", "stopped"}
    items: list[tuple[str, str]] = [(kind, WORDS[kind]) for kind in WORDS if kind in kinds]
    items += [("area", "how many run at once")] if any(isinstance(row, Fold) for row in rows) else []
    items += [("band", "job paused or stopped")] if story.stops else []
    items += [("path", "critical path")] if len(story.path) > 1 else []
    x, y = (6.0 if sheet.stacked else 12.0), top + 18
    parts = []
    for kind, words in items:
        size = 34 + width_of(words) + 16
        if x + size > sheet.width and x > 20:
            x, y = (6.0 if sheet.stacked else 12.0), y + 20
        parts += [_sample(kind, x, y, sheet), text(words, x + 30, y, "quiet")]
        x += size
    return parts, y + 14


def _sample(kind: SpanKind | str, x: float, y: float, sheet: _Sheet) -> str:
    middle = y - 4
    if kind == "path":
        return tag("line", x1=x, x2=x + 24, y1=middle, y2=middle, class_="path")
    if kind == "area":
        return tag("path", d=f"M{x:.1f},{y + 1:.1f}v-4h8v-4h8v6h8v2z", class_="area")
    if kind in _DASHES:
        line = f"thin s-{_COLOURS.get(kind, 'quiet')} {_DASHES[kind]}".strip()
        return tag("line", x1=x, x2=x + 24, y1=middle, y2=middle, class_=line)
    if kind == "lost":
        return tag("rect", x=x + 1, y=y - 8, width=22, height=8, rx=2, class_="lost")
    if kind == "band":
        return tag("rect", x=x, y=y - 9, width=24, height=10, class_="shade s-quiet dots")
    colour = _COLOURS[kind]
    fill: dict[str, object] = {"fill": f"url(#{sheet.ids}{colour})"} if kind in _HATCHED else {"class_": f"f-{colour}"}
    return tag("rect", x=x, y=y - 9, width=24, height=10, rx=2, **fill)
