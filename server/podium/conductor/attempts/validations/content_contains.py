"""`content_contains`: the file holds the text, byte for byte in UTF-8. Files of any size, in bounded memory."""

import os
from pathlib import Path

from podium.conductor.attempts.validations.context import Outcome
from podium.conductor.attempts.validations.files import NotReadable, regular_file
from podium.contract.secrets.masks import Masker
from podium.texts.shown import without_match

CHUNK = 1024 * 1024


def check(path: Path, text: str, masker: Masker) -> Outcome:
    """Check that the file's content contains the text."""
    try:
        with regular_file(path) as fd:
            line = _line_of(fd, text.encode("utf-8", "surrogatepass"))
            return Outcome(True, f"found on line {line}") if line else Outcome(False, *without_match(fd, masker))
    except NotReadable as error:
        return Outcome(False, str(error))


def _line_of(fd: int, needle: bytes) -> int:
    """Return the number of the line where the first occurrence begins, 0 for none."""
    line, position, kept = 1, 0, b""
    while chunk := os.pread(fd, CHUNK, position):
        position += len(chunk)
        window = kept + chunk
        if (at := window.find(needle)) >= 0:
            return line + window.count(b"\n", 0, at)
        done = max(0, len(window) - len(needle) + 1)  # an occurrence may begin in the rest
        line += window.count(b"\n", 0, done)
        kept = window[done:]
    return int(not needle)
