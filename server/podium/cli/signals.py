"""Signals that end a command: whatever it does then is cleaned up, and its exit code says which signal came."""

import os
import signal
from types import FrameType

from podium.outlet import takes

_received: list[int] = []


class Interrupted(SystemExit):
    """A signal came. The exit code is 128 and its number, as shells expect."""

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)


def take_signals() -> None:
    """Raise `Interrupted` in the main thread when INT, TERM or HUP comes, unless whoever started us has it ignored."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def interrupted() -> int | None:
    """Return the exit code for the signal that came first; None if none did.

    What was going on when it came may end with another error than `Interrupted`.
    """
    return 128 + _received[0] if _received else None


def _interrupt(number: int, _: FrameType | None) -> None:
    """Leave whatever is going on, also a write to a terminal or pipe that nobody reads, which gets no last word then."""
    for descriptor in (1, 2):
        if not takes(descriptor):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, descriptor)
            os.close(nowhere)
    _received.append(number)
    raise Interrupted(number)
