"""Signals that end a command: whatever it does then is cleaned up, and its exit code says which signal came."""

import os
import signal
import sys
import threading
from types import FrameType

from podium.outlet import takes

AGAIN_SECONDS = 0.01
_received: list[int] = []


class Interrupted(SystemExit):
    """A signal came. The exit code is 128 and its number, as shells expect."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(128 + number)


def take_signals() -> None:
    """Raise `Interrupted` in the main thread when INT, TERM or HUP comes, unless whoever started us has it ignored."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)
    sys.unraisablehook = _raise_again


def _raise_again(ignored: "sys.UnraisableHookArgs") -> None:
    """Send a signal again that came where nothing can be raised: while an object was taken apart."""
    if isinstance(ignored.exc_value, Interrupted):
        threading.Timer(AGAIN_SECONDS, os.kill, (os.getpid(), ignored.exc_value.number)).start()
    else:
        sys.__unraisablehook__(ignored)


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
