"""Lines at the bottom of a terminal that are drawn again and again, with lines that stay above them.

Everything is written in one piece, so nothing flickers, and a signal leaves no half of a line. A terminal that got narrower may
have wrapped what was drawn: that is counted by its present width.
"""

import io
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from podium.cli.shared.spans import Spans, cells, fitted, painted

WIDTH, HEIGHT = 80, 24  # of a terminal that does not say
BELL = "\a"
_HIDE, _SHOW, _ERASE = "\x1b[?25l", "\x1b[?25h", "\x1b[J"


class Stream(Protocol):
    """What is drawn on: stdout, or stderr."""

    def write(self, text: str, /) -> int:
        """Write a text."""

    def flush(self) -> None:
        """Have it written now."""

    def fileno(self) -> int:
        """Return the descriptor."""

    def isatty(self) -> bool:
        """Return whether it is a terminal."""


def draws(stream: Stream) -> bool:
    """Return whether it is a terminal that can draw over what it shows."""
    return stream.isatty() and os.environ.get("TERM", "").lower() not in {"", "dumb", "unknown"}


def coloured(stream: Stream) -> bool:
    """Return whether colours are wanted: NO_COLOR wins, FORCE_COLOR asks for them in a pipe too."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or draws(stream)


def size(stream: Stream) -> tuple[int, int]:
    """Return the columns and rows of a terminal as they are now."""
    try:
        found = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        return WIDTH, HEIGHT
    return found.columns or WIDTH, found.lines or HEIGHT


def stream_of(*, stderr: bool) -> Stream:
    """Return the stream that a command prints on."""
    return sys.stderr if stderr else sys.stdout


def ring() -> None:
    """Ring the bell of the terminal, if stdout or stderr is one."""
    for stream in (sys.stdout, sys.stderr):
        if stream.isatty():
            stream.write(BELL)
            stream.flush()
            return


class Live:
    """The lines at the bottom. On a stream that is not `animated`, only the lines above them are printed."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._colours = coloured(stream)
        self.animated = draws(stream) and not os.environ.get("NO_COLOR")
        self._drawn: list[int] = []  # the cells of each line at the bottom
        self._hidden = False

    @property
    def width(self) -> int:
        """How many cells a line at the bottom may take: with one less than there are, none wraps."""
        return size(self._stream)[0] - 1

    def above(self, lines: Iterable[Spans], bottom: Sequence[Spans] = ()) -> None:
        """Print lines that stay, and draw those at the bottom again."""
        self.print("".join(f"{painted(line, coloured=self._colours)}\n" for line in lines), bottom)

    def print(self, text: str, bottom: Sequence[Spans] = ()) -> None:
        """Print whole lines that stay, as they are, and draw those at the bottom again."""
        self._write(f"{self._erased()}{text}", bottom)

    def show(self, bottom: Sequence[Spans]) -> None:
        """Draw the lines at the bottom in place of those that are there."""
        if self.animated:
            self._write(self._erased(), bottom)

    def close(self) -> None:
        """Take the lines at the bottom away, and give the cursor back."""
        if self._hidden:
            self._stream.write(f"{self._erased()}{_SHOW}")
            self._stream.flush()
            self._drawn, self._hidden = [], False

    def _write(self, begin: str, bottom: Sequence[Spans]) -> None:
        made = [fitted(line, self.width) for line in bottom] if self.animated else []
        shown = "\n".join(painted(line, coloured=self._colours) for line in made)
        hide = _HIDE if made and not self._hidden else ""
        self._hidden |= bool(hide)
        self._stream.write(f"{hide}{begin}{shown}")
        self._drawn = [sum(cells(text) for text, _ in line) for line in made]
        self._stream.flush()

    def _erased(self) -> str:
        """Return what takes the lines at the bottom away, wherever the terminal's width has put them."""
        if not self._drawn:
            return ""
        columns = size(self._stream)[0]
        rows = sum(max(1, -(-taken // columns)) for taken in self._drawn)
        return f"\r\x1b[{rows - 1}A{_ERASE}" if rows > 1 else f"\r{_ERASE}"


class Above(io.TextIOBase):
    """The place above the lines at the bottom, as a stream for what prints by itself; each write is of whole lines."""

    def __init__(self, stream: Stream, write: Callable[[str], None]) -> None:
        self._stream, self._put = stream, write

    @property
    def encoding(self) -> str:  # type: ignore[override]  # the base has an attribute
        """How texts become bytes."""
        return str(getattr(self._stream, "encoding", "utf-8"))

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._stream.fileno()

    def isatty(self) -> bool:
        """Return whether it is a terminal."""
        return self._stream.isatty()

    def write(self, text: str) -> int:
        """Print lines."""
        self._put(text)
        return len(text)
