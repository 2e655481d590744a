"""`content_regex`: the pattern matches somewhere in the file. A foreign pattern has a time limit and a bounded text.

`regex` releases the interpreter while it matches and keeps a time limit; `re` can do neither.
"""

import os
from pathlib import Path

import regex

from podium.conductor.attempts.validations.context import Outcome, one_line
from podium.conductor.attempts.validations.files import NotReadable, regular_file, without_match

MAX_BYTES = 16 * 1024 * 1024


def check(path: Path, pattern: str, timeout_seconds: float) -> Outcome:
    """Check that the pattern matches in the first 16 MiB of the file. `^` and `$` match at its ends, as in `re`."""
    try:
        compiled = regex.compile(pattern)
        with regular_file(path) as fd:
            return _search(fd, compiled, timeout_seconds)
    except regex.error as error:
        return Outcome(False, f"the pattern is not a valid regular expression: {error}")
    except NotReadable as error:
        return Outcome(False, str(error))


def _search(fd: int, pattern: regex.Pattern[str], timeout_seconds: float) -> Outcome:
    """Match against the file's text, with U+FFFD in place of invalid UTF-8."""
    content = bytearray()
    while len(content) < MAX_BYTES and (chunk := os.pread(fd, MAX_BYTES - len(content), len(content))):
        content += chunk
    text = content.decode("utf-8", "replace")
    try:
        found = pattern.search(text, timeout=timeout_seconds, concurrent=True)
    except TimeoutError:
        return Outcome(False, f"a match that did not finish within {timeout_seconds:g} s")
    if found:
        line = text.count("\n", 0, found.start()) + 1
        return Outcome(True, f"{one_line(found.group())} on line {line}")
    rest = os.fstat(fd).st_size - MAX_BYTES
    return without_match(fd, f" (the last {rest} were not searched)" if rest > 0 else "")
