"""What the commands print beside plain lines: texts in a style, and the console of rich for what draws with that."""

import sys
from functools import cache
from typing import TYPE_CHECKING

from podium.cli.shared.door import clean, ink, print_json

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["console", "print_json", "say"]


@cache
def console(*, stderr: bool = False) -> "Console":
    """Return the console of stdout or stderr. Loading rich is a third of a short command's time."""
    from podium.cli.shared.screen import Terminal

    return Terminal(stderr=stderr, highlight=False, soft_wrap=True)


def say(text: str, *, style: str = "", stderr: bool = False) -> None:
    """Print a text, which may have several lines, at once: whoever reads a pipe sees what goes on."""
    for each in clean(text).split("\n"):
        ink([(each, style)], stderr=stderr)
    (sys.stderr if stderr else sys.stdout).flush()
