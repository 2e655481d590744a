"""The one way to read an attempt's output: check the query, open the file, read one bounded part."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from podium.conductor.logs.cursor import Cursor, seal_of
from podium.conductor.logs.extents import extents
from podium.conductor.logs.match import matcher_for
from podium.conductor.logs.modes import forward, tail
from podium.conductor.logs.page import LogLimits, Page
from podium.conductor.logs.search import search
from podium.contract.models import LogMode, LogView, Stream
from podium.errors import InvalidArguments

__all__ = ["LogLimits", "LogQuery", "LogTarget", "read_log"]


@dataclass(frozen=True)
class LogTarget:
    """One output file and what it belongs to. While `running`, a last line without a newline counts as unfinished."""

    path: Path
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


def read_log(target: LogTarget, query: LogQuery, limits: LogLimits | None = None) -> LogView:
    """Read one part. A file that does not exist (yet) counts as empty. Run this in a thread: it blocks for up to a few seconds.

    In the modes range and search each line comes exactly once, however the file grows between two calls. A search that ran
    out of time returns `at_end: false` and continues from its cursor, with mode search and the same pattern.

    Raises:
        InvalidArguments: a field does not go with the mode, the cursor is of another output, or the pattern is unusable.
        OSError: the file cannot be read.
    """
    if query.cursor and query.mode not in ("range", "search"):
        raise InvalidArguments(f"Mode {query.mode} takes no cursor.", fix='Use mode "range" to read on from a cursor.')
    if query.pattern and query.mode != "search":
        raise InvalidArguments(f"Mode {query.mode} takes no pattern.", fix='Use mode "search" with a pattern.')
    if query.mode == "search" and not query.pattern:
        raise InvalidArguments("A search needs a pattern.", fix='Pass pattern, or use mode "tail".')
    seal = seal_of(target.job_id, target.sheet, target.attempt, target.stream)
    cursor = Cursor.decode(query.cursor, seal) if query.cursor else Cursor(0)
    page = Page(limits or LogLimits(), query.max_lines)
    size, after, at_end = 0, cursor, True
    with suppress(FileNotFoundError), target.path.open("rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        after, at_end = _read(file.fileno(), size, cursor, page, query, running=target.running)
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
        total_bytes=size,
    )


def _read(fd: int, size: int, cursor: Cursor, page: Page, query: LogQuery, *, running: bool) -> tuple[Cursor, bool]:
    """Fill the page as the mode says; return where to continue, and whether the end of the file was reached."""
    pieces = extents(fd, size)
    if query.mode == "tail":
        return tail(fd, pieces, page, running=running), True
    if query.mode == "search":
        find = matcher_for(query.pattern, page.limits)
        return search(fd, pieces, cursor, page, matcher=find, context=query.context_lines, running=running)
    return forward(fd, pieces, cursor, page, running=running)
