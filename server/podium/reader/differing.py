"""Which sheets of a changed score would do something different from before."""

from collections.abc import Iterable
from operator import attrgetter
from typing import Any

from podium.errors import PodiumError
from podium.score.model.plan import Plan, PlanSheet
from podium.score.templates.render import render_script

_OF_THE_TEXT = attrgetter(
    "variables", "readings", "num", "name", "stage", "instance", "fan_count", "start_item", "end_item"
)


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
    same_template = old.templates[old_sheet.template] == new.templates[new_sheet.template]
    if same_template and _surroundings(old, old_sheet) == _surroundings(new, new_sheet):
        return True
    return _text(old, old_sheet, workspace) == _text(new, new_sheet, workspace)


def _deeds(plan: Plan, sheet: PlanSheet) -> tuple[Any, ...]:
    """Return what a sheet does and has to leave, except its text."""
    checks = [plan.validations[index] for index in sheet.validations]
    env = {**plan.env, **sheet.env}, {**plan.env_from, **sheet.env_from}, sorted(plan.env_pass)
    return sheet.player(0), sheet.strict, sheet.fallbacks, env, checks, sheet.skip_when, sheet.skip_when_command


def _surroundings(plan: Plan, sheet: PlanSheet) -> tuple[Any, ...]:
    """Return everything that a sheet's text may depend on."""
    return plan.name, plan.variables, plan.readings, len(plan.sheets), plan.total_stages, *_OF_THE_TEXT(sheet)


def _text(plan: Plan, sheet: PlanSheet, workspace: str) -> str:
    """Return the sheet's text without outputs of earlier sheets."""
    try:
        return render_script(plan, sheet, workspace=workspace, previous_outputs={})
    except PodiumError as error:
        return error.message
