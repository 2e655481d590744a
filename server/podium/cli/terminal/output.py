"""Texts in a style, at once."""

import sys

from podium.cli.terminal.door import clean, ink, print_json

__all__ = ["print_json", "say"]


def say(text: str, *, style: str = "", stderr: bool = False) -> None:
    """Print a text, which may have several lines, at once: whoever reads a pipe sees what goes on."""
    for each in clean(text).split("\n"):
        ink([(each, style)], stderr=stderr)
    (sys.stderr if stderr else sys.stdout).flush()
