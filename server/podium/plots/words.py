"""Foreign text as it may stand in what is drawn, and the marks and words of states."""

from podium.texts.cleaning import clean_text

TIMES = "\N{MULTIPLICATION SIGN}"
MARKS = {
    "completed": "✓",
    "failed": "✗",
    "skipped": "-",
    "cancelled": "■",
    "waiting": "↻",
    "running": "•",
    "pending": "○",
    "hold": "?",
    "holding": "?",
    "queued": "○",
    "paused": "=",
}
"""State of a sheet or a job -> its mark; the word always stands nearby."""


def shown(text: str) -> str:
    """Return a text of others as it may be shown: nothing in it acts on a terminal or hides; what is no text is escaped."""
    return clean_text(text.encode("utf-8", "backslashreplace").decode())


def in_line(text: str) -> str:
    """Return a text of others in one line."""
    return " ".join(shown(text).split())


def counted(number: int, noun: str) -> str:
    """Return "1 sheet", "2 sheets"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
