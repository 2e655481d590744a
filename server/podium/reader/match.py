"""How a search finds its pattern: quickly past lines that cannot match, and in bounded time for hard patterns.

Matching each line separately costs microseconds a line, matching a whole chunk a fraction of that. So chunks are ruled out
first: for plain text by comparing bytes, for a simple enough expression by one search over all lines of the chunk.
"""

from dataclasses import dataclass

import regex

from podium.errors import InvalidArguments
from podium.logs.finding import NO_MATCH, NOT_SEARCHED, Matcher
from podium.logs.page import LogLimits
from podium.score.patterns import PatternFault, compile_pattern

SPECIAL = frozenset(r".^$*+?{}[]\|()")
# A pattern of these parts that matches a line also matches, with MULTILINE, any text that contains the line: nothing in it
# looks beyond the line, and it can give back all that it took (no look-around, atomic or possessive part, \A or \Z).
SIMPLE = regex.compile(r"(?:[^\\*+?{}(]|\((?!\?)|\\(?:[dDsSwWb]|[^\w])|(?:[*+?]|\{\d+(?:,\d*)?\})\??(?![*+?]))*+")
CHUNK_SECONDS = 0.2
LONG_BYTES = 1024 * 1024  # a longer text may take longer, and one that takes too long is passed over


def matcher_for(pattern: str, limits: LogLimits) -> Matcher:
    """Return a matcher for `pattern`: plain text is compared by bytes, everything else is a regular expression.

    Raises:
        InvalidArguments: it does not compile. The matcher raises it for a line that takes too long.
    """
    if not SPECIAL & set(pattern):
        needle = pattern.encode("utf-8", "replace")
        return Matcher(lambda text, _: text.find(needle), lambda chunk: needle in chunk)
    try:
        compiled = compile_pattern(pattern)
        chunks = _Chunks(regex.compile(pattern, regex.M)) if SIMPLE.fullmatch(pattern) else None
    except PatternFault as fault:
        raise InvalidArguments(
            f"The pattern {fault}.",
            fix="Correct it; put a backslash before special characters to match them literally.",
        ) from None
    return Matcher(lambda text, offset: _match(compiled, text, offset, limits), chunks.wanted if chunks else None)


@dataclass
class _Chunks:
    """Rules out chunks until one takes too long: a pattern that is quick on each line can be slow on all of them."""

    pattern: regex.Pattern[str]
    quick: bool = True

    def wanted(self, chunk: bytes) -> bool:
        """Return whether a line of the chunk may match."""
        text = chunk.decode("utf-8", "replace")
        try:
            return not self.quick or bool(self.pattern.search(text, timeout=CHUNK_SECONDS, concurrent=True))
        except TimeoutError:
            self.quick = False
            return True


def _match(pattern: regex.Pattern[str], raw: bytes, offset: int, limits: LogLimits) -> int:
    """Return where the pattern matches in a text; for one that is shown whole, 0 stands for any place."""
    text = raw.decode("utf-8", "replace")
    is_long = len(raw) > LONG_BYTES
    try:
        seconds = limits.scan_seconds if is_long else limits.match_seconds
        found = pattern.search(text, timeout=seconds, concurrent=True)
    except TimeoutError:
        if is_long:
            return NOT_SEARCHED
        raise InvalidArguments(
            f"The pattern took longer than {limits.match_seconds:g} s to match the line at byte {offset}.",
            fix="Use a simpler pattern: plain text, or one without nested repetition.",
        ) from None
    if not found:
        return NO_MATCH
    return len(text[: found.start()].encode()) if len(raw) > limits.line_bytes else 0
