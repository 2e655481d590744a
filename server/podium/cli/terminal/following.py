"""The commands that follow from what was said, alike after every command: `next: podium ...`, and below it what else to do."""

from collections.abc import Iterator, Mapping

from podium.cli.terminal.door import Piece, ink
from podium.texts.widths import width, wrapped

NEXT, ELSE = "next: ", "else: "


def following(first: str, others: Mapping[str, str], columns: int | None = None) -> Iterator[list[Piece]]:
    """Yield lines for the command that comes next, and for others, each with what it does: below it if it does not fit beside.

    Without a first command the first of the others is it.
    """
    others = dict(others)
    first = first or next(iter(others), "")
    others.pop(first, None)
    if first:
        yield [(f"{NEXT}{first}", "bold")]
    most = max(map(width, others), default=0)
    fits = columns is None or all(width(ELSE) + most + 2 + width(what) <= columns for what in others.values())
    for number, (words, what) in enumerate(others.items()):
        lead = (ELSE if number == 0 else " " * len(ELSE), "dim")
        yield [lead, (f"{words:<{most}}  ", ""), (what, "dim")] if fits and what else [lead, (words, "")]
        for each in () if fits else wrapped(what, columns, indent=len(ELSE) + 2):
            yield [(each, "dim")]


def following_text(first: str, others: Mapping[str, str]) -> str:
    """Return the same as a text."""
    return "\n".join("".join(text for text, _ in pieces) for pieces in following(first, others))


def show_following(first: str, others: Mapping[str, str], columns: int | None, *, stderr: bool = False) -> None:
    """Print the same."""
    for pieces in following(first, others, columns):
        ink(pieces, stderr=stderr)
