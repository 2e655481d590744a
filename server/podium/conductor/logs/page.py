"""One answer in the making: lines are added until a limit of lines or bytes is reached."""

import json
from dataclasses import dataclass, field

from podium.conductor.logs.lines import Line, cut_text
from podium.contract.models import LogLine
from podium.contract.weight import tokens_at_most

MARK = "…"


@dataclass(frozen=True)
class LogLimits:
    """Bounds of one answer, and of the work for it. Sizes in bytes, time in seconds."""

    page_bytes: int = 24_000
    page_tokens: int = 8_000  # by `tokens_at_most`: what is no ordinary text costs its reader more than its bytes say
    line_bytes: int = 4_000  # what is shown of one line
    tail_bytes: int = 8 * 1024 * 1024  # how far back a tail looks for the beginning of its lines
    count_bytes: int = 4 * 1024 * 1024  # how much a tail reads to number its lines
    search_line_bytes: int = 1024 * 1024  # how much of one line a search looks at
    scan_bytes: int = 1024**3
    scan_seconds: float = 3.0
    match_seconds: float = 1.0  # for one line


@dataclass
class Page:
    """The lines so far. `truncated` says that a limit left something out."""

    limits: LogLimits
    max_lines: int
    lines: list[LogLine] = field(default_factory=list)
    size: int = 0
    tokens: int = 0
    truncated: bool = False

    def add(self, line: LogLine) -> bool:
        """Add a line if it fits; the first one always does, so that every page gets on."""
        size, tokens = len(line.text.encode()), tokens_at_most(json.dumps(line.text, ensure_ascii=False))
        if self.lines and self._is_full(size, tokens):
            self.truncated = True
            return False
        self.lines.append(line)
        self.size += size
        self.tokens += tokens
        return True

    def _is_full(self, size: int, tokens: int) -> bool:
        limits = self.limits
        too_long = self.size + size > limits.page_bytes or self.tokens + tokens > limits.page_tokens
        return too_long or len(self.lines) >= self.max_lines

    def render(self, line: Line, number: int, *, match: bool = False, at: int = 0) -> LogLine:
        """Return the line as it is shown: around byte `at` when it is too long, with a mark at each cut."""
        if line.hole:
            return LogLine(text=f"{MARK}[{line.size} bytes without data]")
        raw = line.raw.strip(b"\0") if line.edge else line.raw
        size = line.size - len(line.raw) + len(raw)
        if size <= self.limits.line_bytes:
            return LogLine(number=number, text=cut_text(raw, 0, size).removesuffix("\r"), match=match)
        self.truncated = True
        return LogLine(number=number, text=self._cut(raw, size, at), match=match)

    def render_end(self, line: Line) -> LogLine:
        """Return the end of a line whose beginning is too far back to look for."""
        self.truncated = True
        limit = self.limits.line_bytes
        return LogLine(text=f"{MARK}[cut before]{cut_text(line.raw, max(0, len(line.raw) - limit), limit)}")

    def _cut(self, raw: bytes, size: int, at: int) -> str:
        """Return `line_bytes` of a longer line, from a little before byte `at`."""
        limit = self.limits.line_bytes
        begin = at - limit // 4 if at > limit // 2 else 0
        rest = size - begin - limit
        before = f"{MARK}[{begin} bytes before]" if begin else ""
        return before + cut_text(raw, begin, limit) + (f"{MARK}[{rest} bytes more]" if rest > 0 else "")
