"""The command's standard streams: a failure to write is met once, here, and never again at the interpreter's exit."""

import io
import os
import sys
from typing import TextIO, cast

_found_closed: set[int] = set()


class Stream(io.TextIOWrapper):
    """A standard stream that drops everything after the first failure to write, which is kept in `lost`.

    A strict one raises that first OSError: output was asked for. One that is not strict raises nothing: messages and logs never
    decide an exit code. The interpreter flushes both at its exit, and would end with code 120 if that failed.
    """

    lost: OSError | None = None
    strict = True

    @classmethod
    def over(cls, stream: TextIO, *, strict: bool) -> "Stream":
        """Return such a stream in place of `stream`, which cannot be used any more."""
        text = cast(io.TextIOWrapper, stream)  # as the interpreter makes them
        encoding, errors = text.encoding, text.errors
        at_once, through = text.line_buffering or not strict, text.write_through
        made = cls(text.detach(), encoding=encoding, errors=errors, line_buffering=at_once, write_through=through)
        made.strict = strict
        return made

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
        self.lost = error
        if self.strict:
            raise error


def take_over() -> None:
    """Replace stdout and stderr of this process: output that cannot be written is an error, a message that cannot is dropped.

    The descriptor of a closed stream is given to /dev/null, so that no file of ours gets it: read-only in place of stdout, where
    each write then fails as it would on the closed one.
    """
    for number, flags in enumerate((os.O_RDONLY, os.O_RDONLY, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:  # the lowest free number is the one that is given
            os.set_inheritable(os.open(os.devnull, flags), True)
            _found_closed.add(number)
    stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout, sys.stderr = Stream.over(stdout, strict=True), Stream.over(stderr, strict=False)


def was_closed(number: int) -> bool:
    """Return whether this process was started with a standard descriptor closed: /dev/null stands in for it."""
    return number in _found_closed


def output_lost() -> OSError | None:
    """Return why the output of this process could not be written; None if it could, or is not ours to judge."""
    return getattr(sys.stdout, "lost", None)
