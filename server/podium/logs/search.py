"""Searching an output file line by line, with context, for a bounded time."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from podium.logs.cursor import Cursor
from podium.logs.extents import Extent, after
from podium.logs.lines import Line, Skip, lines
from podium.logs.modes import complete, following, rest_before
from podium.logs.page import Page


class Matcher(NamedTuple):
    """`at` returns the byte at which a line matches, or -1. `wanted` returns whether a chunk of lines may hold a match."""

    at: Callable[[Line], int]
    wanted: Callable[[bytes], bool] | None = None


@dataclass
class _Scan:
    """A search in progress: its position, and the lines before it that may become context."""

    page: Page
    context: int
    at: Cursor
    before: deque[tuple[Cursor, Line]]

    def take(self, line: Line, match_at: int) -> bool:
        """Move past a line and add what it gives to the page; return False if the page is full: `at` is where to continue."""
        while match_at >= 0 and self.before:
            if not self._add(*self.before[0]):
                return False
            self.before.popleft()
        if match_at >= 0 or self.at.owed:
            if not self._add(self.at, line, match_at):
                return False
        elif line.many == 1:
            self.before.append((self.at, line))
        owed = self.context if match_at >= 0 else max(0, self.at.owed - 1)
        self.at = Cursor(line.end, following(self.at.line, line), owed)
        return True

    def _add(self, here: Cursor, line: Line, match_at: int = -1) -> bool:
        """Add one line; if it does not fit, the next page begins with it."""
        if self.page.add(self.page.render(line, here.line, match=match_at >= 0, at=max(0, match_at))):
            return True
        self.at = here
        return False


def search(
    fd: int, pieces: list[Extent], cursor: Cursor, page: Page, *, matcher: Matcher, context: int, running: bool
) -> tuple[Cursor, bool]:
    """Fill the page with matches and their context; return where to continue, and whether the end of the file was reached."""
    limits = page.limits
    scan = _Scan(page, context, cursor._replace(owed=min(cursor.owed, context)), deque(maxlen=context))
    page.before = cursor.offset, rest_before(fd, cursor.offset)
    deadline = time.monotonic() + limits.scan_seconds
    skip = Skip(matcher.wanted, context) if matcher.wanted else None
    found = lines(fd, after(pieces, cursor.offset), keep=limits.search_line_bytes, skip=skip)
    for line in complete(found, running=running):
        if not scan.take(line, -1 if line.hole or line.many > 1 else matcher.at(line)):
            return scan.at, False
        if time.monotonic() > deadline or line.end - cursor.offset > limits.scan_bytes:
            page.truncated = True
            return _resume(scan, cursor.offset), False
    return _resume(scan, -1), True


def _resume(scan: _Scan, floor: int) -> Cursor:
    """Return the cursor of the first line that may be context of the next match; such lines are read again, without matching.

    They are given up if the search would not get beyond `floor`.
    """
    if scan.before and scan.before[0][0].offset > floor:
        return scan.before[0][0]
    return scan.at
