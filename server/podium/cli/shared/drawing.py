"""What was drawn, to where it was asked for: lines to the terminal, files to their places."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.text import Text

from podium.cli.shared.door import clean, in_line, line
from podium.cli.shared.output import console, say
from podium.plots.terminal.lines import Line

STDOUT = Path("-")


def show(lines: Sequence[Line]) -> None:
    """Print drawn lines, in colour on a terminal."""
    for each in lines:
        made = Text.assemble(*((clean(text), style) for text, style in each))
        made.rstrip()
        console().print(made, soft_wrap=True)


def write(path: Path, text: str) -> None:
    """Write a file, whole or not at all, and say so on stderr; `-` is stdout.

    Raises:
        OSError: it cannot be written.
    """
    if path == STDOUT:
        line(text.removesuffix("\n"))
        return
    folder = path.parent
    number, name = tempfile.mkstemp(dir=folder, prefix=f".{path.name[:100]}.")
    try:
        with os.fdopen(number, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    say(f"wrote {in_line(str(path))}", stderr=True)


def _umask() -> int:
    """Return the mask of new files; it can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
