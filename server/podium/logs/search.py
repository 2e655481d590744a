"""Searching an output file line by line, with context, for a bounded time."""

import time
from collections import deque
from dataclasses import dataclass

from podium.logs.cursor import Cursor
from podium.logs.extents import Extent, after
from podium.logs.finding import Finder, Matcher
from podium.logs.lines import Line, Skip, lines
from podium.logs.modes import following, rest_before
from podium.logs.page import Hit, Page

KEPT_BYTES = 64 * 1024  # of each end of a line; longer ones are read again for their match


@dataclass
class _Scan:
    """A search in progress: its position, and the lines before it that may become context."""

    page: Page
    context: int
    at: Cursor
    before: deque[tuple[Cursor, Line]]

    def take(self, line: Line, hit: Hit | None) -> bool:
        """Move past a line and add what it gives to the page; return False if the page is full: `at` is where to continue."""
        while hit and self.before:
            if not self._add(*self.before[0]):
                return False
            self.before.popleft()
        if hit or self.at.owed:
            if not self._add(self.at, line, hit):
                return False
        elif line.many == 1:
            self.before.append((self.at, line))
        owed = self.context if hit else max(0, self.at.owed - 1)
        self.at = Cursor(line.end, following(self.at.line, line), owed)
        return True

    def preview(self, line: Line, hit: Hit) -> bool:
        """Add an unfinished line without moving past it; return False if it does not fit."""
        return self.page.add(self.page.render_hit(line, self.at.line, hit).model_copy(update={"unfinished": True}))

    def _add(self, here: Cursor, line: Line, hit: Hit | None = None) -> bool:
        """Add one line; if it does not fit, the next page begins with it."""
        page = self.page
        if page.add(page.render_hit(line, here.line, hit) if hit else page.render(line, here.line)):
            return True
        self.at = here
        return False


def search(
    fd: int, pieces: list[Extent], cursor: Cursor, page: Page, *, matcher: Matcher, context: int, running: bool
) -> tuple[Cursor, bool]:
    """Fill the page with matches and their context; return where to continue, and whether the end of the file was reached.

    A last line without a newline is shown if it matches, but while its writer may continue it, it is searched again next time.
    """
    limits = page.limits
    scan = _Scan(page, context, cursor._replace(owed=min(cursor.owed, context)), deque(maxlen=context))
    page.before = cursor.offset, rest_before(fd, cursor.offset)
    finder = Finder(fd, matcher, limits, deadline=time.monotonic() + limits.scan_seconds, masker=page.masker)
    skip = Skip(finder.wanted, context) if matcher.wanted else None
    at_end = True
    for line in lines(fd, after(pieces, cursor.offset), keep=KEPT_BYTES, skip=skip):
        hit = finder.hit(line)
        if running and not line.ended:
            page.unfinished = True
            at_end = hit is None or scan.preview(line, hit)
        elif not scan.take(line, hit):
            page.unsearched = finder.unsearched
            return scan.at, False
        elif time.monotonic() > finder.deadline or line.end - cursor.offset > limits.scan_bytes:
            page.truncated, page.unsearched = True, finder.unsearched
            return _resume(scan, cursor.offset), False
    page.unsearched = finder.unsearched
    return _resume(scan, -1), at_end


def _resume(scan: _Scan, floor: int) -> Cursor:
    """Return the cursor of the first line that may be context of the next match; such lines are read again, without matching.

    They are given up if the search would not get beyond `floor`.
    """
    if scan.before and scan.before[0][0].offset > floor:
        return scan.before[0][0]
    return scan.at
