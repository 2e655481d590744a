"""What plays each sheet of a numbered score: the instrument, its settings, what it falls back to, and the time limit.

The most special one counts: of the sheet, of its movement, of the score.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from podium.score.model.draft import Play
from podium.score.model.plan import CLI, Player
from podium.score.numbered.fields.playing import AliasBlock, MovementBlock
from podium.score.numbered.fields.score import NumberedScore
from podium.score.numbered.layout import Layout
from podium.score.parts import PartBuilder
from podium.score.text.document import Loc
from podium.score.text.units import seconds

DEFAULT_INSTRUMENT = "claude-code"
_DEFAULT_BACKEND = "claude_cli"  # the original's name for the same tool
_EVERYWHERE = ("timeout_seconds",)  # what every instrument takes
Layers = list[tuple[Loc, Mapping[str, Any]]]
_NO_MOVEMENT = MovementBlock()
_TOP: Loc = ("instrument",)


class Playing:
    """Works out what plays a sheet; what many sheets share, once."""

    def __init__(self, score: NumberedScore, parts: PartBuilder, layout: Layout) -> None:
        self.score = score
        self.parts = parts
        self.problems = parts.problems
        self.own = self._own_instruments(layout)
        self.played: dict[tuple[Any, ...], Play] = {}
        if score.backend.type not in {None, _DEFAULT_BACKEND} or (score.backend.type and score.instrument):
            self.problems.add(("backend", "type"), "not supported: set instrument instead", key=True)

    def of(self, stage: int, number: int) -> Play:
        """Return what plays a sheet, by the numbers of its stage and its own."""
        sheet = self.score.sheet
        special = (sheet.per_sheet_instrument_config, sheet.per_sheet_fallbacks)
        own = number if number in self.own or any(number in each for each in special) else 0
        asked = (stage if stage in self.score.movements else 0, own)
        if asked not in self.played:
            self.played[asked] = self._of(stage, number)
        return self.played[asked]

    def note_unused(self, plays: Sequence[Play]) -> None:
        """Note fallbacks that no sheet can have."""
        if self.score.instrument_fallbacks and all(play.instrument == CLI for play in plays):
            message = "every sheet is a script for cli, which has no fallbacks"
            self.problems.add(("instrument_fallbacks",), message, key=True)

    def _of(self, stage: int, number: int) -> Play:
        movement = self.score.movements.get(stage, _NO_MOVEMENT)
        top = self.score.instrument or DEFAULT_INSTRUMENT
        name, loc = top, _TOP
        if movement.instrument:
            name, loc = movement.instrument, ("movements", stage, "instrument")
        name, loc = self.own.get(number, (name, loc))
        general = self.score.instrument_config
        if name != top:  # the other settings are for the score's instrument
            general = {key: value for key, value in general.items() if key in _EVERYWHERE}
        alias = self.score.instruments.get(name)
        layers: Layers = [
            (("instrument_config",), general),
            (("instruments", name, "config"), alias.config if alias else {}),
            (("movements", stage, "instrument_config"), movement.instrument_config),
            (("sheet", "per_sheet_instrument_config", number), self._own_config(number)),
        ]
        if alias is not None:
            name, loc = alias.profile, ("instruments", name, "profile")
        self._check(loc, name, layers)
        config = {key: value for _, layer in layers for key, value in layer.items()}
        timeout = self._timeout(config.pop("timeout_seconds", None), layers)
        own = Player(instrument=name, config=config)
        return Play(name, config, self._fallbacks(stage, number, own), timeout)

    def _own_config(self, number: int) -> Mapping[str, Any]:
        return self.score.sheet.per_sheet_instrument_config.get(number, {})

    def _check(self, loc: Loc, name: str, layers: Layers) -> None:
        """Check the instrument and its settings."""
        if loc == _TOP and self.score.instrument is None and name not in self.parts.instruments:
            message = f"the score names no instrument, and the default, {DEFAULT_INSTRUMENT}, is not available"
            self.problems.add(loc, message, allowed=self.parts.instruments)
        elif self.parts.instrument(loc, name) in self.parts.instruments:
            for where, layer in layers:
                self.parts.config(where, name, layer, more=_EVERYWHERE)

    def _timeout(self, given: Any, layers: Layers) -> float | None:
        if given is None:
            return self.score.backend.timeout_seconds
        limit = _limit(given)
        if limit is None:
            where = next(where for where, layer in reversed(layers) if "timeout_seconds" in layer)
            self.problems.add((*where, "timeout_seconds"), "should be a number of seconds greater than 0")
        return limit

    def _fallbacks(self, stage: int, number: int, own: Player) -> tuple[Player, ...]:
        """Return what a sheet with this instrument falls back to. A script for cli stays with it."""
        names, where = self._fallback_names(stage, number)
        players = [own]
        for position, name in enumerate(names if own.instrument != CLI else ()):
            loc: Loc = (*where, position)
            alias = self.score.instruments.get(name, AliasBlock(profile=name))
            player = Player(instrument=alias.profile, config=alias.config)
            self.parts.fallback(loc, player, players)
            if "timeout_seconds" in alias.config:
                self.problems.add(loc, f"{name} sets a time limit, but a fallback keeps the sheet's time limit")
            elif alias.profile in self.parts.instruments:
                self.parts.config(("instruments", name, "config"), alias.profile, alias.config)
            players.append(player)
        return tuple(player for player in players[1:] if player != own)

    def _fallback_names(self, stage: int, number: int) -> tuple[Sequence[str], Loc]:
        """Return the names of what a sheet falls back to, and where they stand."""
        movement = self.score.movements.get(stage, _NO_MOVEMENT)
        if (own := self.score.sheet.per_sheet_fallbacks.get(number)) is not None:
            return own, ("sheet", "per_sheet_fallbacks", number)
        if movement.instrument_fallbacks is not None:
            return movement.instrument_fallbacks, ("movements", stage, "instrument_fallbacks")
        return self.score.instrument_fallbacks, ("instrument_fallbacks",)

    def _own_instruments(self, layout: Layout) -> dict[int, tuple[str, Loc]]:
        """Return the instrument of each sheet that has its own, and where the score says so."""
        found: dict[int, tuple[str, Loc]] = {}
        sheet = self.score.sheet
        for name, numbers in sheet.instrument_map.items():
            for position, number in enumerate(numbers):
                loc: Loc = ("sheet", "instrument_map", name, position)
                if number in found or number in sheet.per_sheet_instruments:
                    self.problems.add(loc, f"sheet {number} has two instruments")
                layout.is_sheet(loc, number)
                found[number] = name, loc
        for number, name in sheet.per_sheet_instruments.items():
            found[number] = name, ("sheet", "per_sheet_instruments", number)
        return found


def _limit(value: Any) -> float | None:
    """Return a time limit in seconds, None if it is not one."""
    try:
        limit = float(seconds(value)) if isinstance(value, str | int | float) and not isinstance(value, bool) else 0
    except ValueError:
        return None
    return limit if limit > 0 else None
