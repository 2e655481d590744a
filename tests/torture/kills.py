"""How a round ends: which death the conductor dies, when, and how often again while it recovers."""

from dataclasses import dataclass
from random import Random
from typing import Literal

from podium.conductor.faults import DEEPER_POINTS, POINTS
from podium.keeper.system import GUARD_POINTS
from tests.torture.keepers import STARTING, draw_points

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
    victims: str = ""  # which of keeper and guard are killed while the clients work, "" for none
    victims_later: str = ""  # and while no conductor runs
    reader: bool = False  # the reader dies too
    points: tuple[tuple[str, int], ...] = ()  # at which processes of keeper and reader die, and at which passing

    @property
    def point(self) -> str:
        """The point at which the conductor is to die that the clients use, "" for none."""
        return self.fault.partition(":")[0]

    def __str__(self) -> str:
        again = ", ".join(fault or f"kill {early:.2f} s after the start" for fault, early in self.again)
        points = " ".join(f"{name}:{times}" for name, times in self.points)
        hands = f"{self.victims or 'none'}, later {self.victims_later or 'none'}, at {points}"
        return (
            f"{self.how} {self.fault or f'{self.seconds:.2f} s'}; down {self.down:.2f} s; then {again or 'no more'}; "
            f"of the keepers {hands}"
        )


def draw(random: Random) -> Death:
    """Draw a round's plan. The points of keeper and reader depend on those of earlier rounds, too."""
    how: How = random.choices(("at a moment", "at a point", "by TERM", "at a moment, socket removed"), (40, 50, 6, 4))[
        0
    ]
    name = random.choice(ALL_POINTS + RARE)
    times = random.randint(1, 3 if name in DEEPER_POINTS else 12)
    fault = f"{name}:{times}" if how == "at a point" else ""
    # An attempt that was prepared only is found unclaimed: the recovery that finds it has its own moment to die.
    again = [("after_claim:1", 0.0)] if fault.startswith("after_prepare") and random.random() < 0.5 else []
    while len(again) < 3 and random.random() < 0.4:
        named = random.random() < 0.6
        again.append((f"{random.choice(ALL_POINTS)}:{random.randint(1, 3)}" if named else "", random.uniform(0, 1.0)))
    points = draw_points(random)
    # A guard passes its points when its keeper is dead; a keeper passes the first ones when it takes the place of another.
    forced = any(name in GUARD_POINTS + STARTING for name, _ in points)
    victims = "keeper" if forced else random.choice(("", "", "keeper", "guard", "both"))
    later = random.choice(("", "", "", "keeper", "guard", "both"))
    down = random.choice((0.0, 0.0, 0.3, 1.0))
    return Death(
        how, random.uniform(0.1, 1.6), fault, down, tuple(again), victims, later, random.random() < 0.3, points
    )
