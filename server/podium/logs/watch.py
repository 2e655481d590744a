r"""Looking for the next line of a growing output that matches: each line once, however the file grows between two looks.

A line counts when its newline is there. One without (a prompt) counts once the file has been quiet for a moment, as it stands
then, and is not told again when it goes on. Of a line that is rewritten, as progress bars are, each state counts like a line when
the next one has begun; states that came between two looks are told together, as `Finder.hit` does it. Text is read in windows;
a line that is longer than one is searched piece by piece, and the pieces overlap.
"""

import os
import time
from dataclasses import dataclass, replace
from typing import NamedTuple

from podium.contract.models import LogLine
from podium.contract.secrets.masks import Masker
from podium.logs.extents import after, extents
from podium.logs.finding import Finder, Matcher
from podium.logs.lines import Line, Skip, lines
from podium.logs.modes import following, rest_before
from podium.logs.page import Hit, LogLimits, Page
from podium.logs.rewriting import after_first_mark
from podium.logs.search import KEPT_BYTES

WINDOW_BYTES = 1024 * 1024
OVERLAP_BYTES = 64 * 1024  # of two pieces of a long line; a longer match may be missed
LIMITS = LogLimits(line_bytes=1_000, search_line_bytes=WINDOW_BYTES, scan_seconds=0.05)


class Place(NamedTuple):
    """Where a file is searched next. `line` is the number of the line there, 0 if it is not known.

    `told`: what stands there up to the end of the line, or to where it is rewritten, was returned already.
    """

    offset: int = 0
    line: int = 1
    told: bool = False


@dataclass(frozen=True)
class Seen:
    """What a look found: the line that matched, if any, and where to go on.

    `behind`: there is more to search now. `open_rest`: what follows is a line without a newline that was too fresh to count.
    `unsearched` are the bytes before that place in which this look did not search: they are gone, or stand in lines too long.
    """

    place: Place
    found: LogLine | None = None
    behind: bool = False
    open_rest: bool = False
    unsearched: int = 0


def watch(
    fd: int,
    place: Place,
    *,
    matcher: Matcher,
    masker: Masker,
    running: bool,
    quiet_size: int,
    limits: LogLimits = LIMITS,
) -> Seen:
    """Search from a place on, for the limit's `scan_seconds`. Blocks: it reads the file.

    A file that is shorter than the place was emptied, and is searched from its beginning. `running`: a last line without a
    newline may go on; with `quiet_size` bytes, -1 for none, nothing was written for a moment, so it counts.

    Raises:
        InvalidArguments: the pattern takes too long on a line.
        OSError: the file cannot be read.
    """
    size = os.fstat(fd).st_size
    deadline = time.monotonic() + limits.scan_seconds
    finder = Finder(fd, matcher, limits, deadline + limits.scan_seconds, masker)
    start = place if place.offset <= size else Place()
    seen = _search(finder, start, size, deadline, running=running, quiet_size=quiet_size)
    return replace(seen, unsearched=finder.unsearched)


def _search(finder: Finder, place: Place, size: int, deadline: float, *, running: bool, quiet_size: int) -> Seen:
    """Search window by window up to the end, the first match or the deadline."""
    while place.offset < size:
        at_end = place.offset + WINDOW_BYTES >= size
        window = _Window(
            finder, place, open_counts=at_end and (size == quiet_size or not running), ends=at_end and not running
        )
        seen = window.search(min(size, place.offset + WINDOW_BYTES))
        if seen.found or at_end:
            return seen
        place = seen.place
        if time.monotonic() > deadline:
            return Seen(place, behind=True)
    return Seen(place)


@dataclass
class _Window:
    """A part of a file. `open_counts`: its last line counts without a newline; `ends`: and nothing will follow it."""

    finder: Finder
    place: Place
    open_counts: bool
    ends: bool

    def search(self, stop: int) -> Seen:
        """Search up to an offset, or to the first match."""
        finder, begin = self.finder, self.place.offset
        page = Page(finder.limits, 1, finder.masker, before=(begin, rest_before(finder.fd, begin)))
        skip = Skip(finder.wanted, 0) if finder.matcher.wanted else None
        for line in lines(finder.fd, after(extents(finder.fd, stop), begin), keep=KEPT_BYTES, skip=skip):
            is_open = not (line.ended or self.ends)
            # What is so long that its piece is passed by has to be searched now.
            is_passed = (
                is_open and line.end - line.state > 2 * OVERLAP_BYTES and (line.start == begin or line.rewritten)
            )
            if line.hole:
                finder.unsearched += line.size
            hit = self._hit(line, only_earlier=is_open and not (self.open_counts or is_passed))
            number, known = self.place.line, self.place.told and not line.rewritten
            if is_open:
                told = not hit.rewritten if hit else known
                self.place = Place(line.end - OVERLAP_BYTES if is_passed else line.state, number, told)
            else:
                self.place = Place(line.end, following(number, line))
            if hit is not None:
                found = page.render_hit(line, number, hit)
                unfinished = is_open and not hit.rewritten
                return Seen(self.place, found.model_copy(update={"unfinished": unfinished}), behind=True)
            if is_open:
                return Seen(self.place, open_rest=not self.open_counts)
        return Seen(self.place)

    def _hit(self, line: Line, *, only_earlier: bool) -> Hit | None:
        """Return the match in what was not told yet of a line, or only in what stood there before its last state."""
        if self.place.told:
            if not line.rewritten:
                return None
            known = os.pread(self.finder.fd, line.state - line.start, line.start)
            line = line._replace(start=line.start + after_first_mark(known))
        if not only_earlier:
            return self.finder.hit(line)
        return self.finder.earlier(line) if line.rewritten else None
