"""Foreign text in one bounded line."""

import os

from podium.contract.secrets.masks import MARGIN, Masker, replaced
from podium.texts.letters import escaped, is_invisible

FOUND_CHARS = 200  # shown of what was found, in one line
HEAD_BYTES = 4 * FOUND_CHARS


def one_line(text: str) -> str:
    """Return foreign text quoted, in one line, with escapes for letters that nobody sees, cut with a mark."""
    shown = "".join(escaped(each) if is_invisible(each) else each for each in repr(text[:FOUND_CHARS]))
    return shown + "…" if len(text) > FOUND_CHARS else shown


def without_match(fd: int, masker: Masker, note: str = "") -> tuple[str, str]:
    """Return in words what an open file without a match holds, and its beginning, quoted and without secrets."""
    size = os.fstat(fd).st_size
    if not size:
        return "an empty file", ""
    head = os.pread(fd, HEAD_BYTES + MARGIN, 0)
    begin = replaced(head, masker.spans(head)).decode("utf-8", "replace")
    return f"a file of {size} bytes{note} without it", one_line(begin)
