"""What the command says on stderr, messages and logs: it never decides an exit code, and nothing waits for its reader."""

import codecs
import io
import os
from datetime import UTC, datetime

from podium.outlet import Outlet
from podium.texts.letters import escaped

PLAIN = {
    "✓": "+",
    "✗": "x",
    "■": "#",
    "○": "o",
    "↻": "~",
    "•": "*",
    "≠": "!",
    "━": "=",
    "─": "-",
    "…": "~",
    "→": "->",
    **dict(zip("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", "|/-\\|/-\\|/", strict=True)),
    "\N{MULTIPLICATION SIGN}": "x",
    "\N{NO-BREAK SPACE}": " ",
}
"""What the command's own marks are where the terminal's encoding has none: as wide as they are, since lines were fitted to it."""
PLAINLY = "podium"  # the error handler that writes them so, and all other characters as escapes
MESSAGE_SECONDS = 1.0  # for a message to be written before the next thing is printed
END_SECONDS = 2.0  # for the last messages, at the end of the process
STUCK_SECONDS = 0.1  # the same for a process that runs for long, where nobody reads them


class Messages(io.TextIOBase):
    """The standard error, through an outlet: what cannot be written is dropped, and nothing is raised.

    A command waits a moment for each message, so that it stands before what is printed after it. A process that is `is_log` waits
    for none; its lines are shown without control characters, whatever they quote.
    """

    is_log = False

    def __init__(self, number: int, encoding: str) -> None:
        self._number = number
        self._encoding = encoding
        self._outlet = Outlet(number, self._note)
        self._begun = ""
        self._is_stuck = False

    @property
    def encoding(self) -> str:  # type: ignore[override]  # the base has an attribute
        """How texts become bytes."""
        return self._encoding

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._number

    def isatty(self) -> bool:
        """Return whether it is a terminal."""
        return os.isatty(self._number)

    def writable(self) -> bool:
        """Return True: it is written to."""
        return True

    def write(self, text: str) -> int:
        """Have the lines written that end in this text; what is begun waits for its end, or a flush."""
        lines, newline, begun = text.rpartition("\n")
        if newline:
            self._put(f"{self._begun}{lines}\n")
            self._begun = ""
        self._begun += begun
        return len(text)

    def flush(self) -> None:
        """Have everything written; wait for that only in a command, and for one that is stuck only once."""
        if self._begun:
            self._put(self._begun)
            self._begun = ""
        if not self.is_log:
            seconds = 0.0 if self._is_stuck else MESSAGE_SECONDS
            self._is_stuck = not self._outlet.drain(seconds, stuck_seconds=seconds)

    def end(self) -> None:
        """Wait for what is to be written, for a bounded time."""
        seconds = STUCK_SECONDS if self._is_stuck else END_SECONDS
        self._outlet.drain(seconds, stuck_seconds=STUCK_SECONDS if self.is_log else seconds)

    def _put(self, text: str) -> None:
        if self.is_log and not text.replace("\n", "").isprintable():
            text = "".join(_visible(each) for each in text)
        self._outlet.put(text.encode(self._encoding, PLAINLY))

    def _note(self, count: int) -> bytes:
        if self.is_log:
            now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
            return f"timestamp={now} level=warning event=log_lines_dropped count={count}\n".encode()
        return f"podium: messages dropped, as nobody read them: {count}\n".encode()


def _visible(character: str) -> str:
    """Return a character, or the way that it is written in a program if it is none that can be seen."""
    if character.isprintable() or character in "\n\t":
        return character
    return escaped(character)


def _in_plain(error: UnicodeError) -> tuple[str, int]:
    """Return what stands for characters that an encoding has not, as the error handler `PLAINLY`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    return "".join(PLAIN.get(each) or each.encode("ascii", "backslashreplace").decode() for each in missing), error.end


codecs.register_error(PLAINLY, _in_plain)
