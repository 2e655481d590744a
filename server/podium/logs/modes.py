"""Reading forwards from a cursor, and reading the end of a file. Searching is in `search`."""

import os
from collections import deque

from podium.contract.secrets.masks import MARGIN
from podium.logs.cursor import Cursor
from podium.logs.extents import Extent, after, back
from podium.logs.lines import Line, count_newlines, lines
from podium.logs.page import Page

FIRST_WINDOW = 64 * 1024


def following(number: int, line: Line) -> int:
    """Return the number of the next line; after a hole it is unknown."""
    return 0 if line.hole or not number else number + line.many


def rest_before(fd: int, offset: int) -> bytes:
    """Return what stands before an offset in the same line, as much as may belong to a secret that the offset cuts."""
    start = max(0, offset - MARGIN)
    return os.pread(fd, offset - start, start).rpartition(b"\n")[2]


def forward(fd: int, pieces: list[Extent], cursor: Cursor, page: Page, *, running: bool) -> tuple[Cursor, bool]:
    """Fill the page from the cursor on; return where to continue, and whether the end of the file was reached.

    A last line without a newline is left out while its writer may continue it, so that no line comes in two halves.
    """
    at = cursor
    page.before = cursor.offset, rest_before(fd, cursor.offset)
    for line in lines(fd, after(pieces, cursor.offset), keep=page.limits.line_bytes + MARGIN):
        if running and not line.ended:
            page.unfinished = True
            break
        if not page.add(page.render(line, at.line)):
            return at, False
        at = Cursor(line.end, following(at.line, line))
    return at, True


def tail(fd: int, pieces: list[Extent], page: Page, *, running: bool) -> Cursor:
    """Fill the page with the last lines, including an open one; return where to continue when the file has grown."""
    size = pieces[-1].end if pieces else 0
    found, cut = _last_lines(fd, pieces, page)
    for line in reversed(found):
        begins_before = line is cut and not line.rewritten
        text = page.render_end(line) if begins_before else page.render(line, 0, to_end=True)
        if not page.add(text.model_copy(update={"unfinished": running and not line.ended})):
            break
    page.lines.reverse()
    shown = found[len(found) - len(page.lines) :]
    if not shown:
        return Cursor(size, 1 if not size else 0)
    start = shown[0].start
    page.earlier = start > 0
    page.truncated |= page.earlier
    # Lines have numbers unless counting them would mean reading too much, or some are missing.
    numbered = shown[0] is not cut and start <= page.limits.count_bytes and not any(piece.hole for piece in pieces)
    number = count_newlines(fd, start) + 1 if numbered else 0
    page.lines = [line.model_copy(update={"number": number and number + i}) for i, line in enumerate(page.lines)]
    is_open = running and not shown[-1].ended
    return Cursor(shown[-1].start if is_open else size, number and number + len(shown) - is_open)


def _last_lines(fd: int, pieces: list[Extent], page: Page) -> tuple[list[Line], Line | None]:
    """Return at least the lines that a page needs, and the one among them whose beginning is too far back."""
    limits = page.limits
    window = min(FIRST_WINDOW, limits.tail_bytes)
    while True:
        start = back(pieces, window)
        newest = list(
            deque(lines(fd, after(pieces, start), keep=limits.line_bytes + MARGIN), maxlen=page.max_lines + 1)
        )
        starts_line = not newest or newest[0].start > start or any(piece.start == start for piece in pieces)
        cut = None if starts_line or os.pread(fd, 1, start - 1) == b"\n" else newest[0]
        whole = newest[1:] if cut else newest
        needed = sum(min(line.size, limits.line_bytes) for line in whole) > limits.page_bytes
        if start == 0 or needed or len(whole) > page.max_lines:
            return whole, None
        if window >= limits.tail_bytes:
            return newest, cut
        window = min(window * 8, limits.tail_bytes)
