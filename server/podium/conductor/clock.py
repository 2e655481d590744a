"""The time of one batch: wall clock for what is stored and shown, monotonic for what is waited for.

`PODIUM_CLOCK_SHIFT=seconds` lets a test start a conductor whose wall clock was set back or forth.
"""

import os
import time
from dataclasses import dataclass

_SHIFT_SECONDS = float(os.environ.get("PODIUM_CLOCK_SHIFT", "0"))


@dataclass(frozen=True)
class Clock:
    """Both clocks at one moment, in seconds."""

    wall: float
    mono: float


def wall() -> float:
    """Read the wall clock, in seconds since the epoch."""
    return time.time() + _SHIFT_SECONDS


def now() -> Clock:
    """Read both clocks."""
    return Clock(wall(), time.monotonic())
