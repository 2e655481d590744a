"""What the commands print: plain lines, tables and JSON on stdout, in colour only on a terminal."""

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

STATUS_STYLES = {
    "completed": "green",
    "running": "cyan",
    "failed": "red",
    "cancelled": "yellow",
    "paused": "yellow",
    "queued": "blue",
}


@cache
def console(*, stderr: bool = False) -> Console:
    """Return the console of stdout or stderr."""
    return Console(stderr=stderr, highlight=False, soft_wrap=True)


def say(text: str, *, style: str = "", stderr: bool = False) -> None:
    """Print one line; the text is never read as markup."""
    console(stderr=stderr).print(Text(text, style=style))


def print_json(value: Any) -> None:
    """Print one JSON value, indented, on stdout."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; cells that are a status are coloured."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        made.add_column(heading, overflow="fold")
    for row in rows:
        made.add_row(*(Text(cell, style=STATUS_STYLES.get(cell, "")) for cell in row))
    console().print(made)
