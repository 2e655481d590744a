"""A numbered score becomes a draft: items are cut into sheets, and what is said of single sheets finds its sheet.

With `fan_out` the keys of the maps under `sheet` are stages, as they are in `dependencies`. A stage that needs another waits
for all of its sheets.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from podium.score.foreign import foreign_keys
from podium.score.model.draft import Check, Draft, Instance, Need, Stage, Template
from podium.score.model.plan import CLI, MAX_SHEETS, VALIDATION_TYPES, CrossSheet, Player
from podium.score.numbered.fields import UNSUPPORTED, AliasBlock, NumberedScore
from podium.score.parts import PartBuilder
from podium.score.text.document import Loc
from podium.score.text.reading import Keys, Words, read_block
from podium.score.text.units import seconds
from podium.texts.letters import all_visible

DEFAULT_INSTRUMENT = "claude-code"
_DEFAULT_BACKEND = "claude_cli"  # the original's name for the same tool
DEFAULT_TIMEOUT_SECONDS = 1800.0
_EVERYWHERE = ("timeout_seconds",)  # what every instrument takes
_SHEET_MAPS = (
    "dependencies",
    "fan_out",
    "descriptions",
    "skip_when",
    "skip_when_command",
    "per_sheet_instruments",
    "per_sheet_instrument_config",
)


_MEANT: dict[Keys, str] = {
    **{(key,): instead for key, instead in foreign_keys().items()},
    **dict.fromkeys(
        [("hold",), ("approval",), ("manual",), ("pause",), ("sheet", "hold")],
        "only a sheet of a named score can wait for an approval, with hold",
    ),
    ("env",): "set variables in the template with export",
}
_WORDS = Words(unsupported=UNSUPPORTED, meant=_MEANT)


def read_numbered(data: Any, parts: PartBuilder, path: Path | None) -> Draft:
    """Read the numbered dialect; everything that is wrong becomes a problem."""
    problems = parts.problems
    score = read_block(NumberedScore, data, problems, _WORDS)
    sheet, parallel = score.sheet, score.parallel
    for key in ("name", "prompt"):
        if key not in data:
            problems.add((key,), f"the score needs {key}")
    for key in ("size", "total_items"):
        if getattr(sheet, key) is None and not problems.under(("sheet",)):
            problems.add(("sheet", key), f"sheet needs {key}")
    if score.backend.type not in {None, _DEFAULT_BACKEND} or (score.backend.type and score.instrument):
        problems.add(("backend", "type"), "not supported: set instrument instead", key=True)
    for number, movement in score.movements.items():
        if movement.voices not in {None, 1}:
            problems.add(("movements", number, "voices"), "not supported: use sheet.fan_out", key=True)
    stages = _Stages(score, parts).stages()
    chain = not sheet.dependencies and all(count == 1 for count in sheet.fan_out.values())
    if parallel.enabled and chain and len(stages) > 1:
        problems.note(
            "the sheets run one after another, because none has dependencies; sheet.dependencies: {1: []} runs them in parallel.",
            ("parallel", "enabled"),
        )
    return Draft(
        dialect="numbered",
        name=score.name or (path.stem if path and all_visible(path.stem) else "score"),
        description=score.description or "",
        workspace=score.workspace,
        variables=parts.variables(("prompt", "variables"), score.prompt.variables),
        variables_loc=("prompt", "variables"),
        stages=tuple(stages),
        max_concurrent=parallel.max_concurrent if parallel.enabled else 1,
        fail_fast=parallel.enabled and parallel.fail_fast,
        stagger_delay_ms=parallel.stagger_delay_ms,
        pause_between_sheets_seconds=score.pause_between_sheets_seconds,
        default_timeout_seconds=DEFAULT_TIMEOUT_SECONDS,
        cross_sheet=CrossSheet(**score.cross_sheet.model_dump()) if score.cross_sheet else None,
        on_end=parts.on_end(("on_end",), score.on_end),
    )


class _Stages:
    """Turns the sheets, or with fan-out the stages, into stages of the draft."""

    def __init__(self, score: NumberedScore, parts: PartBuilder) -> None:
        self.score = score
        self.sheet = score.sheet
        self.parts = parts
        self.problems = parts.problems
        self.size, self.last = score.sheet.size or 1, score.sheet.total_items or 1  # a missing one is noted already
        self.count = self._count()
        self.total = self.count + sum(count - 1 for count in self.sheet.fan_out.values())
        self.map = self._instrument_map()
        self.played: dict[tuple[Any, ...], dict[str, Any]] = {}

    def stages(self) -> list[Stage]:
        """Return the stages; an empty list if their number is wrong."""
        for name in _SHEET_MAPS:
            for number in getattr(self.sheet, name):
                self._check_number(("sheet", name, number), number, key=True)
        for number in self.score.movements:
            self._check_number(("movements", number), number, key=True)
        if self.sheet.total_sheets not in {None, self.total}:
            self.problems.add(("sheet", "total_sheets"), f"should be {self.total}, the number of sheets")
        template = self._template()
        retry = self.parts.retry(("retry",), self.score.retry)
        common = {"template": template, "retry": retry, "checks": self._checks()}
        stages = [self._stage(number, common) for number in range(1, self.count + 1)]
        if self.score.instrument_fallbacks and all(stage.instrument == CLI for stage in stages):
            message = "every sheet is a script for cli, which has no fallbacks"
            self.problems.add(("instrument_fallbacks",), message, key=True)
        return stages

    def _stage(self, number: int, common: dict[str, Any]) -> Stage:
        movement = self.score.movements.get(number)
        description = self.sheet.descriptions.get(number) or (movement.name if movement else None) or ""
        skip_loc = ("sheet", "skip_when_command", number)
        first = self.sheet.start_item + (number - 1) * self.size
        return Stage(
            loc=("sheet",),
            label=f"sheet {number}",
            description=description,
            **self._play(number),
            **common,
            instances=(Instance(),) * min(self.sheet.fan_out.get(number, 1), MAX_SHEETS + 1),
            needs=self._needs(number),
            skip_when=self.sheet.skip_when.get(number, ""),
            skip_when_loc=("sheet", "skip_when", number),
            skip_when_command=self.parts.skip_command(skip_loc, self.sheet.skip_when_command.get(number)),
            skip_when_command_loc=skip_loc,
            items=(0, 0) if self.sheet.fan_out else (first, min(first + self.size - 1, self.last)),
        )

    def _count(self) -> int:
        """Return how many sheets the items are cut into."""
        start = self.sheet.start_item
        count = -(-(self.last - start + 1) // self.size)
        if count < 1:
            self.problems.add(
                ("sheet", "start_item"), f"is larger than total_items ({self.last}), which leaves no sheets"
            )
        if self.sheet.fan_out and (self.size != 1 or start != 1):
            message = "needs size 1 and start_item 1, so that each stage is one item"
            self.problems.add(("sheet", "fan_out"), message, key=True)
        if count > MAX_SHEETS:
            self.problems.add(("sheet", "total_items"), f"makes {count} sheets, more than the limit of {MAX_SHEETS}")
        return count if count <= MAX_SHEETS else 1

    def _check_number(self, loc: Loc, number: int, *, key: bool = False) -> bool:
        if 1 <= number <= self.count:
            return True
        kind = "stage" if self.sheet.fan_out else "sheet"
        self.problems.add(loc, f"{kind} {number} does not exist; the last one is {self.count}", key=key)
        return False

    def _needs(self, number: int) -> tuple[Need, ...]:
        if not self.sheet.dependencies:
            return (Need(number - 2),) if number > 1 else ()
        found: list[Need] = []
        for position, other in enumerate(self.sheet.dependencies.get(number, [])):
            loc: Loc = ("sheet", "dependencies", number, position)
            if other == number:
                self.problems.add(loc, "a sheet cannot need itself")
            elif self._check_number(loc, other):
                found.append(Need(other - 1))
        return tuple(found)

    def _template(self) -> Template:
        prompt = self.score.prompt
        loc: Loc = ("prompt",)
        if prompt.template is not None and prompt.template_file is not None:
            self.problems.add(loc, "has both template and template_file; use only one of them")
        elif prompt.template_file is not None:
            return self.parts.template_file((*loc, "template_file"), prompt.template_file)
        elif prompt.template is None and not self.problems.under(loc):
            self.problems.add(loc, "needs template or template_file")
        return Template(prompt.template or "", (*loc, "template"))

    def _instrument_map(self) -> dict[int, tuple[str, Loc]]:
        """Return the instrument of each sheet that has its own, and where the score says so."""
        found: dict[int, tuple[str, Loc]] = {
            stage: (movement.instrument, ("movements", stage, "instrument"))
            for stage, movement in self.score.movements.items()
            if movement.instrument
        }
        mapped: set[int] = set()
        for name, numbers in self.sheet.instrument_map.items():
            for position, number in enumerate(numbers):
                loc: Loc = ("sheet", "instrument_map", name, position)
                if number in mapped or number in self.sheet.per_sheet_instruments:
                    self.problems.add(loc, f"sheet {number} has two instruments")
                self._check_number(loc, number)
                mapped.add(number)
                found[number] = name, loc
        for number, name in self.sheet.per_sheet_instruments.items():
            found[number] = name, ("sheet", "per_sheet_instruments", number)
        return found

    def _play(self, number: int) -> dict[str, Any]:
        """Return what plays a sheet, as fields of its `Stage`; the same answer is worked out once."""
        own = self.sheet.per_sheet_instrument_config.get(number)
        top = self.score.instrument or DEFAULT_INSTRUMENT
        name, loc = self.map.get(number, (top, ("instrument",)))
        asked = (loc, number if own is not None else 0)
        if asked in self.played:
            return self.played[asked]
        general = self.score.instrument_config
        if name != top:  # the other settings are for the score's instrument
            general = {key: value for key, value in general.items() if key in _EVERYWHERE}
        alias = self.score.instruments.get(name)
        layers: list[tuple[Loc, Mapping[str, Any]]] = [
            (("instrument_config",), general),
            (("instruments", name, "config"), alias.config if alias else {}),
            (("sheet", "per_sheet_instrument_config", number), own or {}),
        ]
        if alias is not None:
            name, loc = alias.profile, ("instruments", name, "profile")
        if loc == ("instrument",) and self.score.instrument is None and name not in self.parts.instruments:
            message = f"the score names no instrument, and the default, {DEFAULT_INSTRUMENT}, is not available"
            self.problems.add(loc, message, allowed=self.parts.instruments)
        elif self.parts.instrument(loc, name) in self.parts.instruments:
            for where, layer in layers:
                self.parts.config(where, name, layer, more=_EVERYWHERE)
        config = {key: value for _, layer in layers for key, value in layer.items()}
        timeout = config.pop("timeout_seconds", None)
        if timeout is None:
            timeout = self.score.backend.timeout_seconds
        elif (limit := _limit(timeout)) is None:
            where = next(where for where, layer in reversed(layers) if "timeout_seconds" in layer)
            self.problems.add((*where, "timeout_seconds"), "should be a number of seconds greater than 0")
            timeout = None
        else:
            timeout = limit
        self.played[asked] = {
            "instrument": name,
            "instrument_config": config,
            "fallbacks": self._fallbacks(Player(instrument=name, config=config)),
            "timeout_seconds": timeout,
        }
        return self.played[asked]

    def _fallbacks(self, own: Player) -> tuple[Player, ...]:
        """Return what a sheet with this instrument falls back to. A script for cli stays with it."""
        players = [own]
        for position, name in enumerate(self.score.instrument_fallbacks if own.instrument != CLI else ()):
            loc: Loc = ("instrument_fallbacks", position)
            alias = self.score.instruments.get(name, AliasBlock(profile=name))
            player = Player(instrument=alias.profile, config=alias.config)
            self.parts.fallback(loc, player, players)
            if "timeout_seconds" in alias.config:
                self.problems.add(loc, f"{name} sets a time limit, but a fallback keeps the sheet's time limit")
            elif alias.profile in self.parts.instruments:
                self.parts.config(("instruments", name, "config"), alias.profile, alias.config)
            players.append(player)
        return tuple(player for player in players[1:] if player != own)

    def _checks(self) -> tuple[Check, ...]:
        found = []
        for position, check in enumerate(self.score.validations):
            loc: Loc = ("validations", position)
            if check.type is None:
                if not self.problems.under((*loc, "type")):
                    self.problems.add(loc, "a validation needs a type", allowed=VALIDATION_TYPES)
                continue
            if check.sheet is not None and not 1 <= check.sheet <= self.total:
                self.problems.add((*loc, "sheet"), f"sheet {check.sheet} does not exist; the last one is {self.total}")
            fields = check.model_dump(exclude={"type", "condition", "sheet"})
            validation = self.parts.validation(loc, check.type, fields)
            found.append(Check(validation, loc, condition=check.condition or "", sheet=check.sheet))
        return tuple(found)


def _limit(value: Any) -> float | None:
    """Return a time limit in seconds, None if it is not one."""
    try:
        limit = float(seconds(value)) if isinstance(value, str | int | float) and not isinstance(value, bool) else 0
    except ValueError:
        return None
    return limit if limit > 0 else None
