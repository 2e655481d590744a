"""`content_regex`: the pattern matches somewhere in the file. A foreign pattern has a time limit and a bounded text."""

import os

import regex

from podium.contract.secrets.masks import MARGIN, Masker, replaced
from podium.reader.requests import Matched
from podium.score.patterns import PatternFault, compile_pattern
from podium.texts.shown import FOUND_CHARS, one_line, without_match

MAX_BYTES = 16 * 1024 * 1024


def search(fd: int, pattern: str, timeout_seconds: float, masker: Masker) -> Matched:
    """Return whether the pattern matches in the first 16 MiB of the file. `^` and `$` match at its ends, as in `re`."""
    try:
        return _search(fd, compile_pattern(pattern), timeout_seconds, masker)
    except PatternFault as fault:
        return Matched(passed=False, found=f"the pattern {fault}")


def _search(fd: int, pattern: "regex.Pattern[str]", timeout_seconds: float, masker: Masker) -> Matched:
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
        return Matched(passed=True, found=f"found on line {line}", output=one_line(_shown(text, found, masker)))
    rest = os.fstat(fd).st_size - MAX_BYTES
    size, begin = without_match(fd, masker, f" (the last {rest} were not searched)" if rest > 0 else "")
    return Matched(passed=False, found=size, output=begin)


def _shown(text: str, found: "regex.Match[str]", masker: Masker) -> str:
    """Return as much of a match as is shown, and a little more, without secrets: also one of which it is only a part."""
    start, end = found.start(), min(found.end(), found.start() + FOUND_CHARS + MARGIN)
    before, shown, after = (
        part.encode() for part in (text[max(0, start - MARGIN) : start], text[start:end], text[end : end + MARGIN])
    )
    whole = before + shown + after
    return replaced(whole, masker.spans(whole), len(before), len(before) + len(shown)).decode()
