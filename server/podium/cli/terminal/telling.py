"""Texts of several lines: sentences about what was done, which fit the terminal, and texts in a style."""

import sys

from podium.cli.terminal.door import clean, ink, line
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


def say(text: str, *, style: str = "", stderr: bool = False) -> None:
    """Print a text at once, in a style and as it is: whoever reads a pipe sees what goes on."""
    for each in clean(text).split("\n"):
        ink([(each, style)], stderr=stderr)
    (sys.stderr if stderr else sys.stdout).flush()
