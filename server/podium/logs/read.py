"""The one way to read an attempt's output: check the query, open the file, read one bounded part."""

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from podium.contract.models import LogMode, LogView, Stream
from podium.contract.secrets.masks import Masker
from podium.errors import InvalidArguments
from podium.logs.cursor import Cursor, seal_of
from podium.logs.extents import extents
from podium.logs.finding import Matcher
from podium.logs.modes import forward, tail
from podium.logs.page import COPIED_LINES, COPYING, LogLimits, Page
from podium.logs.search import search

__all__ = ["LogLimits", "LogQuery", "LogTarget", "is_there", "open_output", "read_log", "read_open"]

NO_SECRETS = Masker()
MatcherFor = Callable[[str, LogLimits], Matcher]


@dataclass(frozen=True)
class LogTarget:
    """One output file and what it belongs to. While `running`, a last line without a newline counts as unfinished."""

    job_id: str
    sheet: int
    attempt: int
    stream: Stream
    sheet_name: str = ""
    running: bool = False


@dataclass(frozen=True)
class LogQuery:
    """What to read; the fields mean what they mean in `job.log`."""

    mode: LogMode = "tail"
    pattern: str = ""
    context_lines: int = 0
    cursor: str = ""
    max_lines: int = 100
    copies: bool = False


def open_output(folder: Path, stream: Stream) -> int | None:
    """Open what an attempt wrote to a stream and return the descriptor; None if there is no such file (yet).

    Raises:
        OSError: it cannot be opened.
    """
    try:
        # Without waiting: a pipe in its place has perhaps no other end.
        fd = os.open(folder / f"{stream}.log", os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    if stat.S_ISREG(os.fstat(fd).st_mode):
        return fd
    os.close(fd)
    return None


def is_there(folder: Path, stream: Stream) -> bool:
    """Return whether there is a file for what an attempt wrote to a stream. Blocks."""
    return os.path.lexists(folder / f"{stream}.log")


def read_log(
    folder: Path, target: LogTarget, query: LogQuery, limits: LogLimits | None = None, masker: Masker = NO_SECRETS
) -> LogView:
    """Read one part of the output in an attempt's folder; a search is for `read_open`. Blocks: it reads files."""
    fd = open_output(folder, target.stream)
    try:
        return read_open(fd, target, query, limits, masker=masker)
    finally:
        if fd is not None:
            os.close(fd)


def check_query(query: LogQuery) -> None:
    """Refuse fields that do not go with the mode.

    Raises:
        InvalidArguments: see the message.
    """
    if query.cursor and query.mode not in ("range", "search"):
        raise InvalidArguments(f"Mode {query.mode} takes no cursor.", fix='Use mode "range" to read on from a cursor.')
    if query.pattern and query.mode != "search":
        raise InvalidArguments(f"Mode {query.mode} takes no pattern.", fix='Use mode "search" with a pattern.')
    if query.mode == "search" and not query.pattern:
        raise InvalidArguments("A search needs a pattern.", fix='Pass pattern, or use mode "tail".')


def read_open(
    fd: int | None,
    target: LogTarget,
    query: LogQuery,
    limits: LogLimits | None = None,
    matcher_for: MatcherFor | None = None,
    masker: Masker = NO_SECRETS,
) -> LogView:
    """Read one part of an open output; None counts as empty. Blocks, a search for up to a few seconds.

    In the modes range and search each finished line comes exactly once, however the file grows between two calls. A search
    that ran out of time returns `at_end: false` and continues from its cursor, with mode search and the same pattern.

    Raises:
        InvalidArguments: a field does not go with the mode, the cursor is of another output, or the pattern is unusable.
        OSError: the file cannot be read.
    """
    check_query(query)
    seal = seal_of(target.job_id, target.sheet, target.attempt, target.stream)
    cursor = Cursor.decode(query.cursor, seal) if query.cursor else Cursor(0)
    most = COPIED_LINES if query.copies and query.mode != "tail" else query.max_lines
    page = Page(limits or (COPYING if query.copies else LogLimits()), most, masker)
    size, after, at_end = 0, cursor, True
    find = matcher_for(query.pattern, page.limits) if matcher_for else None
    if fd is not None:
        size = os.fstat(fd).st_size
        after, at_end = _read(fd, size, cursor, page, query, find, running=target.running)
    return LogView(
        job_id=target.job_id,
        sheet=target.sheet,
        sheet_name=target.sheet_name,
        attempt=target.attempt,
        stream=target.stream,
        lines=page.lines,
        cursor=after.encode(seal),
        at_end=at_end,
        running=target.running,
        truncated=page.truncated,
        earlier=page.earlier,
        unfinished=page.unfinished,
        unsearched_bytes=page.unsearched,
        total_bytes=size,
    )


def _read(
    fd: int, size: int, cursor: Cursor, page: Page, query: LogQuery, find: Matcher | None, *, running: bool
) -> tuple[Cursor, bool]:
    """Fill the page as the mode says; return where to continue, and whether the end of the file was reached."""
    pieces = extents(fd, size)
    if query.mode == "tail":
        return tail(fd, pieces, page, running=running), True
    if query.mode == "search" and find is not None:
        return search(fd, pieces, cursor, page, matcher=find, context=query.context_lines, running=running)
    return forward(fd, pieces, cursor, page, running=running)
