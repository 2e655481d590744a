"""A moment on both clocks: wall clock for what is stored and shown, monotonic for what is waited for.

The wall clock is set by people, by the network and by an empty battery. So nothing is forgotten because of what it says alone: a
`Calendar` follows it only as far as time was seen passing.

`PODIUM_CLOCK_SHIFT=seconds` lets a test start a conductor whose wall clock was set back or forth.
"""

import json
import math
import os
import time
from dataclasses import asdict, dataclass

try:
    _SHIFT_SECONDS = float(os.environ.get("PODIUM_CLOCK_SHIFT", "0"))
except ValueError:
    _SHIFT_SECONDS = 0.0
_CORRECTED_SECONDS = 0.5
LATEST = 249_999_999_999.0
"""The latest time that is stored, in the year 9892: a clock that is beyond it stands still there, and one before 1970 at 0."""

PLAUSIBLE_SECONDS = (
    86400.0  # a night without power, a restart, a time zone: a jump up to this is taken for time that has passed
)
CONFIRMING_SECONDS = (
    86400.0  # after a longer one, so much time has to be seen passing before the wall clock is believed
)

_NEWS_SECONDS = 60.0


@dataclass(frozen=True)
class Moment:
    """What both clocks showed at once, in seconds."""

    wall: float
    mono: float


def wall() -> float:
    """Read the wall clock, in seconds since the epoch."""
    return min(max(time.time() + _SHIFT_SECONDS, 0.0), LATEST)


def now() -> Moment:
    """Read both clocks."""
    return Moment(wall(), time.monotonic())


def set_back(since: Moment, until: Moment) -> float:
    """Return by how many seconds the wall clock was set back between two moments; 0 for what a clock corrects by itself."""
    back = (until.mono - since.mono) - (until.wall - since.wall)
    return back if back > _CORRECTED_SECONDS else 0.0


@dataclass(frozen=True)
class Calendar:
    """How late it is for sure, in seconds since the epoch.

    `wall` is what the wall clock showed at the last look, `sure` is never later. `doubt` is how many seconds have still to be
    seen passing before the wall clock is believed; 0 means that it is.
    """

    wall: float
    sure: float
    doubt: float = 0.0

    def later(self, wall: float, passed: float) -> "Calendar":
        """Return the calendar at a next look, when `passed` seconds were seen passing (0 if nobody looked meanwhile)."""
        jump = wall - self.wall - passed
        far = abs(jump) > PLAUSIBLE_SECONDS
        doubt = CONFIRMING_SECONDS if far else max(0.0, self.doubt - passed)
        step = passed if far else passed + jump
        return Calendar(wall, min(wall, self.sure + step) if doubt else wall, doubt)

    def is_news(self, stored: "Calendar") -> bool:
        """Return whether it has to be stored: a restart could not find it out from the one that is."""
        return bool(self.doubt or stored.doubt) or abs(self.wall - stored.wall) >= _NEWS_SECONDS

    def text(self) -> str:
        """Return it as it is stored."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: str) -> "Calendar | None":
        """Return a stored one; None if it is damaged."""
        try:
            found = {name: float(value) for name, value in json.loads(text).items()}
            calendar = cls(**found)
        except (ValueError, TypeError, AttributeError):
            return None
        return calendar if all(math.isfinite(value) for value in found.values()) else None


class Timekeeper:
    """Looks at the clocks of this process and keeps the calendar."""

    def __init__(self, calendar: Calendar, began: Moment) -> None:
        """Continue an earlier process's calendar: how long nobody looked is known from the wall clock only."""
        self.began = began
        self.stored = calendar
        self._calendar = calendar.later(began.wall, 0.0)
        self._mono = began.mono

    def at(self, now: Moment) -> Calendar:
        """Return the calendar at a moment."""
        return self._calendar.later(now.wall, now.mono - self._mono)

    def look(self, now: Moment) -> Calendar:
        """Return the calendar at a moment, and go on from there."""
        self._calendar, self._mono = self.at(now), now.mono
        return self._calendar
