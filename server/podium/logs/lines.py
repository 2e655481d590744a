r"""From bytes to lines. A line ends at a newline, at a hole or at the end of the file; of a long one only its ends are kept.

A line that a program rewrites counts as its last state (see `rewriting`), however many states it had.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from podium.logs.extents import Extent
from podium.logs.rewriting import MARK_BYTES, last_state, may_be_rewritten

CHUNK = 256 * 1024


class Line(NamedTuple):
    """One line without its newline; `raw` holds the first bytes of its last state, of `size` bytes, which begins at `state`.

    `last` holds the last bytes of a state that is longer than `raw`. `end` is where the next line starts. `ended` is false for
    a last line that has no newline yet. A hole comes as a line of its own with `raw` empty; `edge` means that the line touches
    a hole, so its zeros there are padding. `many` is more than 1 for lines that were skipped together; `raw` is empty then.
    """

    start: int
    end: int
    raw: bytes
    size: int
    state: int
    last: bytes = b""
    ended: bool = True
    hole: bool = False
    edge: bool = False
    many: int = 1

    @property
    def rewritten(self) -> bool:
        """Whether something stood in this line before its last state."""
        return self.state > self.start


class Skip(NamedTuple):
    """Which lines need not be examined: those of a chunk that is not `wanted`, except `spare` lines at each of its ends."""

    wanted: Callable[[bytes], bool]
    spare: int


def lines(fd: int, pieces: Iterable[Extent], *, keep: int, skip: Skip | None = None) -> Iterator[Line]:
    """Yield the lines of these pieces in order, each with at most `keep` bytes of either end of its text."""
    after_hole = False
    held: Line | None = None  # the open end of a piece of data: the next piece decides whether it touches a hole
    for piece in pieces:
        if held:
            yield held._replace(ended=True, edge=True)
            held = None
        if piece.hole:
            yield Line(piece.start, piece.end, b"", piece.end - piece.start, piece.start, hole=True)
        for line in () if piece.hole else _data_lines(fd, piece.start, piece.end, keep, skip):
            shown = line._replace(edge=True) if after_hole else line
            after_hole = False
            if line.ended:
                yield shown
            else:
                held = shown
        after_hole = piece.hole
    if held:
        yield held


def _data_lines(fd: int, start: int, stop: int, keep: int, skip: Skip | None) -> Iterator[Line]:
    """Yield the lines between two offsets; the last one is open if it has no newline."""
    line, position = _OpenLine(start, keep), start
    while position < stop:
        chunk = os.pread(fd, min(CHUNK, stop - position), position)
        if not chunk:
            break  # the file was truncated meanwhile
        *whole, rest = chunk.split(b"\n")
        if whole and line.end > line.start:
            line.feed(whole.pop(0))
            yield line.closed(ended=True)
            line = _OpenLine(line.end + 1, keep)
        if skip and len(whole) > 2 * skip.spare + 1 and not skip.wanted(chunk):
            yield from _skipped(whole, line.start, keep, skip.spare)
        else:
            yield from _each(whole, line.start, keep)
        position += len(chunk)
        if whole:
            line = _OpenLine(position - len(rest), keep)
        line.feed(rest)
    if line.end > line.start:
        yield line.closed(ended=False)


class _OpenLine:
    """A line while its bytes come: the ends of its last state so far, in memory of a few times `keep`."""

    def __init__(self, start: int, keep: int) -> None:
        self.start = self.end = self._state = start
        self._keep = keep
        self._head = b""  # the beginning of a state that has become long; what follows it is left out, up to `_rest`
        self._left_out = 0
        self._rest = bytearray()

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the line."""
        self.end += len(data)
        self._rest += data
        if len(self._rest) > 4 * self._keep + 2 * MARK_BYTES:
            self._compact()

    def closed(self, *, ended: bool) -> Line:
        """Return the line as it is now."""
        begin, stop = last_state(self._rest)
        self._restart(begin)
        state, keep = bytes(self._rest[begin:stop]), self._keep
        size = len(self._head) + self._left_out + len(state)
        raw = self._head or state[:keep]
        last = state[-keep:] if size > len(raw) else b""
        return Line(self.start, self.end + ended, raw, size, self._state, last, ended=ended)

    def _compact(self) -> None:
        """Forget what was rewritten, and the middle of a long state; the last bytes may be half a mark."""
        whole = len(self._rest) - MARK_BYTES
        if (escape := self._rest.rfind(b"\x1b", whole - MARK_BYTES, whole)) >= 0:
            whole = escape
        settled, unsettled = self._rest[:whole], self._rest[whole:]
        begin, stop = last_state(settled)
        self._restart(begin)
        state, keep = settled[begin:stop], self._keep
        blank = settled[stop:]
        if len(blank) > 2 * keep:
            blank = bytearray(b"\r")
        if len(state) > 2 * keep:
            if not self._head:
                self._head, state = bytes(state[:keep]), state[keep:]
            self._left_out += len(state) - keep
            state = state[-keep:]
        self._rest = state + blank + unsettled

    def _restart(self, begin: int) -> None:
        """Let the state begin there in `_rest`; 0 goes on with the one that it is in."""
        if begin:
            self._state = self.end - len(self._rest) + begin
            self._head, self._left_out = b"", 0


def _each(texts: list[bytes], start: int, keep: int) -> Iterator[Line]:
    """Yield consecutive lines."""
    for text in texts:
        end = start + len(text) + 1
        begin, stop = last_state(text) if may_be_rewritten(text) else (0, len(text))
        size = stop - begin
        last = text[max(begin, stop - keep) : stop] if size > keep else b""
        yield Line(start, end, text[begin : min(stop, begin + keep)], size, start + begin, last)
        start = end


def _skipped(texts: list[bytes], start: int, keep: int, spare: int) -> Iterator[Line]:
    """Yield the first and the last `spare` lines, and those between as one."""
    cut = len(texts) - spare
    first = start + sum(map(len, texts[:spare])) + spare
    last = first + sum(map(len, texts[spare:cut])) + cut - spare
    yield from _each(texts[:spare], start, keep)
    yield Line(first, last, b"", last - first, first, many=cut - spare)
    yield from _each(texts[cut:], last, keep)


def count_newlines(fd: int, stop: int) -> int:
    """Return the number of newlines before `stop`."""
    count = position = 0
    while position < stop and (chunk := os.pread(fd, min(CHUNK, stop - position), position)):
        count += chunk.count(b"\n")
        position += len(chunk)
    return count
