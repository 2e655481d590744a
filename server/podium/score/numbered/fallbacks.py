"""What the sheets of a numbered score fall back to: the list of the sheet, of its movement or of the score, without what cannot
play here.
"""

from collections.abc import Sequence

from podium.score.model.plan import CLI, Player
from podium.score.numbered.fields.playing import AliasBlock, MovementBlock
from podium.score.numbered.fields.score import NumberedScore
from podium.score.numbered.settings import Settings
from podium.score.parts import PartBuilder
from podium.score.text.document import Loc


class Fallbacks:
    """Works out what each sheet falls back to, and notes what is left out."""

    def __init__(self, score: NumberedScore, parts: PartBuilder, settings: Settings) -> None:
        self.score = score
        self.parts = parts
        self.problems = parts.problems
        self.settings = settings
        self.used: dict[Loc, bool] = {}  # whether an agent has the list that stands there

    def of(self, stage: int, number: int, own: Player) -> tuple[Player, ...]:
        """Return what a sheet with this instrument falls back to. A script for cli stays with it."""
        names, where = self._names(stage, number)
        if names:
            self.used[where] = self.used.get(where, False) or own.instrument != CLI
        players: list[Player] = []
        for position, name in enumerate(names if own.instrument != CLI else ()):
            player = self._player((*where, position), name)
            if player in players:
                self.problems.note(f"the fallback {name} is listed twice.", (*where, position))
            elif player is not None:
                players.append(player)
        return tuple(player for player in players if player != own)

    def note_unused(self) -> None:
        """Note the lists that no sheet has use for."""
        for where, used in self.used.items():
            if not used:
                self.problems.note("these fallbacks are not used: a script for cli stays with cli.", where)

    def _player(self, loc: Loc, name: str) -> Player | None:
        """Return who plays under this name, None if nobody can."""
        alias = self.score.instruments.get(name, AliasBlock(profile=name))
        known = self.parts.instruments
        if alias.profile not in known:
            near = self.problems.near(alias.profile, known)
            told = name if alias.profile == name else f"{name} ({alias.profile})"
            self.problems.note(
                f"the fallback {told} is skipped: Podium has no such instrument; it runs command-line tools{near or '.'}",
                loc,
            )
            return None
        if alias.profile == CLI:
            self.problems.note(f"the fallback {name} is skipped: cli runs scripts, not prompts.", loc)
            return None
        if "timeout_seconds" in alias.config:
            self.problems.note(f"the fallback {name} keeps the sheet's time limit, not its own.", loc)
        layers = [(("instruments", name, "config"), alias.config)]
        return Player(instrument=alias.profile, config=self.settings.merged(alias.profile, layers))

    def _names(self, stage: int, number: int) -> tuple[Sequence[str], Loc]:
        """Return the names of what a sheet falls back to, and where they stand."""
        movement = self.score.movements.get(stage, MovementBlock())
        if (own := self.score.sheet.per_sheet_fallbacks.get(number)) is not None:
            return own, ("sheet", "per_sheet_fallbacks", number)
        if movement.instrument_fallbacks is not None:
            return movement.instrument_fallbacks, ("movements", stage, "instrument_fallbacks")
        return self.score.instrument_fallbacks, ("instrument_fallbacks",)
