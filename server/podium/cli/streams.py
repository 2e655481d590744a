"""The command's standard streams: a failure to write is met once, here, and never again at the interpreter's exit."""

import io
import os
from pathlib import Path
from typing import TextIO, cast


class Stream(io.TextIOWrapper):
    """A standard stream that drops everything after the first failure to write, which is kept in `lost`.

    A strict one raises that first OSError: output was asked for. One that is not strict raises nothing: messages and logs never
    decide an exit code. The interpreter flushes both at its exit, and would end with code 120 if that failed.
    """

    lost: OSError | None = None
    strict = True

    @classmethod
    def over(cls, stream: TextIO | None, *, strict: bool) -> TextIO:
        """Return such a stream in place of `stream`. A closed one becomes /dev/null, so that no file of ours takes its number."""
        if stream is None:
            return Path(os.devnull).open("w", encoding="utf-8")
        text = cast(io.TextIOWrapper, stream)  # as the interpreter makes them
        made = cls(
            text.buffer,
            encoding=text.encoding,
            errors=text.errors,
            line_buffering=text.line_buffering or not strict,
            write_through=text.write_through,
        )
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
