"""How a search finds its pattern: quickly past lines that cannot match, and in bounded time for hard patterns.

Matching each line separately costs microseconds a line, matching a whole chunk a fraction of that. So chunks are ruled out
first: for plain text by comparing bytes, for a simple enough expression by one search over all lines of the chunk.
"""

from dataclasses import dataclass

import regex

from podium.errors import InvalidArguments
from podium.logs.lines import Line
from podium.logs.page import LogLimits
from podium.logs.search import Matcher
from podium.score.patterns import PatternFault, compile_pattern

SPECIAL = frozenset(r".^$*+?{}[]\|()")
# A pattern of these parts that matches a line also matches, with MULTILINE, any text that contains the line: nothing in it
# looks beyond the line, and it can give back all that it took (no look-around, atomic or possessive part, \A or \Z).
SIMPLE = regex.compile(r"(?:[^\\*+?{}(]|\((?!\?)|\\(?:[dDsSwWb]|[^\w])|(?:[*+?]|\{\d+(?:,\d*)?\})\??(?![*+?]))*+")
CHUNK_SECONDS = 0.2


def matcher_for(pattern: str, limits: LogLimits) -> Matcher:
    """Return a matcher for `pattern`: plain text is compared by bytes, everything else is a regular expression.

    Raises:
        InvalidArguments: it does not compile. The matcher raises it for a line that takes too long.
    """
    if not SPECIAL & set(pattern):
        needle = pattern.encode("utf-8", "replace")
        return Matcher(lambda line: line.raw.find(needle), lambda chunk: needle in chunk)
    try:
        compiled = compile_pattern(pattern)
        chunks = _Chunks(regex.compile(pattern, regex.M)) if SIMPLE.fullmatch(pattern) else None
    except PatternFault as fault:
        raise InvalidArguments(
            f"The pattern {fault}.",
            fix="Correct it; put a backslash before special characters to match them literally.",
        ) from None
    return Matcher(lambda line: _match(compiled, line, limits), chunks.wanted if chunks else None)


@dataclass
class _Chunks:
    """Rules out chunks until one takes too long: a pattern that is quick on each line can be slow on all of them."""

    pattern: regex.Pattern[str]
    quick: bool = True

    def wanted(self, chunk: bytes) -> bool:
        """Return whether a line of the chunk may match."""
        text = chunk.decode("utf-8", "replace").replace("\r\n", "\n")
        try:
            return not self.quick or bool(self.pattern.search(text, timeout=CHUNK_SECONDS, concurrent=True))
        except TimeoutError:
            self.quick = False
            return True


def _match(pattern: regex.Pattern[str], line: Line, limits: LogLimits) -> int:
    """Return where the pattern matches, or -1; for a line that is shown whole, 0 stands for any place."""
    text = line.raw.decode("utf-8", "replace").removesuffix("\r")
    try:
        found = pattern.search(text, timeout=limits.match_seconds, concurrent=True)
    except TimeoutError:
        raise InvalidArguments(
            f"The pattern took longer than {limits.match_seconds:g} s to match the line at byte {line.start}.",
            fix="Use a simpler pattern: plain text, or one without nested repetition.",
        ) from None
    if not found:
        return -1
    return len(text[: found.start()].encode()) if line.size > limits.line_bytes else 0
