"""Which sheets a numbered score makes, and what the numbers in its keys mean.

Items are cut into sheets. With fan-out each item is a stage, which becomes one sheet or several; the numbers of sheets are those
after that.
"""

from collections.abc import Mapping
from itertools import accumulate

from podium.score.model.plan import MAX_SHEETS
from podium.score.numbered.fields.score import NumberedScore
from podium.score.text.document import Loc
from podium.score.text.problems import Problems

_STAGE_MAPS = ("dependencies", "fan_out", "skip_when", "skip_when_command")
_SHEET_MAPS = (
    "descriptions",
    "per_sheet_instruments",
    "per_sheet_instrument_config",
    "per_sheet_fallbacks",
    "cadenzas",
    "prompt_extensions",
)


class Layout:
    """The stages with their sheets. `count` is the number of stages, `total` that of the sheets."""

    def __init__(self, score: NumberedScore, problems: Problems) -> None:
        self.problems = problems
        sheet = score.sheet
        self.size, self.last = sheet.size or 1, sheet.total_items or 1  # a missing one is noted already
        self.start = sheet.start_item
        self.voices = self._voices(score)
        self.fans_out = bool(self.voices)
        self.count = self._count()
        counts = [self.copies(stage) for stage in range(1, self.count + 1)]
        *self._firsts, end = accumulate(counts, initial=1)
        self.total = end - 1
        self._check(score)

    def copies(self, stage: int) -> int:
        """Return how many sheets a stage becomes."""
        return min(self.voices.get(stage, 1), MAX_SHEETS + 1)

    def sheets(self, stage: int) -> range:
        """Return the numbers of a stage's sheets."""
        first = self._firsts[stage - 1]
        return range(first, first + self.copies(stage))

    def items(self, stage: int) -> tuple[int, int]:
        """Return the first and the last item of a stage that is a slice of them, (0, 0) with fan-out."""
        first = self.start + (stage - 1) * self.size
        return (0, 0) if self.fans_out else (first, min(first + self.size - 1, self.last))

    def is_stage(self, loc: Loc, number: int, *, key: bool = False) -> bool:
        """Return whether there is a stage with this number; note one that does not exist."""
        return self._is_one("stage" if self.fans_out else "sheet", self.count, loc, number, key=key)

    def is_sheet(self, loc: Loc, number: int, *, key: bool = False) -> bool:
        """Return whether there is a sheet with this number; note one that does not exist."""
        return self._is_one("sheet", self.total, loc, number, key=key)

    def _is_one(self, kind: str, last: int, loc: Loc, number: int, *, key: bool) -> bool:
        if 1 <= number <= last:
            return True
        self.problems.add(loc, f"{kind} {number} does not exist; the last one is {last}", key=key)
        return False

    def _voices(self, score: NumberedScore) -> Mapping[int, int]:
        """Return how many sheets each stage becomes that says so, under fan_out or as a movement."""
        found = dict(score.sheet.fan_out)
        for stage, movement in score.movements.items():
            voices = movement.voices or found.get(stage, 1)
            if voices != found.get(stage, voices):
                self.problems.add(("movements", stage, "voices"), f"sheet.fan_out says {found[stage]} of this stage")
            elif voices > 1:
                found[stage] = voices
        return found

    def _count(self) -> int:
        """Return how many stages the items are cut into."""
        count = -(-(self.last - self.start + 1) // self.size)
        if count < 1:
            self.problems.add(
                ("sheet", "start_item"), f"is larger than total_items ({self.last}), which leaves no sheets"
            )
        if self.fans_out and (self.size != 1 or self.start != 1):
            message = "needs size 1 and start_item 1, so that each stage is one item"
            self.problems.add(("sheet", "fan_out"), message, key=True)
        if count > MAX_SHEETS:
            self.problems.add(("sheet", "total_items"), f"makes {count} sheets, more than the limit of {MAX_SHEETS}")
        return count if count <= MAX_SHEETS else 1

    def _check(self, score: NumberedScore) -> None:
        """Note the keys of maps that are no number of a stage or a sheet."""
        for name in _STAGE_MAPS:
            for number in getattr(score.sheet, name):
                self.is_stage(("sheet", name, number), number, key=True)
        for name in _SHEET_MAPS:
            for number in getattr(score.sheet, name):
                self.is_sheet(("sheet", name, number), number, key=True)
        for number in score.movements:
            self.is_stage(("movements", number), number, key=True)
        if score.sheet.total_sheets not in {None, self.total}:
            self.problems.add(("sheet", "total_sheets"), f"should be {self.total}, the number of sheets")
