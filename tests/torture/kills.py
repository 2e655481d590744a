"""How a round ends: which death the conductor dies, when, and how often again while it recovers."""

from dataclasses import dataclass
from random import Random
from typing import Literal

from podium.conductor.faults import DEEPER_POINTS, POINTS

ALL_POINTS = POINTS + DEEPER_POINTS
RARE = ("after_prepare",) * 3  # what it leaves is hardly ever left by chance
How = Literal["at a moment", "at a point", "by TERM", "at a moment, socket removed"]


@dataclass(frozen=True)
class Death:
    """One round's plan. `again` are the faults of the starts that follow, "" is a kill after `early` seconds."""

    how: How
    seconds: float  # that the clients have
    fault: str  # PODIUM_FAULT of the conductor that the clients use, "" for none
    down: float  # seconds without a conductor afterwards: sheets end meanwhile
    again: tuple[tuple[str, float], ...]

    def __str__(self) -> str:
        again = ", ".join(fault or f"kill {early:.2f} s after the start" for fault, early in self.again)
        return f"{self.how} {self.fault or f'{self.seconds:.2f} s'}; down {self.down:.2f} s; then {again or 'no more'}"


def draw(random: Random) -> Death:
    """Draw a round's plan."""
    how: How = random.choices(("at a moment", "at a point", "by TERM", "at a moment, socket removed"), (40, 50, 6, 4))[
        0
    ]
    fault = f"{random.choice(ALL_POINTS + RARE)}:{random.randint(1, 12)}" if how == "at a point" else ""
    # An attempt that was prepared only is found unclaimed: the recovery that finds it has its own moment to die.
    again = [("after_claim:1", 0.0)] if fault.startswith("after_prepare") and random.random() < 0.5 else []
    while len(again) < 3 and random.random() < 0.4:
        named = random.random() < 0.6
        again.append((f"{random.choice(ALL_POINTS)}:{random.randint(1, 3)}" if named else "", random.uniform(0, 1.0)))
    return Death(how, random.uniform(0.1, 1.6), fault, random.choice((0.0, 0.0, 0.3, 1.0)), tuple(again))
