"""Sentences about what was done, in lines that fit the terminal; a pipe gets each in one line."""

import sys

from podium.cli.terminal.door import clean, line
from podium.cli.terminal.stream import columns_of
from podium.texts.widths import width, wrapped


def tell(text: str, *, stderr: bool = False) -> None:
    """Print a text; what goes on in a further line is indented as its first one is."""
    columns = columns_of(sys.stderr if stderr else sys.stdout)
    for each in clean(text).split("\n"):
        fits = columns is None or width(each) <= columns
        indent = len(each) - len(each.lstrip(" "))
        for part in [each] if fits else wrapped(each.strip(), columns, indent=indent):
            line(part, stderr=stderr)
