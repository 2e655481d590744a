"""The whole terminal as a page that is drawn over: taken at the beginning and given back whatever ends the command.

Only lines that differ from what is there are written, in one piece, so nothing flickers.
"""

import os
import signal
import sys
import termios
import tty
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from podium.cli.terminal.door import styled
from podium.cli.terminal.live import Line, fitted, put
from podium.cli.terminal.stream import USUAL_COLUMNS, has_styles

USUAL_LINES = 24
_TAKE = "\x1b[?1049h\x1b[?25l\x1b[2J"  # the alternate screen, without a cursor
_GIVE = "\x1b[?25h\x1b[?1049l"
_OURS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


class Page:
    """The terminal, ours from `take` on. Use it as a context manager around the event loop, whatever may end that."""

    def __init__(self) -> None:
        self._keyboard = sys.stdin.fileno()
        self._as_it_was = termios.tcgetattr(self._keyboard)
        self._is_ours = False
        self._drawn: list[str] = []
        self._size = (0, 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.give_back()

    def take(self) -> None:
        """Take the terminal: keys come one by one and are not shown, signals still come of Ctrl-C and Ctrl-Z."""
        held = signal.pthread_sigmask(signal.SIG_BLOCK, _OURS)
        try:
            tty.setcbreak(self._keyboard)
            self._is_ours, self._drawn = True, []
            put(_TAKE)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, held)

    def give_back(self) -> None:
        """Give the terminal back as it was; a signal that comes meanwhile has to wait."""
        held = signal.pthread_sigmask(signal.SIG_BLOCK, _OURS)
        try:
            if self._is_ours:
                self._is_ours = False
                try:
                    put(_GIVE)
                finally:
                    termios.tcsetattr(self._keyboard, termios.TCSADRAIN, self._as_it_was)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, held)

    @property
    def size(self) -> tuple[int, int]:
        """The columns and lines of the terminal now."""
        try:
            found = os.get_terminal_size(sys.stdout.fileno())
        except OSError:
            return USUAL_COLUMNS, USUAL_LINES
        return found.columns or USUAL_COLUMNS, found.lines or USUAL_LINES

    def draw(self, lines: Sequence[Line], size: tuple[int, int]) -> None:
        """Show lines on a terminal of this size."""
        columns, height = size
        shows = has_styles(sys.stdout)
        made = [styled(fitted(line, columns), shows=shows) for line in lines[:height]]
        begin = ""
        if size != self._size:
            self._size, self._drawn, begin = size, [], "\x1b[2J"
        known = [*self._drawn, *([""] * (len(made) - len(self._drawn)))]
        changed = [f"\x1b[{row};1H\x1b[2K{text}" for row, text in enumerate(made, 1) if text != known[row - 1]]
        gone = f"\x1b[{len(made) + 1};1H\x1b[J" if len(self._drawn) > len(made) else ""
        self._drawn = made
        if begin or changed or gone:
            put(begin + "".join(changed) + gone)
