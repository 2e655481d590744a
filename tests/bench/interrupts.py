"""INT, TERM and HUP end a bench: what it has made is taken down first, all of it, and nothing cuts that short.

`timeout` sends its signal twice, so only the first one counts.
"""

import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType
from typing import TypeVar

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
INTERRUPTED = 128 + signal.SIGINT
T = TypeVar("T")


class Interrupts:
    """Raises KeyboardInterrupt once at these signals: at once or, while something is made or taken down, right after that."""

    def __init__(self) -> None:
        self._held = 0
        self._has_come = self._is_told = False

    def install(self) -> None:
        """Take the signals of this process, but for those that it is to ignore, as under `nohup`."""
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._take)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let a signal count only after this: a process that begins just now is not known before that."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
            self._tell()

    @contextmanager
    def whole(self, made: AbstractContextManager[T]) -> Iterator[T]:
        """Enter and leave something without being interrupted; in between a signal comes through."""
        with self.held(), made as value:
            try:
                self._held -= 1
                self._tell()
                yield value
            finally:
                self._held += 1

    def _take(self, _number: int, _frame: FrameType | None) -> None:
        self._has_come = True
        self._tell()

    def _tell(self) -> None:
        if self._has_come and not self._is_told and not self._held:
            self._is_told = True
            raise KeyboardInterrupt
