"""Looking for a match in one line, however long it is and however often it was rewritten."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from podium.contract.secrets.masks import Masker, merged, replaced
from podium.logs.lines import CHUNK, Line
from podium.logs.page import Hit, LogLimits
from podium.logs.rewriting import as_seen, start_of_state, states
from podium.logs.shown import spans_in

NO_MATCH = -1
NOT_SEARCHED = -2  # it took too long


class Matcher(NamedTuple):
    """`at` returns the byte at which a text matches, NO_MATCH or NOT_SEARCHED; it is told the offset of the text for errors.

    `wanted` returns whether a chunk of lines may hold a match. Both get text as it is seen (see `rewriting.as_seen`).
    """

    at: Callable[[bytes, int], int]
    wanted: Callable[[bytes], bool] | None = None


@dataclass
class Finder:
    """Finds matches in the lines of one file until the deadline; `unsearched` counts the bytes in which it did not look.

    A line is compared as it is shown, with its secrets replaced: else patterns could ask for a secret letter by letter.
    """

    fd: int
    matcher: Matcher
    limits: LogLimits
    deadline: float
    masker: Masker
    unsearched: int = 0

    def hit(self, line: Line) -> Hit | None:
        """Return the match in a line's last state, else in the latest of its earlier ones that matches."""
        if line.hole or line.many > 1:
            return None
        raw = line.raw
        if line.size > len(raw):
            raw = os.pread(self.fd, min(line.size, self.limits.search_line_bytes), line.state)
            self.unsearched += line.size - len(raw)
        found = self._hit(raw, line.state, line.size - len(raw), ended=line.ended)
        return self.earlier(line) if found is None and line.rewritten else found

    def wanted(self, chunk: bytes) -> bool:
        """Return whether a line of the chunk may match."""
        if self.matcher.wanted is None:
            return True
        seen = as_seen(chunk)
        return self.matcher.wanted(seen) or bool(self.masker and spans_in(seen, self.masker))

    def _hit(
        self, raw: bytes, offset: int, more: int = 0, *, rewritten: bool = False, ended: bool = True
    ) -> Hit | None:
        """Return the match in one state, of which so many more bytes are not at hand."""
        text = as_seen(raw)
        if self.masker:
            spans = spans_in(text, self.masker)
            begun = [] if ended else self.masker.cut(text, at_start=False, at_end=True)
            if spans or begun:
                text = replaced(text, merged([*spans, *begun]))
        at = self.matcher.at(text, offset)
        if at == NOT_SEARCHED:
            self.unsearched += len(raw)
        return Hit(text, len(text) + more, at, rewritten) if at >= 0 else None

    def earlier(self, line: Line) -> Hit | None:
        """Search the states before the last one, as many at once as were read at once."""
        found, held, position = None, b"", line.start
        while position < line.state:
            chunk = os.pread(self.fd, min(CHUNK, line.state - position), position)
            if not chunk or time.monotonic() > self.deadline or len(held) > self.limits.search_line_bytes:
                self.unsearched += line.state - position + len(held)
                break
            position += len(chunk)
            held += chunk
            end = start_of_state(held, len(held))
            whole, held = held[:end], held[end:]
            if whole and self.wanted(whole):
                hits = (self._hit(state, line.start, rewritten=True) for state in states(whole))
                found = next((hit for hit in reversed(list(hits)) if hit), found)
        return found
