"""Foreign text in one bounded line."""

import os

FOUND_CHARS = 200  # shown of what was found, in one line
HEAD_BYTES = 4 * FOUND_CHARS


def one_line(text: str) -> str:
    """Return foreign text quoted, in one line without control characters, cut with a mark."""
    shown = repr(text[:FOUND_CHARS])
    return shown + "…" if len(text) > FOUND_CHARS else shown


def without_match(fd: int, note: str = "") -> str:
    """Return in words what an open file without a match holds: its size and its beginning."""
    size = os.fstat(fd).st_size
    if not size:
        return "an empty file"
    begin = os.pread(fd, HEAD_BYTES, 0).decode("utf-8", "replace")
    return f"{size} bytes{note} that begin with {one_line(begin)}"
