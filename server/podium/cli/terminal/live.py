"""Lines at the bottom of a terminal that are drawn again and again, with lines that stay above them.

Everything is written in one piece, so nothing flickers, and a signal leaves no half of a line. A terminal that got narrower may
have wrapped what was drawn: that is counted by its present width. The cursor is never hidden: nothing could bring it back after a
KILL.
"""

import io
import os
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TextIO

import anyio

from podium.cli.terminal.door import Piece, in_line, parted, styled
from podium.cli.terminal.stream import columns_of, has_styles, moves
from podium.texts.widths import cut_end, width

Line = Sequence[Piece]
BELL = "\a"
_ERASE = "\x1b[J"


def stream_of(*, stderr: bool) -> TextIO:
    """Return the stream that a command prints on."""
    return sys.stderr if stderr else sys.stdout


def put(text: str) -> None:
    """Write to the terminal on stdout what was drawn from clean texts, with the sequences that place it."""
    sys.stdout.write(text)
    sys.stdout.flush()


def ring() -> None:
    """Ring the bell of the terminal, if stdout or stderr is one."""
    for stream in (sys.stdout, sys.stderr):
        if stream.isatty():
            stream.write(BELL)
            stream.flush()
            return


def fitted(line: Line, columns: int) -> list[Piece]:
    """Return a line that takes at most so many columns: its end is left out if need be."""
    made: list[Piece] = []
    for given, style in line:
        text = in_line(given).expandtabs(4)
        shown = cut_end(text, columns) if columns > 0 else ""
        made.append((shown, style))
        columns -= width(shown)
        if shown != text:
            break
    return made


class Live:
    """The lines at the bottom. On a stream that is not `animated`, only the lines above them are printed."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shows = has_styles(stream)
        self.animated = moves(stream)
        self._drawn: list[int] = []  # the cells of each line at the bottom

    @property
    def width(self) -> int:
        """How many cells a line at the bottom may take: with one less than there are, none wraps."""
        return (columns_of(self._stream) or 1) - 1

    def above(self, lines: Iterable[Line], bottom: Sequence[Line] = ()) -> None:
        """Print lines that stay, and draw those at the bottom again."""
        columns = columns_of(self._stream)
        made = (part for line in lines for part in parted(line, columns))
        self.print("".join(f"{styled(line, shows=self._shows)}\n" for line in made), bottom)

    def print(self, text: str, bottom: Sequence[Line] = ()) -> None:
        """Print whole lines that stay, as they are, and draw those at the bottom again."""
        self._write(f"{self._erased()}{text}", bottom)

    def show(self, bottom: Sequence[Line]) -> None:
        """Draw the lines at the bottom in place of those that are there."""
        if self.animated:
            self._write(self._erased(), bottom)

    def close(self) -> None:
        """Take the lines at the bottom away."""
        if self._drawn:
            self._write(self._erased(), ())

    async def mind_suspension(self) -> None:
        """Take the lines at the bottom away while Ctrl-Z suspends this process: what the shell prints then is not drawn over."""
        if not self.animated:
            return
        with anyio.open_signal_receiver(signal.SIGTSTP) as received:
            async for _ in received:
                self.close()
                suspend()

    def _write(self, begin: str, bottom: Sequence[Line]) -> None:
        made = [fitted(line, self.width) for line in bottom] if self.animated else []
        shown = "\n".join(styled(line, shows=self._shows) for line in made)
        self._stream.write(f"{begin}{shown}")
        self._drawn = [sum(width(text) for text, _ in line) for line in made]
        self._stream.flush()

    def _erased(self) -> str:
        """Return what takes the lines at the bottom away, wherever the terminal's width has put them."""
        if not self._drawn:
            return ""
        columns = columns_of(self._stream) or 1
        rows = sum(max(1, -(-taken // columns)) for taken in self._drawn)
        return f"\r\x1b[{rows - 1}A{_ERASE}" if rows > 1 else f"\r{_ERASE}"


def suspend() -> None:
    """Stop this process, whose own handler of SIGTSTP is in the way of that, until somebody continues it with `fg`."""
    ours = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGTSTP)  # it is here that the process stops, and goes on
    signal.signal(signal.SIGTSTP, ours)


class Above(io.TextIOBase):
    """The place above the lines at the bottom, as a stream for what prints by itself; each write is of whole lines."""

    def __init__(self, stream: TextIO, write: Callable[[str], None]) -> None:
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
