"""Signals that end a command: whatever it does then is cleaned up, and its exit code says which signal came."""

import _thread
import os
import signal
import sys
import time
import warnings
from types import CodeType, FrameType

from podium.outlet import takes

AGAIN_SECONDS = 0.01
_LOOPS = (
    "asyncio",
    "anyio",
)  # packages: between two of their lines a task may be in nobody's hands, and would wait for ever
_received: list[int] = []
_unraised: set[int] = set()  # that came where nothing can be raised


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
    """Have a signal sent again that came where nothing can be raised: while an object was taken apart."""
    if isinstance(ignored.exc_value, Interrupted):
        _send_again(ignored.exc_value.number)
    else:
        sys.__unraisablehook__(ignored)


def _send_again(number: int) -> None:
    """Begin to send a signal. It is a bare thread: a `Thread` has locks, which the main thread may hold just now."""
    if number not in _unraised:
        _unraised.add(number)
        _thread.start_new_thread(_send_until_raised, (number,))


def _send_until_raised(number: int) -> None:
    """Send a signal until it is raised. Python takes note of one that comes right before a call that blocks only after that."""
    time.sleep(AGAIN_SECONDS)
    while number in _unraised:
        os.kill(os.getpid(), number)
        time.sleep(AGAIN_SECONDS)


def _is_inside(frame: FrameType | None, code: CodeType) -> bool:
    while frame is not None and frame.f_code is not code:
        frame = frame.f_back
    return frame is not None


def _is_in_a_loop(frame: FrameType | None) -> bool:
    """Return whether the event loop's own code runs just now: no code of ours, and no wait of the loop, which is `selectors`."""
    return frame is not None and str(frame.f_globals.get("__name__")).partition(".")[0] in _LOOPS


def interrupted() -> int | None:
    """Return the exit code for the signal that came first; None if none did.

    What was going on when it came may end with another error than `Interrupted`.
    """
    return 128 + _received[0] if _received else None


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Leave whatever is going on, also a write to a terminal or pipe that nobody reads, which gets no last word then."""
    if _is_inside(frame, _raise_again.__code__) or _is_in_a_loop(frame):  # nothing can be raised there either
        _send_again(number)
        return
    for descriptor in (1, 2):
        if not takes(descriptor):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, descriptor)
            os.close(nowhere)
    warnings.simplefilter("ignore", RuntimeWarning)  # of what the event loop was to take up and nobody awaits now
    _unraised.discard(number)
    _received.append(number)
    raise Interrupted(number)
