"""A draft becomes a plan: entries fan out into numbered sheets, and what sheets share is kept once."""

from collections.abc import Hashable
from typing import Any, Generic, TypeVar

from podium.score.blocks import MAX_SHEETS
from podium.score.model.draft import Draft, Need, Stage
from podium.score.model.graph import cycles
from podium.score.model.plan import Plan, PlanSheet, Retry, Validation
from podium.score.text.problems import Problems

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


def check_graph(stages: tuple[Stage, ...], problems: Problems) -> None:
    """Note each cycle at the entry where it begins, with its way."""
    for cycle in cycles([[need.stage for need in stage.needs] for stage in stages]):
        labels = [stages[node].label for node in cycle]
        if len(labels) > _CYCLE_LISTED:
            labels = [*labels[: _CYCLE_LISTED - 1], "…", labels[-1]]
        stage = stages[cycle[0]]
        key = "needs" if stage.loc[0] == "sheets" else "dependencies"
        problems.add((*stage.loc, key), f"the sheets wait for each other: {' needs '.join(labels)}", key=True)


def assemble(draft: Draft, workspace: str | None, variables: dict[str, Any], problems: Problems) -> Plan | None:
    """Return the plan without its validations, or None when there are too many sheets or needs to make one."""
    firsts, total = _number(draft.stages)
    for message in (too_many := _too_many(draft.stages, total)):
        problems.add(draft.stages[0].loc[:1], message, key=True)
    if too_many:
        return None
    templates, retries = _Table[str](), _Table[Retry]()
    retries.index(Retry())
    sheets = [
        sheet
        for index, stage in enumerate(draft.stages)
        for sheet in _sheets(
            index, draft.stages, firsts, templates.index(stage.template.text), retries.index(stage.retry)
        )
    ]
    return Plan(
        name=draft.name,
        description=draft.description,
        dialect=draft.dialect,
        workspace=workspace,
        env=dict(draft.env),
        variables=variables,
        templates=templates.values(),
        retries=retries.values(),
        validations=_validations(draft.stages),
        sheets=tuple(sheets),
        total_stages=len(draft.stages),
        max_concurrent=draft.max_concurrent,
        fail_fast=draft.fail_fast,
        stagger_delay_ms=draft.stagger_delay_ms,
        pause_between_sheets_seconds=draft.pause_between_sheets_seconds,
        default_timeout_seconds=draft.default_timeout_seconds,
        cross_sheet=draft.cross_sheet,
    )


def _too_many(stages: tuple[Stage, ...], total: int) -> list[str]:
    """Return what there is more of than a plan can hold."""
    needs = sum(_count_needs(stage, stages) for stage in stages)
    checks = sum(len(stage.checks) * len(stage.instances) for stage in stages)
    counted = (
        (total, MAX_SHEETS, "the score makes more than {most} sheets, which is the limit"),
        (
            needs,
            MAX_NEEDS,
            "the sheets have {count} dependencies, more than the limit of {most}; put a sheet between them",
        ),
        (checks, MAX_CHECKS, "the sheets have {count} validations in total, more than the limit of {most}"),
    )
    return [message.format(count=count, most=most) for count, most, message in counted if count > most]


def _number(stages: tuple[Stage, ...]) -> tuple[list[int], int]:
    """Return the number of each entry's first sheet, and how many sheets there are."""
    firsts, following = [], 1
    for stage in stages:
        firsts.append(following)
        following += len(stage.instances)
    return firsts, following - 1


def _count_needs(stage: Stage, stages: tuple[Stage, ...]) -> int:
    each = sum(1 if need.instance is not None else len(stages[need.stage].instances) for need in stage.needs)
    return each * len(stage.instances)


def _needed(need: Need, stages: tuple[Stage, ...], firsts: list[int]) -> range:
    first = firsts[need.stage]
    if need.instance is not None:
        return range(first + need.instance, first + need.instance + 1)
    return range(first, first + len(stages[need.stage].instances))


def _sheets(index: int, stages: tuple[Stage, ...], firsts: list[int], template: int, retry: int) -> list[PlanSheet]:
    stage = stages[index]
    needs = tuple(sorted({num for need in stage.needs for num in _needed(need, stages, firsts)}))
    common: dict[str, Any] = {
        "description": stage.description,
        "instrument": stage.instrument,
        "instrument_config": dict(stage.instrument_config),
        "fallbacks": stage.fallbacks,
        "template": template,
        "needs": needs,
        "env": dict(stage.env),
        "timeout_seconds": stage.timeout_seconds,
        "retry": retry,
        "skip_when": stage.skip_when,
        "skip_when_command": stage.skip_when_command,
        "on_lost": stage.on_lost,
        "stage": index + 1,
        "fan_count": len(stage.instances),
        "start_item": stage.items[0],
        "end_item": stage.items[1],
    }
    return [
        PlanSheet(
            num=firsts[index] + position,
            name=stage.name + instance.suffix,
            variables=dict(instance.variables),
            instance=position + 1,
            **common,
        )
        for position, instance in enumerate(stage.instances)
    ]


def _validations(stages: tuple[Stage, ...]) -> tuple[Validation, ...]:
    table = _Table[Validation]()
    for checks in {id(stage.checks): stage.checks for stage in stages}.values():
        for check in checks:
            table.index(check.validation)
    return table.values()
