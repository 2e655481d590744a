"""What is known of the terminal behind a stream: its width, and whether it shows styles. A pipe has neither."""

import os
from typing import TextIO

USUAL_COLUMNS = 80  # of a terminal that does not say how wide it is


def columns_of(stream: TextIO) -> int | None:
    """Return how many columns the terminal behind a stream has; None if there is none: nothing is cut or wrapped for a pipe."""
    if not stream.isatty():
        return None
    if (given := os.environ.get("COLUMNS", "")).isdecimal() and int(given):
        return int(given)
    try:
        return os.get_terminal_size(stream.fileno()).columns or USUAL_COLUMNS
    except OSError:
        return USUAL_COLUMNS


def moves(stream: TextIO) -> bool:
    """Return whether a line that was written can be written over."""
    return stream.isatty() and os.environ.get("TERM", "") not in {"", "dumb", "unknown"}


def has_styles(stream: TextIO) -> bool:
    """Return whether colours and bold letters are shown: on a terminal that has them, unless NO_COLOR says no.

    FORCE_COLOR wants them in a pipe, too.
    """
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or moves(stream)
