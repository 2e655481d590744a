"""What plays each sheet of a numbered score: the instrument, its settings, what it falls back to, and the time limit.

The most special one counts: of the sheet, of its movement, of the score.
"""

from collections.abc import Mapping
from typing import Any

from podium.score.model.draft import Play
from podium.score.model.plan import Player
from podium.score.numbered.fallbacks import Fallbacks
from podium.score.numbered.fields.answers import WITHOUT_EFFECT
from podium.score.numbered.fields.playing import MovementBlock
from podium.score.numbered.fields.score import NumberedScore
from podium.score.numbered.layout import Layout
from podium.score.numbered.limits import KEYS, TimeLimits, numbers_in
from podium.score.numbered.settings import Layer, Settings
from podium.score.parts import PartBuilder
from podium.score.text.document import Loc

DEFAULT_INSTRUMENT = "claude-code"
_DEFAULT_BACKEND = "claude_cli"  # the original's name for the same tool
_APIS = frozenset({"anthropic_api", "recursive_light", "ollama"})  # what the original has beside command-line tools
_OF_APIS = ("model", "api_key_env", "max_tokens", "temperature", "recursive_light", "ollama")
_NO_MOVEMENT = MovementBlock()


class Playing:
    """Works out what plays a sheet; what many sheets share, once."""

    def __init__(self, score: NumberedScore, parts: PartBuilder, layout: Layout) -> None:
        self.score = score
        self.parts = parts
        self.problems = parts.problems
        self.top, self.top_loc = self._top()
        self.backend = self._backend()
        self.own = self._own_instruments(layout)
        self.settings = Settings(parts, score.workspace)
        self.fallbacks = Fallbacks(score, parts, self.settings)
        self.limits = TimeLimits(layout, parts.problems)
        self.special = self._special()
        self.used: dict[Loc, bool] = {}  # whether any sheet takes the settings that stand there
        self.played: dict[tuple[Any, ...], Play] = {}

    def of(self, stage: int, number: int) -> Play:
        """Return what plays a sheet, by the numbers of its stage and its own."""
        asked = (stage if stage in self.score.movements else 0, number if number in self.special else 0)
        if asked not in self.played:
            self.played[asked] = self._of(stage, number)
        return self.played[asked]

    def note_unused(self) -> None:
        """Note fallbacks and settings that no sheet takes."""
        self.fallbacks.note_unused()
        for where, used in self.used.items():
            if not used:
                self.problems.note("these settings are not used: their instrument plays no sheet.", where)

    def _of(self, stage: int, number: int) -> Play:
        movement = self.score.movements.get(stage, _NO_MOVEMENT)
        name, loc = self.top, self.top_loc
        if movement.instrument:
            name, loc = movement.instrument, ("movements", stage, "instrument")
        name, loc = self.own.get(number, (name, loc))
        alias = self.score.instruments.get(name)
        layers: list[tuple[Loc, Mapping[str, Any], str]] = [
            (("backend",), self.backend, self.top),
            (("instrument_config",), self.score.instrument_config, self.top),
            (("instruments", name, "config"), alias.config if alias else {}, name),
            (("movements", stage, "instrument_config"), movement.instrument_config, movement.instrument or self.top),
            (("sheet", "per_sheet_instrument_config", number), self._own_config(number), name),
        ]
        timeout = self.limits.of(number, [layer[:2] for layer in layers])
        if alias is not None:
            name, loc = alias.profile, ("instruments", name, "profile")
        config = self._settings(loc, name, layers)
        own = Player(instrument=name, config=config)
        return Play(name, config, self.fallbacks.of(stage, number, own), timeout)

    def _own_config(self, number: int) -> Mapping[str, Any]:
        return self.score.sheet.per_sheet_instrument_config.get(number, {})

    def _settings(self, loc: Loc, name: str, layers: list[tuple[Loc, Mapping[str, Any], str]]) -> dict[str, Any]:
        """Return the settings of the instrument `name`, out of those that are meant for it. An unknown one is a problem."""
        known = self.parts.instruments
        if name in known:
            own = self._profile(name)
            meant: list[Layer] = [(where, config) for where, config, whose in layers if self._profile(whose) == own]
            for where, config, _ in layers:
                if config.keys() - set(KEYS):
                    self.used[where] = self.used.get(where, False) or (where, config) in meant
            return self.settings.merged(name, meant)
        if name in _APIS:
            message = f"Podium has no instrument {name}: it runs command-line tools, and calls no API itself"
            self.problems.add(loc, message, allowed=known)
        elif not loc:
            message = f"the score names no instrument, and the default, {DEFAULT_INSTRUMENT}, is not available"
            self.problems.add(("instrument",), message, allowed=known)
        else:
            self.parts.instrument(loc, name)
        return {}

    def _profile(self, name: str) -> str:
        """Return the name of the instrument that a name stands for."""
        alias = self.score.instruments.get(name)
        name = alias.profile if alias else name
        return str(self.parts.profiles.get(name, {}).get("name", name))

    def _top(self) -> tuple[str, Loc]:
        """Return the instrument of the score and where it is named, nowhere if it is the default."""
        given, older = self.score.instrument, self.score.backend.type
        if given and older:
            self.problems.add(("backend", "type"), "instrument is given too; leave one of the two out", key=True)
        if given or not older:
            return given or DEFAULT_INSTRUMENT, ("instrument",) if given else ()
        return DEFAULT_INSTRUMENT if older == _DEFAULT_BACKEND else older, ("backend", "type")

    def _backend(self) -> Mapping[str, Any]:
        """Return the settings under `backend`; those for an API are noted here, the others without effect by `unused`."""
        given = self.score.backend.model_dump(exclude_unset=True, exclude_none=True, exclude={"type"})
        for key in _OF_APIS:
            if key in given:
                self.problems.note(f"backend.{key} has no effect: it is for an API.", ("backend", key))
        return {
            key: value for key, value in given.items() if key not in _OF_APIS and ("backend", key) not in WITHOUT_EFFECT
        }

    def _special(self) -> set[int]:
        """Return the sheets that something is said of by number."""
        score, sheet = self.score, self.score.sheet
        configs = [
            self.backend,
            score.instrument_config,
            *(alias.config for alias in score.instruments.values()),
            *(movement.instrument_config for movement in score.movements.values()),
        ]
        named = set[int]().union(*map(numbers_in, configs))
        return named | self.own.keys() | sheet.per_sheet_instrument_config.keys() | sheet.per_sheet_fallbacks.keys()

    def _own_instruments(self, layout: Layout) -> dict[int, tuple[str, Loc]]:
        """Return the instrument of each sheet that has its own, and where the score says so."""
        found: dict[int, tuple[str, Loc]] = {}
        sheet = self.score.sheet
        for name, numbers in sheet.instrument_map.items():
            for position, number in enumerate(numbers):
                loc: Loc = ("sheet", "instrument_map", name, position)
                if number in found:
                    self.problems.add(loc, f"sheet {number} has two instruments")
                if number in sheet.per_sheet_instruments:
                    self.problems.note(f"per_sheet_instruments decides what plays sheet {number}.", loc)
                layout.is_sheet(loc, number)
                found[number] = name, loc
        for number, name in sheet.per_sheet_instruments.items():
            found[number] = name, ("sheet", "per_sheet_instruments", number)
        return found
