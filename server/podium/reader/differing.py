"""What a changed score changes: which sheets would do something different from before, and which settings differ."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from operator import attrgetter
from typing import Any, NamedTuple

from podium.errors import PodiumError
from podium.reader.prompting import path_of
from podium.score.model.plan import Plan, PlanSheet
from podium.score.templates.render import render_text, variables_of

_OF_THE_TEXT = attrgetter(
    "variables", "readings", "num", "name", "stage", "instance", "fan_count", "start_item", "end_item"
)

_PLAN_SETTINGS: dict[str, tuple[str, ...]] = {
    "name": ("name",),
    "description": ("description",),
    "env": ("env", "env_from", "env_pass"),
    "variables": ("variables", "readings"),
    "parallel": ("max_concurrent", "fail_fast", "stagger_delay_ms"),
    "pause_between_sheets_seconds": ("pause_between_sheets_seconds",),
    "timeout_seconds": ("default_timeout_seconds",),
    "cross_sheet": ("cross_sheet",),
    "on_end": ("on_end", "on_end_seconds"),
    "prompt": ("stakes", "thinking_method"),
    "rate_limit": ("rate_limit",),
    "cost_limits": ("cost_limits",),
    "stale_detection": ("stale_seconds",),
    "instruments": ("profiles",),
}
"""Settings of the whole score, as it calls them, and the members of the plan that hold them."""

_NO_SETTINGS = {
    # what sheets say of themselves
    "templates", "retries", "validations", "injections", "resources", "sheets", "total_stages",
    # the same for every score of a job, or about the text alone
    "version", "dialect", "workspace", "folder", "started_with", "warnings",
}  # fmt: skip
"""The other members of a plan."""

_IN_DEEDS_OR_TEXT = {
    "num", "name", "instrument", "instrument_config", "fallbacks", "template", "variables", "readings", "env", "env_from",
    "validations", "skip_when", "skip_asks", "skip_when_command", "uses_previous_outputs", "stage", "instance", "fan_count",
    "strict", "start_item", "end_item", "injections", "told",
}  # fmt: skip
"""Members of a sheet that are compared otherwise, or follow from others."""

_SHEET_SETTINGS = tuple(
    each.name for each in fields(PlanSheet) if each.name not in {*_IN_DEEDS_OR_TEXT, "needs", "retry", "resources"}
)
"""The rest: how long it may take, what happens when it fails, and whatever a later version adds."""


class Tuned(NamedTuple):
    """What differs in settings: the sheets of the new plan, and the settings, of the score or of any sheet in both."""

    sheets: tuple[int, ...]
    settings: tuple[str, ...]


def tuned(old: Plan, new: Plan, pairs: Iterable[tuple[int, int]]) -> Tuned:
    """Return which settings differ, and of which sheets; `pairs` are as in `differing`."""
    known = dict(pairs)
    found = {name: None for name, members in _PLAN_SETTINGS.items() if _differ(old, new, members)}
    sheets = []
    for num, to in known.items():
        if names := list(_tuned(old, old.sheet(num), new, new.sheet(to), known)):
            sheets.append(to)
            found.update(dict.fromkeys(names))
    return Tuned(tuple(sheets), tuple(found))


def _differ(old: Any, new: Any, members: Iterable[str]) -> bool:
    return any(getattr(old, name) != getattr(new, name) for name in members)


def _tuned(old: Plan, before: PlanSheet, new: Plan, after: PlanSheet, known: Mapping[int, int]) -> Iterator[str]:
    """Yield the settings in which a sheet differs. A need is the same if it is the same sheet, whatever its number."""
    if {known.get(num, -num) for num in before.needs} != set(after.needs):
        yield "needs"
    if old.retries[before.retry] != new.retries[after.retry]:
        yield "retry"
    if old.resources[before.resources] != new.resources[after.resources]:
        yield "resources"
    for name in _SHEET_SETTINGS:
        if getattr(before, name) != getattr(after, name):
            yield name


def differing(old: Plan, new: Plan, pairs: Iterable[tuple[int, int]], workspace: str) -> tuple[int, ...]:
    """Return the sheets of the new plan that the old plan has with another text, instrument, environment or check.

    `pairs` are the sheets to compare, of the old plan and of the new one; `workspace` is the job's, the same for both.
    """
    found = ((old.sheet(num), new.sheet(to)) for num, to in pairs)
    return tuple(after.num for before, after in found if not _same(old, before, new, after, workspace))


def _same(old: Plan, old_sheet: PlanSheet, new: Plan, new_sheet: PlanSheet, workspace: str) -> bool:
    """Compare what is cheap to compare; render the texts only if a variable or the sheet's place differs."""
    if _deeds(old, old_sheet) != _deeds(new, new_sheet):
        return False
    same = _sources(old, old_sheet) == _sources(new, new_sheet)
    if same and _surroundings(old, old_sheet) == _surroundings(new, new_sheet):
        return True
    return _text(old, old_sheet, workspace) == _text(new, new_sheet, workspace)


def _deeds(plan: Plan, sheet: PlanSheet) -> tuple[Any, ...]:
    """Return what a sheet does and has to leave, except its text."""
    checks = [plan.validations[index] for index in sheet.validations]
    env = {**plan.env, **sheet.env}, {**plan.env_from, **sheet.env_from}, sorted(plan.env_pass)
    return sheet.player(0), sheet.strict, sheet.fallbacks, env, checks, sheet.skip_when, sheet.skip_when_command


def _sources(plan: Plan, sheet: PlanSheet) -> tuple[Any, ...]:
    """Return what a sheet's text is made of. Its number, and how many there are, make no other prompt."""
    return plan.templates[sheet.template], sheet.told, [plan.injections[index] for index in sheet.injections]


def _surroundings(plan: Plan, sheet: PlanSheet) -> tuple[Any, ...]:
    """Return everything that a sheet's text may depend on."""
    texts = plan.name, plan.stakes, plan.thinking_method
    return *texts, plan.variables, plan.readings, len(plan.sheets), plan.total_stages, *_OF_THE_TEXT(sheet)


def _text(plan: Plan, sheet: PlanSheet, workspace: str) -> tuple[Any, ...]:
    """Return the sheet's text without outputs of earlier sheets, and what is put beside it, of files their paths."""
    variables = variables_of(plan, sheet, workspace=workspace, previous_outputs={})
    inserted = [plan.injections[index] for index in sheet.injections]
    try:
        beside = [(each.kind, each.text, each.file and path_of(each, variables, sheet.label)) for each in inserted]
        return render_text(plan.templates[sheet.template], variables, sheet.label), sheet.told, beside
    except PodiumError as error:
        return (error.message,)
