"""Hundreds of lanes in a few rows: what failed, runs, waits or decided the end stays by itself, the others are folded."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from podium.plots.story.story import Lane
from podium.plots.words import TIMES, counted

_FAN = re.compile(r"(.+)\[.*\]\Z", re.DOTALL)
FEWEST = 3  # lanes that are folded


def fan_of(name: str) -> str:
    """Return the name that the sheets of a `foreach` share, "" for a sheet of its own."""
    found = _FAN.match(name)
    return found[1] if found else ""


@dataclass(frozen=True)
class Fold:
    """Several lanes in one row."""

    label: str
    lanes: tuple[Lane, ...]

    @property
    def counts(self) -> str:
        """How many of them are in which state, the commonest first."""
        found: defaultdict[str, int] = defaultdict(int)
        for lane in self.lanes:
            found[lane.sheet.status] += 1
        return ", ".join(f"{number} {status}" for status, number in sorted(found.items(), key=lambda each: -each[1]))


Row = Lane | Fold


def rows_of(lanes: Sequence[Lane], limit: int) -> list[Row]:
    """Return the lanes in at most about `limit` rows, in the order of their first sheets."""
    if len(lanes) <= limit:
        return list(lanes)
    chosen = _telling(lanes, limit // 2)
    groups: defaultdict[str, list[Lane]] = defaultdict(list)
    for lane in lanes:
        if lane.sheet.sheet not in chosen:
            groups[fan_of(lane.label)].append(lane)
    rest = groups.pop("", [])
    fans = sorted(groups.items(), key=lambda each: -len(each[1]))
    few = [lane for name, members in fans[limit // 4 :] for lane in members]
    rows: list[Row] = [lane for lane in lanes if lane.sheet.sheet in chosen]
    rows += [Fold(f"{name}[…] {TIMES}{len(members)}", tuple(members)) for name, members in fans[: limit // 4]]
    rest = sorted([*rest, *few], key=lambda lane: lane.sheet.sheet)
    if len(rest) < FEWEST or len(rows) + len(rest) <= limit:
        rows += rest
    else:
        rows.append(Fold(counted(len(rest), "other sheet"), tuple(rest)))
    return sorted(rows, key=_place)


def _telling(lanes: Sequence[Lane], most: int) -> set[int]:
    """Return the sheets that are worth a row of their own: those that failed first, then what is not over, then the path."""
    order = {"failed": 0, "cancelled": 1, "waiting": 2, "running": 2}
    ranked = [(order.get(lane.sheet.status, 3 if lane.critical else 9), lane.sheet.sheet) for lane in lanes]
    return {num for rank, num in sorted(ranked)[:most] if rank < 9}


def _place(row: Row) -> tuple[int, int]:
    """Return where a row stands: the fold of all the rest comes last."""
    if isinstance(row, Fold):
        return (0 if "[…]" in row.label else 1), row.lanes[0].sheet.sheet
    return 0, row.sheet.sheet
