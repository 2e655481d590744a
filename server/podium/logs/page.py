"""One page of a log: lines are added until a limit of lines, bytes or tokens is reached."""

import json
from dataclasses import dataclass, field

from podium.contract.models import LogLine
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
            return LogLine(number=number, text=cut_text(raw, 0, size).removesuffix("\r"), match=match)
        self.truncated = True
        limit = self.limits.line_bytes
        begin = at - limit // 4 if at > limit // 2 else 0
        rest = size - begin - limit
        before = f"{MARK}[{begin} bytes before]" if begin else ""
        behind = f"{MARK}[{rest} bytes more]" if rest > 0 else ""
        return LogLine(number=number, text=f"{before}{cut_text(raw, begin, limit)}{behind}", match=match)

    def render_end(self, line: Line) -> LogLine:
        """Return the end of a line whose beginning is too far back."""
        self.truncated = True
        limit = self.limits.line_bytes
        return LogLine(text=f"{MARK}[cut before]{cut_text(line.raw, max(0, len(line.raw) - limit), limit)}")
