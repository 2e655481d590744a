"""What was drawn, to where it was asked for: lines to the terminal, files to their places."""

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from podium.cli.terminal.door import data, in_line, ink, line
from podium.cli.terminal.stream import columns_of
from podium.plots.terminal.lines import Line
from podium.plots.words import TIMES
from podium.texts.widths import CUT

STDOUT = Path("-")
_IN_A_PIPE = 120  # columns


def show(lines: Sequence[Line]) -> None:
    """Print drawn lines, in colour on a terminal."""
    plain = is_plain()
    for each in lines:
        *before, (last, style) = each or [("", "")]
        made = [*before, (last.rstrip(), style)]
        ink([(text.replace(CUT, "~").replace(TIMES, "x"), style) for text, style in made] if plain else made)


def columns() -> int:
    """Return how many columns a drawing may take."""
    return columns_of(sys.stdout) or _IN_A_PIPE


def is_plain() -> bool:
    """Return whether stdout takes nothing but ASCII for certain."""
    return not (sys.stdout.encoding or "").lower().startswith("utf")


def write(path: Path, text: str) -> None:
    """Write a file, whole or not at all, and say so on stderr; `-` is stdout.

    Raises:
        OSError: it cannot be written.
    """
    if path == STDOUT:
        data(text.removesuffix("\n"))
        return
    folder = path.parent
    try:
        number, name = tempfile.mkstemp(dir=folder, prefix=f".{path.name[:100]}.")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    try:
        with os.fdopen(number, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    line(f"wrote {in_line(str(path))}", stderr=True)


def _umask() -> int:
    """Return the mask of new files; it can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
