"""Lines for a terminal: pieces of text with styles, which whoever prints them may leave out."""

from collections.abc import Sequence

from rich.cells import cell_len

from podium.plots.words import cut

Piece = tuple[str, str]
"""A text and its style: names of the 8 colours of a terminal, bold, dim, or ""."""
Line = list[Piece]

STYLES = {
    "completed": "green",
    "failed": "bold red",
    "lost": "bold red",
    "cancelled": "yellow",
    "skipped": "dim",
    "abandoned": "dim",
    "running": "cyan",
    "retry": "yellow",
    "limit": "yellow",
    "waiting": "yellow",
    "hold": "magenta",
    "ready": "dim",
    "paused": "dim",
    "stopped": "dim",
    "pending": "dim",
    "queued": "blue",
}
"""What states and spans look like; a mark or a word says the same."""


def wrapped(pieces: Sequence[Piece], width: int, indent: int) -> list[Line]:
    """Return pieces that are never parted, in lines of at most `width` cells; all but the first line are indented."""
    lines: list[Line] = [[]]
    used = 0
    for text, style in pieces:
        size = cell_len(text)
        if used > indent and used + size > width:
            lines.append([(" " * indent, "")])
            used = indent
        shown = cut(text.lstrip() if used == indent else text, width - used)
        lines[-1].append((shown, style))
        used += cell_len(shown)
    return lines


def plain(lines: Sequence[Line]) -> str:
    """Return lines without their styles."""
    return "\n".join("".join(text for text, _ in line).rstrip() for line in lines) + "\n"
