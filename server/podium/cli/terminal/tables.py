"""Tables that fit the terminal, as lines of pieces (`door.ink`).

What has to go goes in this order: columns that may `drop`, then the middle of texts in columns that may be cut, and the end of
the last column, which takes what the others leave. Ids are never cut. In a pipe nothing is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from podium.cli.terminal.door import Piece, in_line
from podium.texts.widths import cut_end, cut_middle, padded, width, wrapped

GAP, NARROW_GAP = "  ", " "  # the latter where the columns that cannot be cut do not fit with the former
LAST_SHOWN = 4  # columns without which it is left out
LAST_LEAST = (
    26  # columns that a last one without a `least` keeps if its texts need them, at the cost of those that may drop
)


@dataclass(frozen=True)
class Column:
    """A column. One that is empty in every row is left out."""

    heading: str
    least: int = 0  # to which it may be cut, in its middle; 0 for never
    drop: int = 0  # of those that may be left out the one with the highest number goes first; 0 for never
    right: bool = False  # numbers end below each other


Row = Sequence[Piece] | Piece
"""The cells of a row; or one piece in their place, which is a line of its own."""


def table(
    columns: Sequence[Column], rows: Sequence[Row], total: int | None, *, indent: int = 0
) -> Iterator[list[Piece]]:
    """Yield the lines of a table in a terminal of `total` columns, None for a pipe; the first has the headings."""
    cells = [[(_cell(text), style) for text, style in row] for row in rows if not isinstance(row, tuple)]
    natural = [max((width(row[at][0]) for row in cells), default=0) for at in range(len(columns))]
    wide = [max(needed, width(columns[at].heading)) if needed else 0 for at, needed in enumerate(natural)]
    room = None if total is None else total - indent
    gap = GAP if room is None or _taken(_least_of_all(columns, wide), GAP) <= room else NARROW_GAP
    shown = _fitted(columns, wide, room, gap)
    blank: list[Piece] = [(" " * indent, "")] if indent else []
    rights = [column.right for column in columns]
    if cells:
        yield [*blank, *_line([(column.heading, "dim") for column in columns], shown, rights, gap)]
    made = iter(cells)
    for row in rows:
        if isinstance(row, tuple):
            text = in_line(row[0])
            yield [*blank, (text if total is None else cut_end(text, total - indent), row[1])]
        else:
            yield [*blank, *_line(next(made), shown, rights, gap)]


def _cell(text: str) -> str:
    return in_line(text).replace("\t", " ")


def _line(cells: Sequence[Piece], shown: dict[int, int], rights: Sequence[bool], gap: str) -> list[Piece]:
    last = max(shown, default=0)
    pieces: list[Piece] = []
    for at, columns in shown.items():
        text, style = cells[at]
        cut = (cut_end if at == last else cut_middle)(text, columns)
        blank = " " * (columns - width(cut))
        pieces += [(blank, ""), (cut, style)] if rights[at] else [(cut, style), (blank, "")]
        pieces.append((gap, ""))
    while pieces and not pieces[-1][0].strip():
        pieces.pop()
    return pieces


def _least_of_all(columns: Sequence[Column], wide: Sequence[int]) -> dict[int, int]:
    """Return the fewest columns of the terminal that the columns take which are never left out."""
    shown = {at: needed for at, needed in enumerate(wide) if needed}
    least = _least(columns, shown) if shown else {}
    kept = {at: taken for at, taken in least.items() if not columns[at].drop}
    if kept and not columns[max(kept)].right and len(kept) > 1:
        del kept[max(kept)]  # the last column takes what the others leave
    return kept


def _fitted(columns: Sequence[Column], wide: Sequence[int], total: int | None, gap: str) -> dict[int, int]:
    """Return which columns are shown, each with how many columns of the terminal it takes."""
    shown = {at: needed for at, needed in enumerate(wide) if needed}
    if total is None or not shown:
        return shown
    least = _least(columns, shown)
    droppable = sorted((at for at in shown if columns[at].drop), key=lambda at: columns[at].drop)
    while droppable and _taken(least, gap) > total:
        del shown[droppable.pop()]
        least = _least(columns, shown)
    spare, last = max(0, total - _taken(least, gap)), max(shown)
    for at in [each for each in shown if each != last]:
        missing = sum(shown[each] - least[each] for each in shown)
        more = min(shown[at] - least[at], spare if missing <= spare else spare // 2)
        least[at], spare = least[at] + more, spare - more
    rest = total - _taken({at: columns for at, columns in least.items() if at != last}, gap) - len(gap)
    if len(shown) > 1:
        least[last] = min(shown[last], rest)
    if least[last] < min(shown[last], LAST_SHOWN):
        del least[last]  # and nothing but ids and short words is left
    return least


def _least(columns: Sequence[Column], shown: dict[int, int]) -> dict[int, int]:
    """Return the fewest columns of the terminal that each column takes."""
    found = {at: min(needed, columns[at].least or needed) for at, needed in shown.items()}
    last = max(shown)
    return {**found, last: min(shown[last], columns[last].least or LAST_LEAST)} if len(shown) > 1 else found


def _taken(widths: dict[int, int], gap: str) -> int:
    return sum(widths.values()) + len(gap) * max(0, len(widths) - 1)


def facts(named: Sequence[tuple[str, str]], total: int | None, *, indent: int = 2) -> Iterator[list[Piece]]:
    """Yield the lines of each fact that is known, its name before it; it is never cut, as paths are copied."""
    known = [(name, _cell(text)) for name, text in named if text]
    most = max((width(name) for name, _ in known), default=0)
    for name, text in known:
        lead = f"{' ' * indent}{padded(name, most)}{GAP}"
        room = None if total is None else total - width(lead)
        fits = room is None or width(text) <= room
        for number, part in enumerate([text] if fits else wrapped(text, room)):
            yield [(lead if number == 0 else " " * width(lead), "dim"), (part, "")]
