"""A draft becomes a plan: entries fan out into numbered sheets, and what sheets share is kept once."""

from collections.abc import Hashable, Iterable
from itertools import accumulate
from typing import Any, Generic, TypeVar

from podium.contract.secrets.beside import without_named_secrets
from podium.score.hooks import end_script, seconds_of
from podium.score.model.draft import Draft, Stage
from podium.score.model.graph import cycles
from podium.score.model.plan import (
    CLI,
    MAX_SHEETS,
    EngineName,
    Injection,
    Plan,
    PlanSheet,
    Resources,
    Retry,
    Validation,
)
from podium.score.text.problems import Problems
from podium.texts.readings import readings_of

MAX_NEEDS = 500_000  # pairs of a sheet and one that it needs
MAX_CHECKS = 500_000  # pairs of a sheet and a validation that may apply to it
_CYCLE_LISTED = 20

H = TypeVar("H", bound=Hashable)


class _Table(Generic[H]):
    """Values by their index, each once."""

    def __init__(self) -> None:
        self.indexes: dict[H, int] = {}
        self.seen: dict[int, int] = {}  # by identity: hashing the same object 10,000 times would take long

    def index(self, value: H) -> int:
        if id(value) not in self.seen:
            self.seen[id(value)] = self.indexes.setdefault(value, len(self.indexes))
        return self.seen[id(value)]

    def values(self) -> tuple[H, ...]:
        return tuple(self.indexes)


class _Tables:
    """What sheets share, each thing once. What is at index 0 needs no word in a sheet."""

    def __init__(self, stages: Iterable[Stage]) -> None:
        self.templates, self.retries, self.validations = _Table[str](), _Table[Retry](), _Table[Validation]()
        self.injections, self.resources = _Table[Injection](), _Table[Resources]()
        self.retries.index(Retry())
        self.resources.index(Resources())
        for checks in {id(stage.checks): stage.checks for stage in stages}.values():
            for check in checks:
                self.validations.index(check.validation)


def check_graph(stages: tuple[Stage, ...], problems: Problems) -> None:
    """Note each cycle at the entry where it begins, with the path around it."""
    for cycle in cycles([[need.stage for need in stage.needs] for stage in stages]):
        labels = [stages[node].label for node in cycle]
        if len(labels) > _CYCLE_LISTED:
            labels = [*labels[: _CYCLE_LISTED - 1], "…", labels[-1]]
        stage = stages[cycle[0]]
        key = "needs" if stage.loc[0] == "sheets" else "dependencies"
        problems.add((*stage.loc, key), f"the sheets wait for each other: {' needs '.join(labels)}", key=True)


def assemble(
    draft: Draft, workspace: str | None, variables: dict[str, Any], problems: Problems, engine: EngineName = "local"
) -> Plan | None:
    """Return the plan, whose sheets have no validations yet, or None if there are too many sheets or needs to make one.

    `engine` is that of the sheets for which the score says none.
    """
    stages = draft.stages
    # The number of each entry's first sheet, and the one after the last sheet of all.
    *firsts, end = accumulate((len(stage.instances) for stage in stages), initial=1)
    if not _fits(stages, end - 1, problems):
        return None
    tables = _Tables(stages)
    sheets = [sheet for index in range(len(stages)) for sheet in _sheets(index, stages, firsts, tables, engine)]
    return Plan(
        name=draft.name,
        description=without_named_secrets(draft.description),
        dialect=draft.dialect,
        workspace=workspace,
        env=dict(draft.env),
        env_from=dict(draft.env_from),
        env_pass=draft.env_pass,
        variables=variables,
        readings=readings_of(variables, numbers=draft.dialect == "numbered"),
        templates=tables.templates.values(),
        retries=tables.retries.values(),
        validations=tables.validations.values(),
        injections=tables.injections.values(),
        resources=tables.resources.values(),
        sheets=tuple(sheets),
        total_stages=len(stages),
        max_concurrent=draft.max_concurrent,
        fail_fast=draft.fail_fast,
        stagger_delay_ms=draft.stagger_delay_ms,
        pause_between_sheets_seconds=draft.pause_between_sheets_seconds,
        default_timeout_seconds=draft.default_timeout_seconds,
        cross_sheet=draft.cross_sheet,
        on_end=end_script(draft.on_success, draft.on_end, sheets=len(sheets)),
        on_end_seconds=seconds_of(draft.on_success),
        stakes=draft.stakes,
        thinking_method=draft.thinking_method,
        rate_limit=draft.rate_limit,
        cost_limits=draft.cost_limits,
        stale_seconds=draft.stale_seconds,
    )


def _fits(stages: tuple[Stage, ...], total: int, problems: Problems) -> bool:
    """Return whether a plan can hold the entries and their `total` sheets; note what there is too much of."""
    needs = checks = 0
    for stage in stages:
        each = sum(
            1 if need.matched or need.instance is not None else len(stages[need.stage].instances)
            for need in stage.needs
        )
        needs += each * len(stage.instances)
        checks += len(stage.checks) * len(stage.instances)
    too_many = []
    if total > MAX_SHEETS:
        too_many.append(f"the score makes more sheets than the limit of {MAX_SHEETS}")
    if needs > MAX_NEEDS:
        too_many.append(
            f"the sheets have {needs} dependencies, more than the limit of {MAX_NEEDS}; reduce them with an intermediate sheet"
        )
    if checks > MAX_CHECKS:
        too_many.append(f"the sheets have {checks} validations in total, more than the limit of {MAX_CHECKS}")
    for message in too_many:
        problems.add(stages[0].loc[:1], message, key=True)
    return not too_many


def _sheets(
    index: int, stages: tuple[Stage, ...], firsts: list[int], tables: _Tables, engine: EngineName
) -> list[PlanSheet]:
    """Return the sheets of one entry."""
    stage = stages[index]
    needed: set[int] = set()
    for need in stage.needs:
        nums = range(firsts[need.stage], firsts[need.stage] + len(stages[need.stage].instances))
        if not need.matched:
            needed.update(nums if need.instance is None else [nums[need.instance]])
    matched = [firsts[need.stage] for need in stage.needs if need.matched]
    needs = tuple(sorted(needed))
    template, retry = tables.templates.index(stage.template.text), tables.retries.index(stage.retry)
    resources, injections = tables.resources.index(stage.asked.resources), tables.injections
    return [
        PlanSheet(
            num=firsts[index] + position,
            name=stage.name + instance.suffix,
            description=without_named_secrets(instance.description or stage.description),  # it is only shown
            instrument=play.instrument,
            instrument_config=dict(play.config),
            fallbacks=play.fallbacks,
            template=template,
            variables=dict(instance.variables),
            readings=readings_of(instance.variables, numbers=False),  # only named scores have them
            needs=tuple(sorted({*needed, *(first + position for first in matched)})) if matched else needs,
            env=dict(stage.env),
            env_from=dict(stage.env_from),
            timeout_seconds=play.timeout_seconds,
            retry=retry,
            skip_when=stage.skip_when,
            skip_when_command=stage.skip_when_command,
            on_lost=stage.on_lost,
            hold=stage.hold,
            injections=tuple(injections.index(each.injection) for each in instance.inserted if play.instrument != CLI),
            told=stage.told and play.instrument != CLI,
            strict=stage.strict,
            engine=stage.engine or engine,
            resources=resources,
            stage=index + 1,
            instance=position + 1,
            fan_count=len(stage.instances),
            start_item=stage.items[0],
            end_item=stage.items[1],
        )
        for position, (instance, play) in enumerate(zip(stage.instances, stage.plays, strict=True))
    ]
