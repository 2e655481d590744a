"""Lines for the terminal, as pieces of text with styles: measured and cut in the cells that they take, painted at the end.

Styles are words of `CODES`, such as "bold red": the eight colours that every terminal has, whatever its background.
"""

import unicodedata
from collections.abc import Sequence

from podium.cli.shared.door import in_line

Span = tuple[str, str]  # text, style
Spans = Sequence[Span]
ELLIPSIS = "…"
CODES = {
    "bold": "1",
    "dim": "2",
    "reverse": "7",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
}


def cells(text: str) -> int:
    """Return how many cells of a terminal a text takes."""
    return len(text) if text.isascii() else sum(map(_cell, text))


def _cell(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _begin(text: str, width: int) -> str:
    """Return as much of the beginning of a text as fits."""
    if text.isascii():
        return text[:width]
    taken = 0
    for place, character in enumerate(text):
        taken += _cell(character)
        if taken > width:
            return text[:place]
    return text


def cut(text: str, width: int) -> str:
    """Return a text that takes at most so many cells: of a longer one the beginning, and a mark."""
    if cells(text) <= width:
        return text
    return f"{_begin(text, width - 1)}{ELLIPSIS}" if width > 0 else ""


def cut_middle(text: str, width: int) -> str:
    """Return a text that takes at most so many cells: of a longer one both ends, and a mark between them."""
    if cells(text) <= width:
        return text
    if width <= 0:
        return ""
    end = _begin(text[::-1], (width - 1) // 2)[::-1]
    return f"{_begin(text, width - 1 - cells(end))}{ELLIPSIS}{end}"


def padded(text: str, width: int) -> str:
    """Return a text that takes exactly so many cells."""
    text = cut(text, width)
    return text + " " * (width - cells(text))


def fitted(line: Spans, width: int) -> list[Span]:
    """Return a line that takes at most so many cells, and cannot begin lines of its own or act on the terminal."""
    made: list[Span] = []
    for given, style in line:
        text = in_line(given).expandtabs(4)
        shown = cut(text, width)
        made.append((shown, style))
        width -= cells(shown)
        if shown != text:
            break
    return made


def painted(line: Spans, *, coloured: bool) -> str:
    """Return a line as it goes to a terminal."""
    if not coloured:
        return "".join(text for text, _ in line)
    return "".join(_paint(text, style) for text, style in line if text)


def _paint(text: str, style: str) -> str:
    codes = ";".join(CODES[word] for word in style.split())
    return f"\x1b[{codes}m{text}\x1b[0m" if codes else text
