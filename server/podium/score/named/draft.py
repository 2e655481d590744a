"""A named score becomes a draft: names are resolved, and each sheet's parts are checked."""

from collections.abc import Sequence
from typing import Any

from podium.score.model.draft import NOTHING_ASKED, Check, Draft, Instance, Need, Play, Stage, Template
from podium.score.model.plan import CLI, VALIDATION_TYPES, Player
from podium.score.named.fields import NamedCheck, NamedScore, NamedSheet
from podium.score.named.words import RUN_WORDS, WORDS
from podium.score.parts import PartBuilder
from podium.score.resources import ResourcesBlock, asked
from podium.score.text.document import Loc
from podium.score.text.reading import read_block
from podium.texts.interpreter import is_shell
from podium.texts.letters import all_visible
from podium.texts.written import shown

_SOURCES = ("run", "prompt", "prompt_file")
_LISTED_NAMES = 50


def read_named(data: Any, parts: PartBuilder) -> Draft:
    """Read the named dialect; everything that is wrong becomes a problem."""
    problems = parts.problems
    score = read_block(NamedScore, data, problems, WORDS)
    if not score.name and not problems.under(("name",)):
        problems.add(("name",), "the score needs a name")
    if not score.sheets and not problems.under(("sheets",)):
        problems.add(("sheets",), "needs at least one sheet")
    if score.instrument is not None:
        parts.instrument(("instrument",), score.instrument)
    if score.instrument_fallbacks and all(sheet.run is not None for sheet in score.sheets):
        problems.add(("instrument_fallbacks",), "no sheet has a prompt, so fallbacks would never be used", key=True)
    if score.strict and score.sheets and all(sheet.run is None for sheet in score.sheets):
        problems.add(("strict",), "no sheet has a script for bash, so it would have no effect", key=True)
    if score.success_requirements and score.sheets and all(sheet.run is not None for sheet in score.sheets):
        problems.add(("success_requirements",), "no sheet has a prompt, so it would have no effect", key=True)
    sheets = _Sheets(score, parts)
    sheets.note_chain()
    return Draft(
        dialect="named",
        name=score.name,
        description=score.description,
        workspace=score.workspace,
        env=parts.env(("env",), score.env),
        env_from=parts.env_from(score.env),
        env_pass=parts.env_pass(("env_pass",), score.env_pass, score.env),
        variables=parts.variables(("variables",), score.variables),
        stages=tuple(sheets.stage(index, sheet) for index, sheet in enumerate(score.sheets)),
        max_concurrent=score.parallel.max_concurrent,
        fail_fast=score.parallel.fail_fast,
        stagger_delay_ms=score.parallel.stagger_delay_ms,
        pause_between_sheets_seconds=score.pause_between_sheets_seconds,
        cross_sheet=parts.cross_sheet(score.cross_sheet),
        on_end=parts.on_end(("on_end",), score.on_end),
    )


class _Sheets:
    """Turns the sheets into stages; holds what names mean."""

    def __init__(self, score: NamedScore, parts: PartBuilder) -> None:
        self.score = score
        self.parts = parts
        self.problems = parts.problems
        self.instances = [self._instances(index, sheet) for index, sheet in enumerate(score.sheets)]
        self.names = self._names()
        self.asked = asked(("resources",), score.resources or ResourcesBlock(), NOTHING_ASKED)
        self.sequential = not any("needs" in sheet.model_fields_set for sheet in score.sheets)

    def note_chain(self) -> None:
        """Note a `max_concurrent` that nothing makes use of."""
        parallel = self.score.parallel
        wanted = "max_concurrent" in parallel.model_fields_set and parallel.max_concurrent > 1
        chain = self.sequential and len(self.instances) > 1 and all(len(each) == 1 for each in self.instances)
        if wanted and chain:
            self.problems.note(
                "the sheets run one after another, because none has needs; to run them in parallel, give one of them needs: [].",
                ("parallel", "max_concurrent"),
            )

    def stage(self, index: int, sheet: NamedSheet) -> Stage:
        loc: Loc = ("sheets", index)
        return Stage(
            loc=loc,
            label=sheet.name or f"sheet {index + 1}",
            name=sheet.name,
            description=sheet.description,
            template=self._template(loc, sheet),
            instances=self.instances[index],
            needs=self._needs(index, sheet),
            play=self._play(loc, sheet),
            env=self.parts.env((*loc, "env"), sheet.env),
            env_from=self.parts.env_from(sheet.env),
            retry=self.parts.retry((*loc, "retry"), sheet.retry),
            checks=self._checks(loc, sheet.checks),
            skip_when=sheet.skip_when,
            skip_when_loc=(*loc, "skip_when"),
            skip_when_command=self.parts.skip_command((*loc, "skip_when_command"), sheet.skip_when_command),
            skip_when_command_loc=(*loc, "skip_when_command"),
            on_lost=sheet.on_lost,
            hold=sheet.hold,
            strict=self._strict(loc, sheet),
            told=self._told(loc, sheet),
            engine=sheet.engine or self.score.engine,
            asked=asked((*loc, "resources"), sheet.resources, self.asked) if sheet.resources else self.asked,
        )

    def _play(self, loc: Loc, sheet: NamedSheet) -> Play:
        return Play(
            instrument=self._instrument(loc, sheet),
            config=self._config(loc, sheet),
            fallbacks=self._fallbacks(loc, sheet),
            timeout_seconds=sheet.timeout_seconds,
        )

    def _instances(self, index: int, sheet: NamedSheet) -> tuple[Instance, ...]:
        if sheet.foreach is None:
            return (Instance(),)
        loc: Loc = ("sheets", index, "foreach")
        ((variable, found),) = sheet.foreach.items()
        where: Loc = (*loc, variable) if isinstance(self.problems.document.at(loc), dict) else loc
        items = [self.parts.value((*where, position), item) for position, item in enumerate(found)]
        if not sheet.name and not self.problems.under(("sheets", index, "name")):
            self.problems.add(loc, "a sheet with foreach needs a name", key=True)
        if not all(0 < len(shown(item)) <= 100 and all_visible(shown(item)) for item in items):
            self.problems.add(
                loc,
                "each item becomes part of a name: use 1 to 100 characters, no control characters or invisible letters",
            )
        return tuple(Instance(f"[{shown(item)}]", {variable: item}) for item in items)

    def _names(self) -> dict[str, Need]:
        """Return what each name means: all sheets of an entry, or with `[item]` one of them."""
        names: dict[str, Need] = {}
        for index, sheet in enumerate(self.score.sheets):
            if not sheet.name:
                continue
            loc: Loc = ("sheets", index, "name")
            if sheet.name.isdecimal():
                self.problems.add(loc, "a name cannot be a number, because that refers to the sheet with that number")
            if "[" in sheet.name or "]" in sheet.name:
                self.problems.add(loc, "a name cannot contain square brackets, which mark the items of foreach")
            if sheet.name in names:
                self.problems.add(loc, f"the name {sheet.name!r} is taken by another sheet")
            names[sheet.name] = Need(index)
            items = self.instances[index] if sheet.foreach is not None else ()
            for number, instance in enumerate(items):
                label = sheet.name + instance.suffix
                if label in names:
                    self.problems.add(("sheets", index, "foreach"), f"creates sheet {label} twice")
                names[label] = Need(index, number)
        return names

    def _needs(self, index: int, sheet: NamedSheet) -> tuple[Need, ...]:
        if self.sequential:
            return (Need(index - 1),) if index else ()
        found: list[Need] = []
        for position, ref in enumerate(sheet.needs):
            loc: Loc = ("sheets", index, "needs", position)
            need = self.names.get(str(ref))
            if need is None and str(ref).isdecimal() and len(str(ref)) < 10 and 1 <= int(ref) <= len(self.instances):
                need = Need(int(ref) - 1)
            if need is None:
                known = list(self.names)
                message = f"unknown sheet {ref!r}{self.problems.near(str(ref), known)}"
                self.problems.add(loc, message, allowed=known[:_LISTED_NAMES])
            elif need.stage == index:
                self.problems.add(loc, "a sheet cannot need itself")
            else:
                found.append(need)
        return tuple(found)

    def _template(self, loc: Loc, sheet: NamedSheet) -> Template:
        given = [source for source in _SOURCES if getattr(sheet, source) is not None]
        if len(given) > 1:
            self.problems.add(loc, f"has {' and '.join(given)}; write exactly one of {', '.join(_SOURCES)}")
        if not given:
            told = any(self.problems.under((*loc, key)) for key in (*_SOURCES, *RUN_WORDS))
            if not told and not self.problems.at(loc):
                self.problems.add(loc, f"needs one of {', '.join(_SOURCES)}")
            return Template("", loc)
        source, text = (*loc, given[0]), getattr(sheet, given[0])
        template = self.parts.template_file(source, text) if given[0] == "prompt_file" else Template(text, source)
        if not template.text.strip() and not self.problems.at(source):
            self.problems.add(source, "is empty")
        return template

    def _instrument(self, loc: Loc, sheet: NamedSheet) -> str:
        if sheet.run is not None or (sheet.prompt is None and sheet.prompt_file is None):
            if sheet.instrument not in {None, CLI}:
                self.problems.add((*loc, "instrument"), "run is a script for cli; an agent instrument takes a prompt")
            return CLI
        agents = self.parts.instruments - {CLI}
        if sheet.instrument is None and self.score.instrument is None:
            self.problems.add(loc, "a prompt needs an instrument: the agent that runs it", allowed=agents)
            return CLI
        name = sheet.instrument or self.score.instrument or CLI
        where: Loc = (*loc, "instrument") if sheet.instrument is not None else ("instrument",)
        if name == CLI:
            self.problems.add(where, "a prompt needs an agent instrument; for a cli script, use run", allowed=agents)
            return CLI
        return self.parts.instrument(where, name)

    def _strict(self, loc: Loc, sheet: NamedSheet) -> bool:
        """Return whether bash plays the script strictly. A script with a `#!` line is not played by bash."""
        if sheet.run is None:
            if sheet.strict:
                self.problems.add((*loc, "strict"), "is for run, a script; a prompt has no commands", key=True)
            return False
        if not sheet.run.startswith("#!"):
            return self.score.strict if sheet.strict is None else sheet.strict
        if sheet.strict:
            message = "the #! line says what plays this script, so strict has no effect; write it there, such as #!/bin/bash -eu"
            self.problems.add((*loc, "strict"), message, key=True)
        elif self.score.strict and sheet.strict is None and is_shell(sheet.run):
            message = "strict has no effect on a script with a #! line; leave the line out, or write #!/bin/bash -eu."
            self.problems.note(message, (*loc, "run"))
        return False

    def _told(self, loc: Loc, sheet: NamedSheet) -> bool:
        """Return whether the prompt says where the agent is and what is checked."""
        if sheet.run is not None and sheet.success_requirements:
            self.problems.add((*loc, "success_requirements"), "is for a prompt; a script is told nothing", key=True)
        return self.score.success_requirements if sheet.success_requirements is None else sheet.success_requirements

    def _fallbacks(self, loc: Loc, sheet: NamedSheet) -> tuple[Player, ...]:
        """Return what the sheet falls back to: its own list, else the score's without its instrument."""
        where: Loc = (*loc, "instrument_fallbacks")
        names = sheet.instrument_fallbacks
        if sheet.run is not None:
            if names:
                self.problems.add(where, "run is a script for cli, which has no fallbacks", key=True)
            return ()
        if names is None:
            names, where = self.score.instrument_fallbacks, ("instrument_fallbacks",)
        players = [Player(instrument=sheet.instrument or self.score.instrument or CLI)]
        for position, name in enumerate(names):
            player = Player(instrument=name)
            self.parts.fallback((*where, position), player, players)
            players.append(player)
        return tuple(player for player in players[1:] if player != players[0])

    def _config(self, loc: Loc, sheet: NamedSheet) -> dict[str, Any]:
        where: Loc = (*loc, "instrument_config")
        if sheet.run is not None and sheet.instrument_config:
            self.problems.add(where, "cli has no settings", key=True)
        if "timeout_seconds" in sheet.instrument_config:
            message = "belongs on the sheet itself; set timeout_seconds there"
            self.problems.add((*where, "timeout_seconds"), message, key=True)
        elif sheet.run is None:
            name = sheet.instrument or self.score.instrument or CLI
            if name in self.parts.instruments:
                settings = self.parts.settings(name)
                config = settings.read(where, sheet.instrument_config)
                settings.check_together(config, {key: (*where, key) for key in config})
                return config
        return sheet.instrument_config

    def _checks(self, loc: Loc, checks: Sequence[NamedCheck]) -> tuple[Check, ...]:
        found = []
        for position, check in enumerate(checks):
            where: Loc = (*loc, "validate", position)
            kinds = [kind for kind in VALIDATION_TYPES if getattr(check, kind) is not None]
            if len(kinds) == 1:
                block, at = getattr(check, kinds[0]), (*where, kinds[0])
                validation = self.parts.validation(at, kinds[0], block.model_dump(exclude={"condition"}))
                found.append(Check(validation, at, condition=block.condition))
            elif not self.problems.under(where):
                self.problems.add(where, "should be one validation, {type: value}", allowed=VALIDATION_TYPES)
        return tuple(found)
