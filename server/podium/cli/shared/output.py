"""What the commands print through rich: lines and tables on stdout, in colour only on a terminal.

It cleans as `door` does: first each text as a whole, and then, whatever draws it, every piece that goes to the terminal.
"""

from collections.abc import Iterable, Sequence
from functools import cache

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from podium.cli.shared.door import clean, in_line, print_json

__all__ = ["Terminal", "console", "print_json", "say", "table"]
STATUS_STYLES = {
    "completed": "green",
    "running": "cyan",
    "failed": "red",
    "cancelled": "yellow",
    "paused": "yellow",
    "queued": "blue",
}


class Terminal(Console):
    """A console on which nothing but its own styles and cursor movements can be more than text."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield what is drawn, without what a terminal would act on."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(clean(segment.text), segment.style)


@cache
def console(*, stderr: bool = False) -> Console:
    """Return the console of stdout or stderr."""
    return Terminal(stderr=stderr, highlight=False, soft_wrap=True)


def say(text: str, *, style: str = "", stderr: bool = False) -> None:
    """Print a text, which may have several lines; it is never read as markup."""
    console(stderr=stderr).print(Text(clean(text), style=style))


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; cells that are a status are coloured."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        made.add_column(heading, overflow="fold")
    for row in rows:
        made.add_row(*(Text(in_line(cell), style=STATUS_STYLES.get(cell, "")) for cell in row))
    console().print(made)
