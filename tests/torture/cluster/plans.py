"""What is drawn for a round on a cluster: the death of the conductor, and the troubles of the cluster."""

from collections import Counter
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from podium.conductor.faults import CLUSTER_POINTS
from tests.torture.campaign import points_hit
from tests.torture.cluster.troubles import ALONE, BESIDE, COMMANDS, FOLDER, Trouble
from tests.torture.kills import Death, draw

POINTS = (*CLUSTER_POINTS, "after_claim")
LATE = ("before_ask", "after_ask", "before_scancel", "after_scancel", "after_close")
"""Points that are hardly passed while anything is wrong with the cluster."""
Until = Literal["death", "start", "end"]
TIMES = (1, 1, 1, 2, 3, 5)  # which passing of a point is the last
AT_POINTS = 0.85  # the share of rounds in which the conductor dies at one of the points
MINUTE = 0.02  # the share of those in which the troubles last for a minute
troubles_drawn: Counter[str] = Counter()
"""How often each trouble was drawn, over all homes of this process."""


rounds_drawn: list["Round"] = []
"""The rounds of this process."""


@dataclass(frozen=True)
class Round:
    """A round's plan. The troubles begin after `wait` seconds, and end just before the conductor's death, before the last start, or
    after it; but not before `least` seconds have passed.
    """

    death: Death
    troubles: tuple[Trouble, ...]
    wait: float
    until: Until
    least: float
    seed: float

    def __str__(self) -> str:
        names = ", ".join(each.name for each in self.troubles) or "none"
        return f"{self.death}; troubles {names} after {self.wait:.1f} s until {self.until}, for {self.least:.1f} s at least"


def draw_round(random: Random) -> Round:
    """Draw a round's plan. The points depend on those of earlier rounds, too: those come first that were hit least."""
    death = _death(random)
    is_late = death.point in LATE and random.random() < 0.7
    drawn = Round(
        death,
        tuple(_troubles(random)),
        random.uniform(0.2, 1.5),
        "death" if is_late else random.choice(("death", "start", "end")),
        60.0 if random.random() < MINUTE else random.uniform(0, 3),
        random.random(),
    )
    rounds_drawn.append(drawn)
    return drawn


def quiet_round(random: Random) -> Round:
    """Draw a round without troubles: the conductor is only killed, once."""
    drawn = Round(Death("at a moment", random.uniform(0.1, 1.0), "", 0.0, ()), (), 0.0, "death", 0.0, random.random())
    rounds_drawn.append(drawn)
    return drawn


def _death(random: Random) -> Death:
    death = draw(random)
    if random.random() < AT_POINTS:
        name = min(POINTS, key=lambda each: (points_hit[each], random.random()))
        death = replace(death, how="at a point", fault=f"{name}:{random.choice((1, 1, 2) if name in LATE else TIMES)}")
    again = tuple((f"{random.choice(POINTS)}:1", 0.0) if random.random() < 0.5 else each for each in death.again[:2])
    return replace(death, seconds=random.uniform(1.0, 4.0), down=random.choice((0.0, 0.3, 1.0, 2.5)), again=again)


def _troubles(random: Random) -> list[Trouble]:
    folder = _least(random, [Trouble(*each) for each in BESIDE.items() if each[0] in FOLDER])
    beside = _least(random, [Trouble(*each) for each in BESIDE.items() if each[0] not in FOLDER])
    command = _least(random, COMMANDS)
    alone = _least(
        random, [Trouble(*each) for each in ALONE.items()]
    )  # last, and so the first to end: the others need it
    drawn = ((beside, 0.4), (folder, 0.3), (command, 0.4), (alone, 0.5))
    found = [each for each, chance in drawn if random.random() < chance]
    troubles_drawn.update(each.name for each in found)
    return found


def _least(random: Random, among: list[Trouble]) -> Trouble:
    return min(among, key=lambda each: (troubles_drawn[each.name], random.random()))
