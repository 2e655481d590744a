"""What a sheet's template and its validations' fields see, and those fields filled in. Nothing here renders a template."""

import re
import shlex
from collections.abc import Collection, Mapping
from typing import Any

from podium.score.model.plan import Plan, PlanSheet
from podium.texts.shell import with_word
from podium.texts.written import shown

CORE_NAMES = frozenset({
    "sheet_num", "total_sheets", "start_item", "end_item", "workspace", "stage", "instance", "fan_count",
    "total_stages", "movement", "voice", "total_movements", "previous_outputs",
})  # fmt: skip
"""Names that a score's variables cannot take."""
OPEN_NAMES = frozenset({"job_name", "name", "instrument_name", "voice_count", "previous_files", "skipped_upstream"})
"""The other names that every template has: a score's own variable of that name wins, as older scores may have one."""
SKIPPED = "[SKIPPED]"  # stands for the output of a sheet that was skipped
MOST_OUTPUT_CHARS = 10_000_000  # of all earlier outputs together, and of all captured files

_FIELD = re.compile(r"(?<![$\{])\{([A-Za-z_]\w*)\}(?!\})")
_DOUBLE = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}")
_NOT_OF_THE_SHELL = re.compile(rf"(?<!\$){_DOUBLE.pattern}")


_TAGS = ("{{", "{%", "{#")


def constant(text: str) -> str | None:
    """Return what a template without any tag makes, None for one that has to be rendered."""
    return None if any(tag in text for tag in _TAGS) else text.replace("\r\n", "\n").replace("\r", "\n")


def looked_back(plan: Plan, sheet: PlanSheet) -> range:
    """Return the numbers of the earlier sheets that this sheet looks back to."""
    if plan.cross_sheet is None:
        return range(0)
    return range(max(1, sheet.num - plan.cross_sheet.lookback_sheets), sheet.num)


def previous_sheets(plan: Plan, sheet: PlanSheet) -> range:
    """Return the numbers of the sheets whose output `previous_outputs` holds for this sheet."""
    captures = plan.cross_sheet is not None and plan.cross_sheet.auto_capture_stdout
    return looked_back(plan, sheet) if captures else range(0)


def chars_of_each(plan: Plan, count: int) -> int:
    """Return how many characters are kept of each of so many outputs, or files."""
    each = plan.cross_sheet.max_output_chars if plan.cross_sheet else 0
    return min(each, MOST_OUTPUT_CHARS // max(1, count))


def captured_files(plan: Plan, sheet: PlanSheet) -> tuple[str, ...]:
    """Return the patterns of the files that `previous_files` holds, none if the score has a variable of that name."""
    taken = "previous_files" in plan.variables or "previous_files" in sheet.variables
    return plan.cross_sheet.capture_files if plan.cross_sheet and not taken else ()


class Unread(dict[str, str]):
    """The captured files before any was read: there are none, and each that is asked for by its path is empty."""

    def __missing__(self, key: object) -> str:
        """Return the text of a file that may be there later."""
        return ""

    def get(self, key: object, default: Any = "") -> Any:
        """Return the text of a file that may be there later."""
        return default


def template_variables(
    plan: Plan,
    sheet: PlanSheet,
    *,
    workspace: str,
    previous_outputs: Mapping[int, str],
    skipped: Collection[int] = (),
    instrument: str = "",
) -> dict[str, Any]:
    """Return every name that a template of this sheet can use.

    `previous_outputs` there has exactly the sheets of `previous_sheets`, each with the end of its output, "" if it has none.
    `skipped` are the sheets that were skipped, and `instrument` plays the sheet if its own cannot. The reader puts the files
    into `previous_files`.
    """
    stage = sheet.stage or sheet.num
    stages = plan.total_stages or len(plan.sheets)
    return {
        "job_name": plan.name,
        "name": sheet.name,
        **({} if plan.dialect == "named" else {"stakes": plan.stakes, "thinking_method": plan.thinking_method}),
        "instrument_name": instrument or sheet.instrument,
        "voice_count": sheet.fan_count,
        "previous_files": Unread() if captured_files(plan, sheet) else {},
        "skipped_upstream": [num for num in looked_back(plan, sheet) if num in skipped] if skipped else [],
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
        "previous_outputs": _outputs(plan, sheet, previous_outputs, skipped),
    }


def _outputs(
    plan: Plan, sheet: PlanSheet, previous_outputs: Mapping[int, str], skipped: Collection[int]
) -> dict[int, str]:
    """Return the earlier outputs as a template has them."""
    wanted = previous_sheets(plan, sheet)
    found = dict.fromkeys(wanted, "")
    limit = chars_of_each(plan, len(wanted))
    for num in found.keys() & previous_outputs.keys():
        found[num] = previous_outputs[num][-limit:]
    for num in found.keys() & set(skipped):
        found[num] = SKIPPED
    return found


def readings(plan: Plan, sheet: PlanSheet) -> dict[str, Any]:
    """Return the readings of a sheet's variables, for `podium.texts.readings.with_readings`."""
    own = {name: tree for name, tree in plan.readings.items() if name not in sheet.variables}
    return {**own, **sheet.readings}


def expand(
    text: str, plan: Plan, sheet: PlanSheet, *, workspace: str, instrument: str = "", is_command: bool = False
) -> str:
    """Return a validation's path, command or working directory with its `{workspace}`-style fields filled in.

    Only `{name}` of a variable that is a single value is replaced, and neither the shell's `${name}` nor, in a named score,
    anything in double braces; so awk programs, brace expansions and JSON in commands stay as they are. In a command the
    workspace is one word, whatever its path holds.
    """
    variables = template_variables(plan, sheet, workspace=workspace, previous_outputs={}, instrument=instrument)
    if plan.dialect == "numbered":
        text = single_braces(text, variables)
    if is_command and (word := shlex.quote(workspace)) != workspace:
        text = with_word(text, "workspace", word)
    return _FIELD.sub(lambda match: _field(match, variables), text)


def single_braces(text: str, variables: Mapping[str, Any]) -> str:
    """Return a text with `{name}` in place of `{{ name }}`, where that is the name of a single value."""
    return _NOT_OF_THE_SHELL.sub(lambda match: f"{{{match[1]}}}" if is_field(match[1], variables) else match[0], text)


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
