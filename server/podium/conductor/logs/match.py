"""How a search finds its pattern: fast over what cannot match, and bounded in time where a pattern is hard.

A call of the engine for each line costs microseconds, one for a whole chunk a fraction of that. So chunks are ruled out
first: a plain text by its bytes, and an expression that is simple enough by a search over all lines at once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import regex

from podium.conductor.logs.lines import Line
from podium.conductor.logs.page import LogLimits
from podium.errors import InvalidArguments

SPECIAL = frozenset(r".^$*+?{}[]\|()")
# Of these parts no combination can match within a line but not in the text of many lines with MULTILINE: all that they take
# and look at lies in the line, and they can take back everything (no look-around, atomic or possessive part, \A or \Z).
SIMPLE = regex.compile(r"(?:[^\\*+?{}(]|\((?!\?)|\\(?:[dDsSwWb]|[^\w])|(?:[*+?]|\{\d+(?:,\d*)?\})\??(?![*+?]))*+")
CHUNK_SECONDS = 0.2


class Matcher(NamedTuple):
    """`at` returns the byte at which a line matches, or -1. `wanted` rules out whole chunks of lines."""

    at: Callable[[Line], int]
    wanted: Callable[[bytes], bool] | None = None


def matcher_for(pattern: str, limits: LogLimits) -> Matcher:
    """Return what finds `pattern` in a line: a plain text by bytes, everything else as a regular expression.

    Raises:
        InvalidArguments: it does not compile; the matcher raises it for a line that takes too long.
    """
    if not SPECIAL & set(pattern):
        needle = pattern.encode("utf-8", "replace")
        return Matcher(lambda line: line.raw.find(needle), lambda chunk: needle in chunk)
    try:
        compiled = regex.compile(pattern)
        chunks = _Chunks(regex.compile(pattern, regex.M)) if SIMPLE.fullmatch(pattern) else None
    except regex.error as error:
        raise InvalidArguments(
            f"The pattern is no regular expression: {error}.", fix="Correct it; put a backslash before literal marks."
        ) from None
    return Matcher(lambda line: _match(compiled, line, limits), chunks.wanted if chunks else None)


@dataclass
class _Chunks:
    """Rules out chunks, until one takes too long: what is quick on each line can be slow on all of them."""

    pattern: regex.Pattern[str]
    quick: bool = True

    def wanted(self, chunk: bytes) -> bool:
        """Say whether a line of the chunk may match."""
        text = chunk.decode("utf-8", "replace").replace("\r\n", "\n")
        try:
            return not self.quick or bool(self.pattern.search(text, timeout=CHUNK_SECONDS, concurrent=True))
        except TimeoutError:
            self.quick = False
            return True


def _match(pattern: regex.Pattern[str], line: Line, limits: LogLimits) -> int:
    """Return where the pattern matches, in bytes for a line that will be cut around it."""
    text = line.raw.decode("utf-8", "replace").removesuffix("\r")
    try:
        found = pattern.search(text, timeout=limits.match_seconds, concurrent=True)
    except TimeoutError:
        raise InvalidArguments(
            f"The pattern takes longer than {limits.match_seconds:g} s on the line at byte {line.start}.",
            fix="Search for a simpler pattern: plain text, or without nested repetition.",
        ) from None
    if not found:
        return -1
    return len(text[: found.start()].encode()) if line.size > limits.line_bytes else 0
