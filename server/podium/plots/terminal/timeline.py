"""A story as a chart of characters: a row for each sheet or fold, its bar below one axis, its result to the right."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from podium.plots.story.folding import Fold, Row, rows_of
from podium.plots.story.scale import Scale
from podium.plots.story.spans import WORDS, SpanKind
from podium.plots.story.story import Lane, Story
from podium.plots.story.telling import look_of, path_sentence, result_of
from podium.plots.terminal.lines import STYLES, Line, Piece, wrapped
from podium.plots.words import MARKS
from podium.texts.widths import cut_end, cut_middle, padded, width
from podium.times import measured as duration

ROWS = 40
_GLYPHS: dict[SpanKind, tuple[str, str]] = {
    "completed": ("█", "="),
    "failed": ("▒", "x"),
    "lost": ("▚", "?"),
    "cancelled": ("░", "%"),
    "skipped": ("╌", "-"),
    "abandoned": ("╌", "-"),
    "running": ("▓", ">"),
    "retry": ("·", "."),
    "limit": ("∙", ":"),
    "hold": ("◇", "o"),
    "ready": ("┄", "_"),
    "paused": ("‖", "|"),
    "stopped": ("┊", "|"),
}
"""What a cell of a span shows, with and without Unicode."""
_STRENGTH: dict[SpanKind, int] = {
    "failed": 9,
    "lost": 9,
    "running": 8,
    "cancelled": 7,
    "completed": 6,
    "hold": 3,
    "ready": 1,
}
"""Which of several spans in one cell is shown; others have 2."""
_HEIGHTS = (" ▁▂▃▄▅▆▇█", " .:-=+*##")
_BREAK = ("\N{BOX DRAWINGS LIGHT DIAGONAL UPPER RIGHT TO LOWER LEFT}", "/")
_FAILURES = 5  # that are told in full
_LEAST_TICK = 9  # cells between two ticks


@dataclass(frozen=True)
class _Layout:
    """The columns of the chart, in cells."""

    labels: int
    bars: int
    results: int
    plain: bool  # ASCII only

    def glyph(self, pair: Sequence[str]) -> str:
        return pair[1 if self.plain else 0]


def timeline_lines(story: Story, columns: int, *, limit: int | None = None, plain: bool = False) -> list[Line]:
    """Return the chart of a story in lines of at most `columns` cells and at most about `limit` rows; `plain` is ASCII only."""
    rows = rows_of(story.lanes, limit or ROWS)
    layout = _layout(rows, columns, plain=plain)
    scale = Scale(story, layout.bars)
    lines = _axis(scale, layout)
    lines += [_row(row, scale, layout) for row in rows]
    lines += _legend(rows, scale, columns, layout)
    return [*lines, *_path(story, columns, layout), *_failures(story, columns, layout)]


def _layout(rows: Sequence[Row], columns: int, *, plain: bool) -> _Layout:
    longest = max((width(row.label) for row in rows), default=0)
    labels = max(5, min(longest, columns // 4))
    results = 32 if columns >= 110 else 22 if columns >= 70 else columns // 4
    return _Layout(labels, max(10, columns - labels - results - 6), results, plain)


def _axis(scale: Scale, layout: _Layout) -> list[Line]:
    """Return the times above their ticks."""
    texts, rule = [" "] * (layout.bars + 12), ["─" if not layout.plain else "-"] * layout.bars
    free = 0
    for tick in scale.ticks(max(2, layout.bars // _LEAST_TICK)):
        at = min(layout.bars - 1, int(tick.at))
        rule[at] = layout.glyph("┬+")
        if at >= free and at + len(tick.text) <= len(texts):
            texts[at : at + len(tick.text)] = tick.text
            free = at + len(tick.text) + 1
    for cell in _broken(scale, layout):
        rule[cell] = layout.glyph(_BREAK)
    left = " " * (layout.labels + 5)
    return [[(left + "".join(texts).rstrip(), "dim")], [(left + "".join(rule), "dim")]]


def _broken(scale: Scale, layout: _Layout) -> list[int]:
    """Return the cells in which a stop is cut out."""
    return [
        cell
        for each in scale.breaks
        for cell in range(int(scale.place(each.start)), min(layout.bars, max(1, round(scale.place(each.end)))))
    ]


def _row(row: Row, scale: Scale, layout: _Layout) -> Line:
    label = padded(cut_middle(row.label, layout.labels), layout.labels)
    if isinstance(row, Fold):
        return [
            ("    ", ""),
            (label, ""),
            (" ", ""),
            *_density(row, scale, layout),
            (" ", ""),
            (cut_end(row.counts, layout.results), "dim"),
        ]
    status = look_of(row)
    path = layout.glyph("▸*") if row.critical else " "
    style = STYLES.get(status, "")
    bold = f"bold {style}".strip() if row.critical else ("" if status == "completed" else style)
    result = cut_end(result_of(row), layout.results)
    mark = MARKS[status] if not layout.plain else _ASCII_MARKS.get(status, MARKS[status])
    return [
        (f" {path}", "bold"),
        (f"{mark} ", style),
        (label, bold),
        (" ", ""),
        *_bar(row, scale, layout),
        (" ", ""),
        (result, style),
    ]


_ASCII_MARKS = {"completed": "+", "failed": "x", "cancelled": "#", "waiting": "~", "running": "*", "pending": "o"}


def _bar(lane: Lane, scale: Scale, layout: _Layout) -> list[Piece]:
    """Return the bar of a lane, in pieces of one glyph each."""
    broken = set(_broken(scale, layout))
    pieces: list[Piece] = []
    for (kind, cut_out), run in groupby(
        enumerate(_cells(lane, scale, layout)), lambda each: (each[1], each[0] in broken and each[1] == "stopped")
    ):
        size = len(list(run))
        glyph = layout.glyph(_BREAK) if cut_out else layout.glyph(_GLYPHS[kind]) if kind else " "
        pieces.append((glyph * size, STYLES.get(kind, "") if kind else ""))
    return pieces


def _cells(lane: Lane, scale: Scale, layout: _Layout) -> list[SpanKind | None]:
    """Return what each cell of a lane shows: of what is in one the more telling; an attempt has a cell, however short."""
    cells: list[SpanKind | None] = [None] * layout.bars
    for span in lane.spans:
        first, after = int(scale.place(span.start)), round(scale.place(span.end))
        if span.is_attempt:
            first, after = min(first, layout.bars - 1), max(after, first + 1)
        for cell in range(first, min(after, layout.bars)):
            there = cells[cell]
            if there is None or _STRENGTH.get(span.kind, 2) >= _STRENGTH.get(there, 2):
                cells[cell] = span.kind
    for cell in _broken(scale, layout):
        if cells[cell] in {None, "paused", "stopped", "ready", "retry"}:
            cells[cell] = "stopped"
    return cells


def _density(fold: Fold, scale: Scale, layout: _Layout) -> list[Piece]:
    """Return how many of the folded sheets ran at each time, as heights."""
    counts = [0] * layout.bars
    for lane in fold.lanes:
        for span in lane.spans:
            if span.is_attempt:
                first = min(int(scale.place(span.start)), layout.bars - 1)
                for cell in range(first, min(layout.bars, max(first + 1, round(scale.place(span.end))))):
                    counts[cell] += 1
    heights = layout.glyph(_HEIGHTS)
    top = max([*counts, 1])
    return [("".join(heights[-(-count * (len(heights) - 1) // top)] for count in counts), "green")]


def _legend(rows: Sequence[Row], scale: Scale, columns: int, layout: _Layout) -> list[Line]:
    """Return what the glyphs mean that are on the chart."""
    broken = set(_broken(scale, layout))
    kinds = {
        kind
        for row in rows
        if isinstance(row, Lane)
        for cell, kind in enumerate(_cells(row, scale, layout))
        if cell not in broken or kind != "stopped"
    }
    pieces: list[Piece] = [("  ", "")]
    for kind, glyphs in _GLYPHS.items():
        if kind in kinds:
            pieces.append((f"{layout.glyph(glyphs)} {WORDS[kind]}  ", STYLES.get(kind, "")))
    if any(isinstance(row, Fold) for row in rows):
        pieces.append((f"{layout.glyph(('▂▅█', '.=#'))} how many run  ", "green"))
    if scale.breaks:
        long = ", ".join(f"{each.kind} for {duration(each.seconds)}" for each in scale.breaks)
        pieces.append((f"{layout.glyph(_BREAK)} cut out: {long}  ", "dim"))
    return [[], *wrapped(pieces, columns, 2)] if len(pieces) > 1 else []


def _failures(story: Story, columns: int, layout: _Layout) -> list[Line]:
    """Return in full why the first sheets failed, where there was no room for it beside their bars."""
    failed = [lane for lane in story.lanes if lane.sheet.status == "failed"]
    lines: list[Line] = []
    for lane in failed[:_FAILURES]:
        if width(result := result_of(lane)) > layout.results:
            words = f"{layout.glyph(('✗', 'x'))} {lane.label} {result}".split(" ")
            lines += wrapped([(" ", ""), *((f"{word} ", STYLES["failed"]) for word in words)], columns, 3)
    return lines


def _path(story: Story, columns: int, layout: _Layout) -> list[Line]:
    sentence = path_sentence(story)
    if not sentence:
        return []
    words = [(f"{word} ", "") for word in sentence.split(" ")]
    head = (f" {layout.glyph('▸*')} ", "bold")
    return wrapped(
        [head, *([(text.replace("→", "->"), style) for text, style in words] if layout.plain else words)], columns, 3
    )
