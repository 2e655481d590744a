"""Foreign text as it may stand in what is drawn, and the marks and words of states."""

from rich.cells import cell_len, set_cell_size

from podium.texts.cleaning import clean_text

ELLIPSIS = "…"
TIMES = "\N{MULTIPLICATION SIGN}"
MARKS = {
    "completed": "✓",
    "failed": "✗",
    "skipped": "-",
    "cancelled": "■",
    "waiting": "↻",
    "running": "▶",
    "pending": "·",
    "hold": "?",
    "queued": "·",
    "paused": "‖",
}
"""State of a sheet or a job -> its mark; the word always stands nearby."""


def shown(text: str) -> str:
    """Return a text of others as it may be shown: nothing in it acts on a terminal or hides; what is no text is escaped."""
    return clean_text(text.encode("utf-8", "backslashreplace").decode())


def in_line(text: str) -> str:
    """Return a text of others in one line."""
    return " ".join(shown(text).split())


def cut(text: str, width: int) -> str:
    """Return a text that fills at most so many cells of a terminal; a longer one lacks its end."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, max(0, width - 1)).rstrip() + ELLIPSIS if width > 0 else ""


def cut_middle(text: str, width: int) -> str:
    """Return a text that fills at most so many cells; a longer one lacks its middle, since names differ at both ends."""
    if cell_len(text) <= width:
        return text
    head = (width - 1) // 2 + (width - 1) % 2
    left = set_cell_size(text, head).rstrip()
    tail = text
    while cell_len(tail) > width - 1 - cell_len(left):
        tail = tail[1:]
    return f"{left}{ELLIPSIS}{tail}"


def padded(text: str, width: int, *, right: bool = False) -> str:
    """Return a text with blanks so that it fills so many cells."""
    blanks = " " * max(0, width - cell_len(text))
    return blanks + text if right else text + blanks


def counted(number: int, noun: str) -> str:
    """Return "1 sheet", "2 sheets"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
