"""What the commands print: lines, tables and JSON on stdout, in colour only on a terminal.

It cleans as `door` does: first each text as a whole, and then, whatever draws it, every piece that goes to the terminal. Loading
rich is a third of a short command's time, so only a terminal gets it.
"""

import os
import sys
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from podium.cli.shared.door import clean, in_line, line, print_json

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["console", "is_plain", "print_json", "say", "table"]
STATUS_STYLES = {
    "completed": "green",
    "running": "cyan",
    "failed": "red",
    "cancelled": "yellow",
    "paused": "yellow",
    "queued": "blue",
}


@cache
def console(*, stderr: bool = False) -> "Console":
    """Return the console of stdout or stderr."""
    from podium.cli.shared.screen import Terminal

    return Terminal(stderr=stderr, highlight=False, soft_wrap=True)


def say(text: str, *, style: str = "", stderr: bool = False) -> None:
    """Print a text, which may have several lines; it is never read as markup."""
    if is_plain(stderr=stderr):
        line(text, stderr=stderr)
        (sys.stderr if stderr else sys.stdout).flush()
        return
    from rich.text import Text

    console(stderr=stderr).print(Text(clean(text), style=style))


def is_plain(*, stderr: bool = False) -> bool:
    """Return whether a stream gets text without colours: no terminal reads it, and nobody asked for them (FORCE_COLOR)."""
    asked = os.environ.get("FORCE_COLOR") or os.environ.get("TTY_COMPATIBLE") == "1"
    return not asked and not (sys.stderr if stderr else sys.stdout).isatty()


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; cells that are a status are coloured. Where no terminal reads it, each row is one line."""
    if is_plain():
        _plain_table(headings, [[in_line(cell) for cell in row] for row in rows])
        return
    from rich.table import Table
    from rich.text import Text

    made = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        made.add_column(heading, overflow="fold")
    for row in rows:
        made.add_row(*(Text(in_line(cell), style=STATUS_STYLES.get(cell, "")) for cell in row))
    console().print(made)


def _plain_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    whole = [headings, *rows]
    widths = [max(map(_cells, column)) for column in zip(*whole, strict=True)]
    for row in whole:
        line("  ".join(cell + " " * (width - _cells(cell)) for cell, width in zip(row, widths, strict=True)).rstrip())
    sys.stdout.flush()


def _cells(text: str) -> int:
    """Return how many columns a terminal takes for a text."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
