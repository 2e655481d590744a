"""The command's standard streams: what is printed on stdout is the answer, and a failure to write it is met once, here."""

import io
import os
import sys
from typing import TextIO, cast

from podium.cli.messages import PLAINLY, Messages

_found_closed: set[int] = set()


class OutputLost(Exception):
    """The output of this process cannot be written; `reason` is in the words of the system."""

    def __init__(self, cause: OSError) -> None:
        self.reason = cause.strerror or str(cause)
        self.reader_has_gone = isinstance(cause, BrokenPipeError)
        super().__init__(self.reason)


class Output(io.TextIOWrapper):
    """The standard output. After the first failure to write, which is raised, everything is dropped.

    The interpreter flushes it at its exit, and would end with code 120 if that failed.

    Raises:
        OutputLost: it cannot be written.
    """

    lost: OutputLost | None = None

    def write(self, text: str) -> int:
        """Write a text, or drop it."""
        if self.lost is None:
            try:
                return super().write(text)
            except OSError as error:
                self._lose(error)
        return len(text)

    def flush(self) -> None:
        """Flush what was written, or drop it."""
        if self.lost is None:
            try:
                super().flush()
            except OSError as error:
                self._lose(error)

    def _lose(self, error: OSError) -> None:
        self.lost = OutputLost(error)
        raise self.lost from None


def take_over() -> None:
    """Replace stdout and stderr of this process.

    The descriptor of a closed stream is given to /dev/null, so that no file of ours gets it: read-only in place of stdout, where
    each write then fails as it would on the closed one.
    """
    for number, flags in enumerate((os.O_RDONLY, os.O_RDONLY, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:  # the lowest free number is the one that is given
            os.set_inheritable(os.open(os.devnull, flags), True)
            _found_closed.add(number)
    stdout = cast(TextIO, sys.stdout or open(1, "w", encoding="utf-8", closefd=False))  # noqa: SIM115
    text = cast(io.TextIOWrapper, stdout)  # as the interpreter makes it
    encoding, at_once = text.encoding, text.line_buffering
    sys.stdout = Output(text.detach(), encoding=_shown_on(1, encoding), errors=PLAINLY, line_buffering=at_once)
    sys.stderr = cast(TextIO, Messages(2, _shown_on(2, sys.stderr.encoding if sys.stderr else "utf-8")))


def _shown_on(number: int, encoding: str) -> str:
    """Return the encoding of a stream: on a terminal of somebody who asks for the locale C it is ASCII.

    Python takes that locale for UTF-8, which is right for a pipe, whose bytes are kept, and where no locale is asked for at all.
    """
    if not os.isatty(number) or os.environ.get("PYTHONIOENCODING") or os.environ.get("PYTHONUTF8") == "1":
        return encoding
    asked = [os.environ.get("LC_ALL"), os.environ.get("LC_CTYPE"), os.environ.get("LANG")]
    if asked[1] == "C.UTF-8":  # as Python itself puts it into the environment where LANG is C
        del asked[1]
    locale = next(filter(None, asked), "")
    return "ascii" if locale in {"C", "POSIX"} else encoding


def data_on_stderr() -> Output:
    """Return the standard error for what is an answer there: its reader is waited for, and nothing of it is dropped."""
    encoding = sys.stderr.encoding if sys.stderr else "utf-8"
    return Output(io.BufferedWriter(io.FileIO(2, "w", closefd=False)), encoding=encoding, errors=PLAINLY)


def was_closed(number: int) -> bool:
    """Return whether this process was started with a standard descriptor closed: /dev/null stands in for it."""
    return number in _found_closed


def run_for_long() -> None:
    """Make stderr a log from now on: no line of it is waited for."""
    if isinstance(sys.stderr, Messages):
        sys.stderr.is_log = True


def output_lost() -> OutputLost | None:
    """Return why the output of this process could not be written; None if it could, or is not ours to judge."""
    return getattr(sys.stdout, "lost", None)


def end_messages() -> None:
    """Give the last messages a moment to be written."""
    if isinstance(sys.stderr, Messages):
        sys.stderr.flush()
        sys.stderr.end()
