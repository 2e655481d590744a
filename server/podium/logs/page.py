"""One page of a log: lines are added until a limit of lines, bytes or tokens is reached."""

import json
from dataclasses import dataclass, field

from podium.contract.models import LogLine
from podium.contract.secrets.masks import MARGIN, Masker, Span, merged
from podium.contract.weight import tokens_at_most
from podium.logs.lines import Line, cut_text

MARK = "…"


@dataclass(frozen=True)
class LogLimits:
    """Bounds of one page and of the work for it. Sizes are in bytes, times in seconds."""

    page_bytes: int = 24_000
    page_tokens: int = 8_000  # by `tokens_at_most`: unusual text costs a reader more than its bytes suggest
    line_bytes: int = 4_000  # shown of one line
    tail_bytes: int = 8 * 1024 * 1024  # how far back a tail looks for the beginning of its lines
    count_bytes: int = 4 * 1024 * 1024  # read by a tail to number its lines
    search_line_bytes: int = 1024 * 1024  # searched of one line
    scan_bytes: int = 1024**3
    scan_seconds: float = 3.0
    match_seconds: float = 1.0  # for one line


@dataclass
class Page:
    """The lines so far. `truncated` means that something was left out because of a limit."""

    limits: LogLimits
    max_lines: int
    masker: Masker = field(default_factory=Masker)
    before: tuple[int, bytes] = (0, b"")  # what stands in the same line before the offset where the page begins
    lines: list[LogLine] = field(default_factory=list)
    size: int = 0
    tokens: int = 0
    truncated: bool = False

    def add(self, line: LogLine) -> bool:
        """Add a line if it fits; the first one always does, so that every page makes progress."""
        size = self.size + len(line.text.encode())
        tokens = self.tokens + tokens_at_most(json.dumps(line.text, ensure_ascii=False))
        full = len(self.lines) >= self.max_lines or size > self.limits.page_bytes or tokens > self.limits.page_tokens
        if self.lines and full:
            self.truncated = True
            return False
        self.lines.append(line)
        self.size, self.tokens = size, tokens
        return True

    def render(self, line: Line, number: int, *, match: bool = False, at: int = 0) -> LogLine:
        """Return the line as it is shown; one that is too long is cut to the part around byte `at`, with a mark at each cut."""
        if line.hole:
            return LogLine(text=f"{MARK}[{line.size} bytes without data]")
        raw = line.raw.strip(b"\0") if line.edge else line.raw
        size = line.size - len(line.raw) + len(raw)
        if size <= self.limits.line_bytes:
            return LogLine(number=number, text=self._shown(line, raw, 0, size).removesuffix("\r"), match=match)
        self.truncated = True
        limit = self.limits.line_bytes
        begin = at - limit // 4 if at > limit // 2 else 0
        rest = size - begin - limit
        before = f"{MARK}[{begin} bytes before]" if begin else ""
        behind = f"{MARK}[{rest} bytes more]" if rest > 0 else ""
        return LogLine(number=number, text=f"{before}{self._shown(line, raw, begin, limit)}{behind}", match=match)

    def render_end(self, line: Line) -> LogLine:
        """Return the end of a line whose beginning is too far back."""
        self.truncated = True
        limit = self.limits.line_bytes
        shown = self._shown(line, line.raw, max(0, len(line.raw) - limit), limit)
        return LogLine(text=f"{MARK}[cut before]{shown}")

    def _shown(self, line: Line, raw: bytes, begin: int, limit: int) -> str:
        """Return a part of a line without secrets; what stands beside the part tells of those that its edges cut."""
        if not self.masker:
            return cut_text(raw, begin, limit)
        missing = self.before[1] if line.start == self.before[0] else b""
        whole = missing + raw
        first = max(0, begin + len(missing) - MARGIN)
        near = whole[first : begin + len(missing) + limit + MARGIN]
        found = list(self.masker.spans(near))
        if line.edge or not line.ended:  # the rest is lost, or not written yet
            at_end = first + len(near) == len(whole) and len(line.raw) == line.size
            found += self.masker.cut(near, at_start=line.edge and not first, at_end=at_end)
        shift = first - len(missing)
        moved = [Span(max(0, each.start + shift), each.end + shift, each.name) for each in merged(found)]
        return cut_text(raw, begin, limit, [each for each in moved if each.end > 0])
