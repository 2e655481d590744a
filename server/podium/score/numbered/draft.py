"""A numbered score becomes a draft: items are cut into sheets, and what is said of single sheets finds its sheet.

With `fan_out` the keys of the maps under `sheet` are stages, as they are in `dependencies`. A stage that needs another waits
for all of its sheets.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from podium.score.blocks import MAX_SHEETS
from podium.score.model.draft import Check, Draft, Instance, Need, Stage, Template
from podium.score.model.plan import CLI, CrossSheet, Player
from podium.score.numbered.fields import UNSUPPORTED, AliasBlock, NumberedCheck, NumberedScore
from podium.score.parts import VALIDATION_TYPES, PartBuilder
from podium.score.text.document import Loc
from podium.score.text.reading import Words, read_block

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


def read_numbered(data: Any, parts: PartBuilder, path: Path | None) -> Draft:
    """Read the numbered dialect; everything that is wrong becomes a problem."""
    score = read_block(NumberedScore, data, parts.problems, Words(unsupported=UNSUPPORTED))
    _require(score, data, parts)
    parallel, stages = score.parallel, tuple(_Stages(score, parts).stages())
    return Draft(
        dialect="numbered",
        name=score.name or (path.stem if path else "score"),
        description=score.description or "",
        workspace=score.workspace,
        variables=score.prompt.variables,
        variables_loc=("prompt", "variables"),
        stages=stages,
        max_concurrent=parallel.max_concurrent if parallel.enabled else 1,
        fail_fast=parallel.enabled and parallel.fail_fast,
        stagger_delay_ms=parallel.stagger_delay_ms,
        pause_between_sheets_seconds=score.pause_between_sheets_seconds,
        default_timeout_seconds=DEFAULT_TIMEOUT_SECONDS,
        cross_sheet=CrossSheet(**score.cross_sheet.model_dump()) if score.cross_sheet else None,
        warnings=_warnings(score) if len(stages) > 1 else (),
    )


def _warnings(score: NumberedScore) -> tuple[str, ...]:
    """Return the warning of a `parallel` that nothing makes use of."""
    sheet = score.sheet
    if not score.parallel.enabled or sheet.dependencies or any(count > 1 for count in sheet.fan_out.values()):
        return ()
    return (
        "The sheets run one after another, because none has dependencies; sheet.dependencies: {1: []} lets all run at once.",
    )


def _require(score: NumberedScore, data: Mapping[str, Any], parts: PartBuilder) -> None:
    """Note what is missing, and what contradicts."""
    problems = parts.problems
    for key in ("name", "prompt"):
        if key not in data:
            problems.add((key,), f"the score needs {key}")
    for key in ("size", "total_items"):
        if getattr(score.sheet, key) is None and not problems.under(("sheet",)):
            problems.add(("sheet", key), f"sheet needs {key}")
    if score.backend.type not in {None, _DEFAULT_BACKEND} or (score.backend.type and score.instrument):
        problems.add(("backend", "type"), "not supported: name the instrument with instrument", key=True)
    for stage, movement in score.movements.items():
        if movement.voices not in {None, 1}:
            problems.add(("movements", stage, "voices"), "not supported: use sheet.fan_out", key=True)


@dataclass(frozen=True)
class _Played:
    """An instrument with its settings and time limit."""

    instrument: str
    config: dict[str, Any]
    timeout_seconds: float | None
    fallbacks: tuple[Player, ...]


class _Stages:
    """Turns the sheets, or with fan-out the stages, into stages of the draft."""

    def __init__(self, score: NumberedScore, parts: PartBuilder) -> None:
        self.score = score
        self.sheet = score.sheet
        self.parts = parts
        self.problems = parts.problems
        self.count = self._count()
        self.map = self._instrument_map()
        self.played: dict[tuple[Any, ...], _Played] = {}

    def stages(self) -> list[Stage]:
        """Return the stages; an empty list when their number is wrong."""
        self._check_keys()
        self._check_total()
        template = self._template()
        retry = self.parts.retry(("retry",), self.score.retry)
        checks = tuple(self._checks())
        fan = {number: (Instance(),) * min(count, MAX_SHEETS + 1) for number, count in self.sheet.fan_out.items()}
        common = {"template": template, "retry": retry, "checks": checks}
        stages = [self._stage(number, fan.get(number, (Instance(),)), common) for number in range(1, self.count + 1)]
        if self.score.instrument_fallbacks and all(stage.instrument == CLI for stage in stages):
            self.problems.add(
                ("instrument_fallbacks",), "every sheet is a script for cli, which has no fallbacks", key=True
            )
        return stages

    def _stage(self, number: int, instances: tuple[Instance, ...], common: dict[str, Any]) -> Stage:
        played = self._play(number)
        movement = self.score.movements.get(number)
        description = self.sheet.descriptions.get(number) or (movement.name if movement else None) or ""
        return Stage(
            loc=("sheet",),
            label=f"sheet {number}",
            description=description,
            instances=instances,
            needs=self._needs(number),
            instrument=played.instrument,
            instrument_config=played.config,
            fallbacks=played.fallbacks,
            timeout_seconds=played.timeout_seconds,
            skip_when=self.sheet.skip_when.get(number, ""),
            skip_when_loc=("sheet", "skip_when", number),
            skip_when_command=self.parts.skip_command(
                ("sheet", "skip_when_command", number), self.sheet.skip_when_command.get(number)
            ),
            skip_when_command_loc=("sheet", "skip_when_command", number),
            items=self._items(number) if not self.sheet.fan_out else (0, 0),
            **common,
        )

    def _count(self) -> int:
        """Return how many sheets the items are cut into."""
        size, total, start = self.sheet.size or 1, self.sheet.total_items or 1, self.sheet.start_item
        count = -(-(total - start + 1) // size)
        if count < 1:
            self.problems.add(("sheet", "start_item"), f"is larger than total_items ({total}), which leaves no sheet")
        if self.sheet.fan_out and (size != 1 or start != 1):
            self.problems.add(
                ("sheet", "fan_out"), "needs size 1 and start_item 1, so that a stage is one item", key=True
            )
        if count > MAX_SHEETS:
            self.problems.add(("sheet", "total_items"), f"makes {count} sheets, more than the limit of {MAX_SHEETS}")
        return count if count <= MAX_SHEETS else 1

    def _check_keys(self) -> None:
        for name in _SHEET_MAPS:
            for number in getattr(self.sheet, name):
                self._check_number(("sheet", name, number), number, key=True)
        for number in self.score.movements:
            self._check_number(("movements", number), number, key=True)

    def _check_number(self, loc: Loc, number: int, *, key: bool = False) -> bool:
        if 1 <= number <= self.count:
            return True
        kind = "stage" if self.sheet.fan_out else "sheet"
        self.problems.add(loc, f"{kind} {number} does not exist; the last one is {self.count}", key=key)
        return False

    def _check_total(self) -> None:
        total = self.count + sum(count - 1 for count in self.sheet.fan_out.values())
        if self.sheet.total_sheets not in {None, total}:
            self.problems.add(("sheet", "total_sheets"), f"should be {total}, the number of sheets")

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

    def _items(self, number: int) -> tuple[int, int]:
        size, total = self.sheet.size or 1, self.sheet.total_items or 1
        first = self.sheet.start_item + (number - 1) * size
        return first, min(first + size - 1, total)

    def _template(self) -> Template:
        prompt = self.score.prompt
        loc: Loc = ("prompt",)
        if prompt.template is not None and prompt.template_file is not None:
            self.problems.add(loc, "has template and template_file; write only one of them")
        elif prompt.template_file is not None:
            return self.parts.template_file((*loc, "template_file"), prompt.template_file)
        elif prompt.template is None and not self.problems.under(loc):
            self.problems.add(loc, "needs template or template_file")
        return Template(prompt.template or "", (*loc, "template"))

    def _instrument_map(self) -> dict[int, tuple[str, Loc]]:
        """Return which sheet has an instrument of its own, and where that is said."""
        found: dict[int, tuple[str, Loc]] = {}
        for stage, movement in self.score.movements.items():
            if movement.instrument:
                found[stage] = movement.instrument, ("movements", stage, "instrument")
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

    def _play(self, number: int) -> _Played:
        """Return what plays a sheet; the same answer is worked out once."""
        own = self.sheet.per_sheet_instrument_config.get(number)
        key = (*self.map.get(number, ("", ())), number if own is not None else 0)
        if key not in self.played:
            self.played[key] = self._work_out_play(number, own or {})
        return self.played[key]

    def _work_out_play(self, number: int, own: Mapping[str, Any]) -> _Played:
        top = self.score.instrument or DEFAULT_INSTRUMENT
        name, loc = self.map.get(number, (top, ("instrument",)))
        alias = self.score.instruments.get(name)
        layers: list[tuple[Loc, Mapping[str, Any]]] = [
            (("instrument_config",), _of_instrument(self.score.instrument_config, same=name == top)),
            (("instruments", name, "config"), alias.config if alias else {}),
            (("sheet", "per_sheet_instrument_config", number), own),
        ]
        if alias is not None:
            name, loc = alias.profile, ("instruments", name, "profile")
        if self._known(loc, name):
            for where, layer in layers:
                self.parts.config(where, name, layer, more=_EVERYWHERE)
        config = {key: value for _, layer in layers for key, value in layer.items()}
        timeout = self._timeout(layers, config.pop("timeout_seconds", None))
        return _Played(name, config, timeout, self._fallbacks(Player(instrument=name, config=config)))

    def _fallbacks(self, own: Player) -> tuple[Player, ...]:
        """Return what a sheet with this instrument falls back to. A script for cli stays with it."""
        players = [own]
        for position, name in enumerate(self.score.instrument_fallbacks if own.instrument != CLI else ()):
            loc: Loc = ("instrument_fallbacks", position)
            alias = self.score.instruments.get(name, AliasBlock(profile=name))
            player = Player(instrument=alias.profile, config=alias.config)
            self.parts.fallback(loc, player, players)
            if "timeout_seconds" in alias.config:
                self.problems.add(loc, f"{name} sets a time limit, but a fallback keeps the sheet's")
            elif alias.profile in self.parts.instruments:
                self.parts.config(("instruments", name, "config"), alias.profile, alias.config)
            players.append(player)
        return tuple(player for player in players[1:] if player != own)

    def _known(self, loc: Loc, name: str) -> bool:
        if loc == ("instrument",) and self.score.instrument is None and name not in self.parts.instruments:
            message = f"the score names no instrument, and the default, {DEFAULT_INSTRUMENT}, is not available"
            self.problems.add(loc, message, allowed=self.parts.instruments)
            return False
        return self.parts.instrument(loc, name) in self.parts.instruments

    def _timeout(self, layers: list[tuple[Loc, Mapping[str, Any]]], value: Any) -> float | None:
        if value is None:
            return self.score.backend.timeout_seconds
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
            return float(value)
        loc = next(loc for loc, layer in reversed(layers) if "timeout_seconds" in layer)
        self.problems.add((*loc, "timeout_seconds"), "should be a number of seconds, more than 0")
        return None

    def _checks(self) -> list[Check]:
        found = [self._check(("validations", position), check) for position, check in enumerate(self.score.validations)]
        return [check for check in found if check is not None]

    def _check(self, loc: Loc, check: NumberedCheck) -> Check | None:
        if check.type is None:
            if not self.problems.under((*loc, "type")):
                self.problems.add(loc, "a validation needs type", allowed=VALIDATION_TYPES)
            return None
        total = self.count + sum(count - 1 for count in self.sheet.fan_out.values())
        if check.sheet is not None and not 1 <= check.sheet <= total:
            self.problems.add((*loc, "sheet"), f"sheet {check.sheet} does not exist; the last one is {total}")
        fields = check.model_dump(exclude={"type", "condition", "sheet"})
        validation = self.parts.validation(loc, check.type, fields)
        return Check(validation, loc, condition=check.condition or "", sheet=check.sheet)


def _of_instrument(config: Mapping[str, Any], *, same: bool) -> Mapping[str, Any]:
    """Return the top settings for a sheet: all for the top instrument, only the time limit for another one."""
    return config if same else {key: value for key, value in config.items() if key == "timeout_seconds"}
