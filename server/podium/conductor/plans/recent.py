"""Plans compiled lately, for scores that are started again and again: the same text, for the same place and variables."""

import time
from collections import OrderedDict
from collections.abc import Hashable
from pathlib import Path

from podium.conductor.plans.given import GivenScore
from podium.conductor.rules.plans import LoadedPlan

MOST = 64
ALONE_SECONDS = 0.25
MOST_CHARS = 64 * 1024  # of a score and of its plan; a longer one costs little more than its own reading
MOST_SHEETS = 100  # each takes 700 bytes


class RecentPlans:
    """Remembers plans that depend on nothing but what is asked."""

    def __init__(self) -> None:
        self._plans: OrderedDict[Hashable, LoadedPlan] = OrderedDict()
        self._alone: tuple[Path | None, float] = Path(), 0.0  # a folder without profiles, and when that was seen

    def note_alone(self, folder: Path | None) -> None:
        """Note that a folder of scores has no profiles of its own."""
        self._alone = folder, time.monotonic()

    def is_alone(self, folder: Path | None) -> bool:
        """Return whether it was just noted that a folder has no profiles: the disk need not be asked for each of many starts."""
        known, at = self._alone
        return known == folder and time.monotonic() - at < ALONE_SECONDS

    def get(self, score: GivenScore) -> LoadedPlan | None:
        """Return the plan of this very score, for the same place and variables; None if it is not known."""
        key = _key(score)
        if key in self._plans:
            self._plans.move_to_end(key)
        return self._plans.get(key)

    def put(self, score: GivenScore, loaded: LoadedPlan) -> None:
        """Remember a plan, in place of the one that was not asked for longest."""
        if max(len(score.text), len(loaded.text)) <= MOST_CHARS and len(loaded.plan.sheets) <= MOST_SHEETS:
            # A plan of its own: one that jobs share gives up its texts once they are stored.
            self._plans[_key(score)] = LoadedPlan(loaded.hash, loaded.plan, loaded.source, loaded.text)
            if len(self._plans) > MOST:
                self._plans.popitem(last=False)


def _key(score: GivenScore) -> Hashable:
    variables = tuple(sorted(score.variables.items()))
    return (
        score.text,
        score.path,
        score.cwd,
        score.workspace,
        score.inherited,
        score.passed,
        score.given_path,
        variables,
    )
