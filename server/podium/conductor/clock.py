"""The time of one batch: wall clock for what is stored and shown, monotonic for what is waited for."""

import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Clock:
    """Both clocks at one moment, in seconds."""

    wall: float
    mono: float


def now() -> Clock:
    """Read both clocks."""
    return Clock(time.time(), time.monotonic())
