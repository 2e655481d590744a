"""From bytes to lines. A line ends at a newline, at a hole or at the end of the file; only its first bytes are kept."""

import codecs
import os
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from podium.contract.secrets.masks import Span, replaced
from podium.logs.extents import Extent

CHUNK = 256 * 1024


class Line(NamedTuple):
    """One line of `size` bytes without its newline; `raw` holds the first of them.

    `end` is where the next line starts. `ended` is false for a last line that has no newline yet. A hole comes as a line of
    its own with `raw` empty; `edge` means that the line touches a hole, so its zeros there are padding. `many` is more than 1
    for lines that were skipped together; `raw` is empty then.
    """

    start: int
    end: int
    raw: bytes
    size: int
    ended: bool = True
    hole: bool = False
    edge: bool = False
    many: int = 1


class Skip(NamedTuple):
    """Which lines need not be examined: those of a chunk that is not `wanted`, except `spare` lines at each of its ends."""

    wanted: Callable[[bytes], bool]
    spare: int


def lines(fd: int, pieces: Iterable[Extent], *, keep: int, skip: Skip | None = None) -> Iterator[Line]:
    """Yield the lines of these pieces in order, each with at most `keep` bytes of its text."""
    after_hole = False
    held: Line | None = None  # the open end of a piece of data: the next piece decides whether it touches a hole
    for piece in pieces:
        if held:
            yield held._replace(ended=True, edge=True)
            held = None
        if piece.hole:
            yield Line(piece.start, piece.end, b"", piece.end - piece.start, hole=True)
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
    open_text, open_size, position = b"", 0, start
    while position < stop:
        chunk = os.pread(fd, min(CHUNK, stop - position), position)
        if not chunk:
            break  # the file was truncated meanwhile
        *whole, rest = chunk.split(b"\n")
        if whole and open_size:
            size = open_size + len(whole[0])
            yield Line(start, start + size + 1, (open_text + whole.pop(0))[:keep], size)
            open_text, open_size, start = b"", 0, start + size + 1
        if skip and len(whole) > 2 * skip.spare + 1 and not skip.wanted(chunk):
            yield from _skipped(whole, start, keep, skip.spare)
        else:
            yield from _each(whole, start, keep)
        position += len(chunk)
        open_text = (open_text + rest)[:keep]
        open_size += len(rest)
        start = position - open_size
    if open_size:
        yield Line(start, start + open_size, open_text, open_size, ended=False)


def _each(texts: list[bytes], start: int, keep: int) -> Iterator[Line]:
    """Yield consecutive lines."""
    for text in texts:
        end = start + len(text) + 1
        yield Line(start, end, text[:keep], len(text))
        start = end


def _skipped(texts: list[bytes], start: int, keep: int, spare: int) -> Iterator[Line]:
    """Yield the first and the last `spare` lines, and those between as one."""
    cut = len(texts) - spare
    first = start + sum(map(len, texts[:spare])) + spare
    last = first + sum(map(len, texts[spare:cut])) + cut - spare
    yield from _each(texts[:spare], start, keep)
    yield Line(first, last, b"", last - first, many=cut - spare)
    yield from _each(texts[cut:], last, keep)


def count_newlines(fd: int, stop: int) -> int:
    """Return the number of newlines before `stop`."""
    count = position = 0
    while position < stop and (chunk := os.pread(fd, min(CHUNK, stop - position), position)):
        count += chunk.count(b"\n")
        position += len(chunk)
    return count


def cut_text(raw: bytes, begin: int, limit: int, secrets: Iterable[Span] = ()) -> str:
    """Return `limit` bytes from `begin` as text, whole characters only; invalid UTF-8 becomes U+FFFD, secrets their names."""
    end = begin + limit
    for _ in range(3):  # a character has at most three bytes after its first
        if 0 < begin < len(raw) and raw[begin] & 0xC0 == 0x80:
            begin += 1
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    return decoder.decode(replaced(raw, secrets, begin, min(end, len(raw))), final=end >= len(raw))
