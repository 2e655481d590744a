"""The time limits of a numbered score's sheets: `timeout_seconds`, and `timeout_overrides` by sheet."""

from collections.abc import Iterable, Mapping
from typing import Any

from podium.score.numbered.layout import Layout
from podium.score.text.document import Loc
from podium.score.text.problems import Problems, describe
from podium.score.text.units import seconds

KEYS = ("timeout_seconds", "timeout_overrides")
"""What an instrument's settings may hold beside those of the instrument."""
_FAULT = "should be a number of seconds greater than 0"


def numbers_in(config: Mapping[str, Any]) -> set[int]:
    """Return the sheets to which settings give a time limit of their own."""
    given = config.get("timeout_overrides")
    return {number for key in given if (number := _number(key))} if isinstance(given, dict) else set()


class TimeLimits:
    """Finds the limit of a sheet in the settings for it, each with its place, from the most general to its own."""

    def __init__(self, layout: Layout, problems: Problems) -> None:
        self.layout = layout
        self.problems = problems
        self.by_sheet: dict[Loc, dict[int, float | None]] = {}

    def of(self, number: int, layers: Iterable[tuple[Loc, Mapping[str, Any]]]) -> float | None:
        """Return the sheet's limit in seconds, None without one.

        Its own `timeout_seconds` comes first, then what any `timeout_overrides` says of it, then the other `timeout_seconds`.
        """
        general = named = own = None
        for loc, config in layers:
            named = self._overrides(loc, config).get(number, named)
            own = None
            if "timeout_seconds" in config:
                own = general = self._limit((*loc, "timeout_seconds"), config["timeout_seconds"])
        return own or named or general

    def _overrides(self, loc: Loc, config: Mapping[str, Any]) -> Mapping[int, float | None]:
        """Return the limits by sheet; a sheet that does not exist is a problem."""
        if "timeout_overrides" not in config:
            return {}
        if loc not in self.by_sheet:
            where: Loc = (*loc, "timeout_overrides")
            self.by_sheet[loc] = self._checked(where, config["timeout_overrides"])
        return self.by_sheet[loc]

    def _checked(self, loc: Loc, given: Any) -> dict[int, float | None]:
        if not isinstance(given, dict):
            self.problems.add(loc, f"should be a mapping of sheets to seconds, not {describe(given)}")
            return {}
        found = {}
        for key, value in given.items():
            if number := _number(key):
                self.layout.is_sheet((*loc, key), number, key=True)
                found[number] = self._limit((*loc, key), value)
            else:
                self.problems.add((*loc, key), f"{key!r} is not the number of a sheet", key=True)
        return found

    def _limit(self, loc: Loc, value: Any) -> float | None:
        """Return a time limit in seconds; what is none is a problem."""
        try:
            limit = float(seconds(value)) if isinstance(value, str | int | float) and not isinstance(value, bool) else 0
        except ValueError:
            limit = 0
        if limit > 0:
            return limit
        self.problems.add(loc, _FAULT)
        return None


def _number(key: Any) -> int:
    """Return the number that a key is, 0 for none."""
    return int(key) if str(key).isdecimal() and len(str(key)) < 10 else 0
