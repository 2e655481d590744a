"""Foreign text in one bounded line."""

import os

from podium.contract.secrets.masks import MARGIN, Masker, replaced
from podium.texts.letters import all_visible, escaped, is_invisible

FOUND_CHARS = 200  # shown of what was found, in one line
HEAD_BYTES = 4 * FOUND_CHARS
CUT = "…"


def one_line(text: str) -> str:
    """Return foreign text quoted, in one line, with escapes for letters that nobody sees, cut with a mark."""
    shown = "".join(escaped(each) if is_invisible(each) else each for each in repr(text[:FOUND_CHARS]))
    return shown + CUT if len(text) > FOUND_CHARS else shown


def cut_line(text: str, most: int) -> str:
    """Return foreign text as it is, in one line: a space for each letter that nobody sees, and cut with a mark."""
    clean = "".join(each if all_visible(each) else " " for each in text).strip()
    return clean if len(clean) <= most else clean[: most - 1] + CUT


def without_match(fd: int, masker: Masker, note: str = "") -> tuple[str, str]:
    """Return in words what an open file without a match holds, and its beginning, quoted and without secrets."""
    size = os.fstat(fd).st_size
    if not size:
        return "an empty file", ""
    head = os.pread(fd, HEAD_BYTES + MARGIN, 0)
    begin = replaced(head, masker.spans(head)).decode("utf-8", "replace")
    return f"a file of {size} bytes{note} without it", one_line(begin)
