"""`content_regex`: the pattern matches somewhere in the file. A foreign pattern has a time limit and a bounded text."""

import os

import regex

from podium.reader.requests import Matched
from podium.score.patterns import PatternFault, compile_pattern
from podium.texts.shown import one_line, without_match

MAX_BYTES = 16 * 1024 * 1024


def search(fd: int, pattern: str, timeout_seconds: float) -> Matched:
    """Return whether the pattern matches in the first 16 MiB of the file. `^` and `$` match at its ends, as in `re`."""
    try:
        return _search(fd, compile_pattern(pattern), timeout_seconds)
    except PatternFault as fault:
        return Matched(passed=False, found=f"the pattern {fault}")


def _search(fd: int, pattern: "regex.Pattern[str]", timeout_seconds: float) -> Matched:
    """Match against the file's text, with U+FFFD in place of invalid UTF-8."""
    content = bytearray()
    while len(content) < MAX_BYTES and (chunk := os.pread(fd, MAX_BYTES - len(content), len(content))):
        content += chunk
    text = content.decode("utf-8", "replace")
    try:
        found = pattern.search(text, timeout=timeout_seconds)
    except TimeoutError:
        return Matched(passed=False, found=f"a match that did not finish within {timeout_seconds:g} s")
    if found:
        line = text.count("\n", 0, found.start()) + 1
        return Matched(passed=True, found=f"{one_line(found.group())} on line {line}")
    rest = os.fstat(fd).st_size - MAX_BYTES
    return Matched(passed=False, found=without_match(fd, f" (the last {rest} were not searched)" if rest > 0 else ""))
