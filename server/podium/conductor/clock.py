"""A moment on both clocks: wall clock for what is stored and shown, monotonic for what is waited for.

`PODIUM_CLOCK_SHIFT=seconds` lets a test start a conductor whose wall clock was set back or forth.
"""

import os
import time
from dataclasses import dataclass

_SHIFT_SECONDS = float(os.environ.get("PODIUM_CLOCK_SHIFT", "0"))


@dataclass(frozen=True)
class Moment:
    """What both clocks showed at once, in seconds."""

    wall: float
    mono: float


def wall() -> float:
    """Read the wall clock, in seconds since the epoch."""
    return time.time() + _SHIFT_SECONDS


def now() -> Moment:
    """Read both clocks."""
    return Moment(wall(), time.monotonic())
