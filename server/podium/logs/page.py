"""One page of a log: lines are added until a limit of lines, bytes or tokens is reached."""

import json
from dataclasses import dataclass, field
from typing import NamedTuple

from podium.contract.models import LogLine
from podium.contract.secrets.masks import Masker
from podium.contract.weight import tokens_at_most
from podium.logs.lines import Line
from podium.logs.rewriting import as_seen
from podium.logs.shown import cut_text

MARK = "…"


@dataclass(frozen=True)
class LogLimits:
    """Bounds of one page and of the work for it. Sizes are in bytes, times in seconds."""

    page_bytes: int = 24_000
    page_tokens: int | None = 8_000  # by `tokens_at_most`: unusual text costs a reader more than its bytes suggest
    line_bytes: int = 4_000  # shown of one line
    tail_bytes: int = 8 * 1024 * 1024  # how far back a tail looks for the beginning of its lines
    count_bytes: int = 4 * 1024 * 1024  # read by a tail to number its lines
    search_line_bytes: int = 16 * 1024 * 1024  # searched of one line
    scan_bytes: int = 1024**3
    scan_seconds: float = 3.0
    match_seconds: float = 1.0  # for one line of up to 1 MiB


COPYING = LogLimits(page_bytes=256 * 1024, page_tokens=None, line_bytes=256 * 1024)
"""For a program that copies an output: a page is made and sent in some hundredths of a second."""
COPIED_LINES = 5_000  # of such a page


class Hit(NamedTuple):
    """The text of a line that matched, of `size` bytes in all, and at which byte; `rewritten` if the line shows another now."""

    text: bytes
    size: int
    at: int
    rewritten: bool = False


@dataclass
class Page:
    """The lines so far. `truncated` means that something was left out because of a limit, `earlier` that it is the
    output before this page.

    `unfinished` means that the output ends with a line that may still be continued, so it is not passed by; `unsearched` are
    the bytes of long lines in which a search did not look.
    """

    limits: LogLimits
    max_lines: int
    masker: Masker = field(default_factory=Masker)
    before: tuple[int, bytes] = (0, b"")  # what stands in the same line before the offset where the page begins
    lines: list[LogLine] = field(default_factory=list)
    size: int = 0
    tokens: int = 0
    truncated: bool = False
    earlier: bool = False
    unfinished: bool = False
    unsearched: int = 0

    def add(self, line: LogLine) -> bool:
        """Add a line if it fits; the first one always does, so that every page makes progress."""
        size = self.size + len(line.text.encode())
        tokens, most = self.tokens, self.limits.page_tokens
        full = len(self.lines) >= self.max_lines or size > self.limits.page_bytes
        if most is not None:
            tokens += tokens_at_most(json.dumps(line.text, ensure_ascii=False))
            full = full or tokens > most
        if self.lines and full:
            self.truncated = True
            return False
        self.lines.append(line)
        self.size, self.tokens = size, tokens
        return True

    def render(self, line: Line, number: int, *, to_end: bool = False) -> LogLine:
        """Return the line as it is shown. Of one that is too long the beginning stays, or with `to_end` more of its end."""
        if line.hole:
            return LogLine(text=f"{MARK}[{line.size} bytes without data]")
        raw = as_seen(line.raw.strip(b"\0") if line.edge else line.raw)
        is_whole, limit = line.size <= len(line.raw), self.limits.line_bytes
        size = len(raw) if is_whole else line.size
        if size <= limit:
            return LogLine(number=number, text=self._shown(line, raw, 0, size))
        self.truncated = True
        if not to_end:
            begin = self._shown(line, raw, 0, limit, ends=is_whole)
            return LogLine(number=number, text=f"{begin}{MARK}[{size - limit} bytes more]")
        first, last = limit // 4, limit - limit // 4
        kept = raw if is_whole else as_seen(line.last)
        begin = self._shown(line, raw, 0, first, ends=is_whole)
        end = self._shown(line, kept, max(0, len(kept) - last), last, starts=is_whole)
        return LogLine(number=number, text=f"{begin}{MARK}[{size - limit} bytes left out]{end}")

    def render_hit(self, line: Line, number: int, hit: Hit) -> LogLine:
        """Return what matched; text that is too long is cut to the part around the match."""
        limit = self.limits.line_bytes
        begin = hit.at - limit // 4 if hit.size > limit and hit.at > limit // 2 else 0
        rest = hit.size - begin - limit
        before = f"{MARK}[{begin} bytes before]" if begin else ""
        behind = f"{MARK}[{rest} bytes more]" if rest > 0 else ""
        self.truncated |= bool(begin) or rest > 0
        later = f"{MARK}[rewritten later]" if hit.rewritten else ""
        is_whole = len(hit.text) == hit.size
        shown = self._shown(line, hit.text, begin, limit, starts=not hit.rewritten, ends=is_whole)
        return LogLine(number=number, text=f"{before}{shown}{behind}{later}", match=True)

    def render_end(self, line: Line) -> LogLine:
        """Return the end of a line whose beginning is too far back."""
        self.truncated = True
        limit, end = self.limits.line_bytes, as_seen(line.last or line.raw)
        shown = self._shown(line, end, max(0, len(end) - limit), limit, starts=False)
        return LogLine(text=f"{MARK}[cut before]{shown}")

    def _shown(self, line: Line, text: bytes, begin: int, limit: int, *, starts: bool = True, ends: bool = True) -> str:
        """Return part of a line without secrets. `starts` and `ends` say whether `text` has the beginning and the end of it."""
        return cut_text(
            text,
            begin,
            limit,
            self.masker,
            missing=self._missing(line) if starts else b"",
            lost_start=line.edge and starts,
            lost_end=ends and (line.edge or not line.ended),  # what follows is gone, or not written yet
        )

    def _missing(self, line: Line) -> bytes:
        """Return what stands before the beginning of a line, in the same line of the file."""
        return as_seen(self.before[1]).rpartition(b"\n")[2] if line.state == self.before[0] else b""
