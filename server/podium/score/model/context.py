"""What a sheet's template and its validations' fields see, and those fields filled in. Nothing here renders a template."""

import re
from collections.abc import Mapping
from typing import Any

from podium.score.model.plan import Plan, PlanSheet
from podium.texts.written import shown

CORE_NAMES = frozenset({
    "sheet_num", "total_sheets", "start_item", "end_item", "workspace", "stage", "instance", "fan_count",
    "total_stages", "movement", "voice", "total_movements", "previous_outputs",
})  # fmt: skip
"""Names that a score's variables cannot take. `name`, `job_name` and `item` can be taken: they are this project's own."""

_FIELD = re.compile(r"(?<![$\{])\{([A-Za-z_]\w*)\}(?!\})")
_DOUBLE = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}")


_TAGS = ("{{", "{%", "{#")


def constant(text: str) -> str | None:
    """Return what a template without any tag makes, None for one that has to be rendered."""
    return None if any(tag in text for tag in _TAGS) else text.replace("\r\n", "\n").replace("\r", "\n")


def previous_sheets(plan: Plan, sheet: PlanSheet) -> range:
    """Return the numbers of the sheets whose output `previous_outputs` holds for this sheet."""
    if plan.cross_sheet is None or not plan.cross_sheet.auto_capture_stdout:
        return range(0)
    return range(max(1, sheet.num - plan.cross_sheet.lookback_sheets), sheet.num)


def template_variables(
    plan: Plan, sheet: PlanSheet, *, workspace: str, previous_outputs: Mapping[int, str]
) -> dict[str, Any]:
    """Return every name that a template of this sheet can use.

    `previous_outputs` there has exactly the sheets of `previous_sheets`, each with the end of its output, "" if it has none.
    """
    stage = sheet.stage or sheet.num
    stages = plan.total_stages or len(plan.sheets)
    limit = plan.cross_sheet.max_output_chars if plan.cross_sheet else 0
    return {
        "job_name": plan.name,
        "name": sheet.name,
        **({} if plan.dialect == "named" else {"stakes": plan.stakes, "thinking_method": plan.thinking_method}),
        **plan.variables,
        **sheet.variables,
        "sheet_num": sheet.num,
        "total_sheets": len(plan.sheets),
        "start_item": sheet.start_item or sheet.num,
        "end_item": sheet.end_item or sheet.num,
        "workspace": workspace,
        "stage": stage,
        "instance": sheet.instance,
        "fan_count": sheet.fan_count,
        "total_stages": stages,
        "movement": stage,
        "voice": sheet.instance,
        "total_movements": stages,
        "previous_outputs": {num: previous_outputs.get(num, "")[-limit:] for num in previous_sheets(plan, sheet)},
    }


def readings(plan: Plan, sheet: PlanSheet) -> dict[str, Any]:
    """Return the readings of a sheet's variables, for `podium.texts.readings.with_readings`."""
    own = {name: tree for name, tree in plan.readings.items() if name not in sheet.variables}
    return {**own, **sheet.readings}


def expand(text: str, plan: Plan, sheet: PlanSheet, *, workspace: str) -> str:
    """Return a validation's path, command or working directory with its `{workspace}`-style fields filled in.

    Only `{name}` of a variable that is a single value is replaced, and neither the shell's `${name}` nor anything in double
    braces; so awk programs, brace expansions and JSON in commands stay as they are.
    """
    variables = template_variables(plan, sheet, workspace=workspace, previous_outputs={})
    return _FIELD.sub(lambda match: _field(match, variables), text)


def expanded_bytes(text: str, variables: Mapping[str, Any]) -> int:
    """Return how long `expand` makes a text, in bytes."""
    grown = sum(len(_field(match, variables).encode()) - len(match[0]) for match in _FIELD.finditer(text))
    return len(text.encode()) + grown


def fields(text: str) -> list[str]:
    """Return the names in a text's `{name}` fields."""
    return _FIELD.findall(text)


def is_field(name: str, variables: Mapping[str, Any]) -> bool:
    """Return whether `expand` fills `{name}` in."""
    return name in variables and isinstance(variables[name], str | int | float | None)


def double_braces(text: str, variables: Mapping[str, Any]) -> list[str]:
    """Return the variables that are written as `{{ name }}`, which is for templates only."""
    return [name for name in _DOUBLE.findall(text) if name in variables]


def _field(match: re.Match[str], variables: Mapping[str, Any]) -> str:
    return shown(variables[match[1]]) if is_field(match[1], variables) else match[0]
