"""Lines for a terminal: pieces of text with styles, which whoever prints them may leave out."""

from collections.abc import Sequence

from podium.texts.widths import cut_end, width

Piece = tuple[str, str]
"""A text and its style: names of colours of a terminal, bold, dim, with blanks between them, or ""."""
Line = list[Piece]

STYLES = {
    "completed": "green",
    "failed": "red",
    "lost": "red",
    "cancelled": "yellow",
    "skipped": "dim",
    "abandoned": "dim",
    "running": "cyan",
    "retry": "yellow",
    "limit": "yellow",
    "waiting": "yellow",
    "hold": "yellow",
    "ready": "dim",
    "paused": "yellow",
    "stopped": "dim",
    "pending": "dim",
    "queued": "blue",
}
"""What states and spans look like; a mark or a word says the same."""


def wrapped(pieces: Sequence[Piece], columns: int, indent: int) -> list[Line]:
    """Return pieces that are never parted, in lines of at most `columns` cells; all but the first line are indented."""
    lines: list[Line] = [[]]
    used = 0
    for text, style in pieces:
        size = width(text)
        if used > indent and used + size > columns:
            lines.append([(" " * indent, "")])
            used = indent
        shown = cut_end(text.lstrip() if used == indent else text, columns - used)
        lines[-1].append((shown, style))
        used += width(shown)
    return lines


def plain(lines: Sequence[Line]) -> str:
    """Return lines without their styles."""
    return "\n".join("".join(text for text, _ in line).rstrip() for line in lines) + "\n"
