"""The final text of a sheet, and whether its condition holds."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from podium.errors import ScoreInvalid
from podium.score.model.context import readings, template_variables
from podium.score.model.plan import Plan, PlanSheet
from podium.score.templates.conditions import ConditionFault, decide, parse, sheet_facts
from podium.score.templates.environment import TemplateFault, template
from podium.texts.readings import with_readings

_FOREIGN = "template: an expression fails with what earlier sheets wrote, which read_job_log shows"
_WRITTEN_BY_SHEETS = ("previous_outputs", "previous_files")
_WORD = re.compile(r"\w+")
_WORDS = frozenset(  # of the errors that a value of another kind than expected gives
    _WORD.findall(
        "template: 'dict list tuple str int float bool NoneType' object has no attribute, element; None is undefined; "
        "UndefinedError TypeError ValueError KeyError IndexError ZeroDivisionError: division by zero; list index out of range; "
        "unsupported operand type(s) for: and; not supported between instances of; can only concatenate (not) to; "
        "is not iterable, callable, subscriptable; indices must be integers or slices; invalid literal for with base 10"
    )
)


def render_script(plan: Plan, sheet: PlanSheet, *, workspace: str, previous_outputs: Mapping[int, str]) -> str:
    """Return the text that the sheet's instrument gets: a bash script for `cli`, a prompt for an agent.

    Raises:
        ScoreInvalid: see `render_text`.
    """
    variables = variables_of(plan, sheet, workspace=workspace, previous_outputs=previous_outputs)
    return render_text(plan.templates[sheet.template], variables, sheet.label)


def variables_of(
    plan: Plan, sheet: PlanSheet, *, workspace: str, previous_outputs: Mapping[int, str]
) -> dict[str, Any]:
    """Return what a sheet's template sees, with the readings of its variables."""
    found = template_variables(plan, sheet, workspace=workspace, previous_outputs=previous_outputs)
    return dict(with_readings(found, readings(plan, sheet), numbers=plan.dialect == "numbered"))


def render_text(text: str, variables: Mapping[str, Any], label: str, *, what: str = "template") -> str:
    """Return a template's text for the sheet `label`; `what` is what an error calls it.

    Raises:
        ScoreInvalid: it cannot be rendered. A compiled plan has been rendered once, with no output of earlier sheets, so it
            is what they wrote that does not fit.
    """
    try:
        return template(text).render(variables)
    except TemplateFault as fault:
        is_foreign = fault.may_quote and any(variables.get(name) for name in _WRITTEN_BY_SHEETS)
        own = [text, *(str(value) for name, value in variables.items() if name not in _WRITTEN_BY_SHEETS)]
        said = _FOREIGN if is_foreign and not _of_words(fault.message, own) else fault.message
        raise _unfit(f"The {what} of sheet {label}, line {fault.line}: {said}.") from None


def asks_for(text: str, name: str) -> bool:
    """Return whether a template has this name in it; one that cannot be read has none."""
    try:
        return name in template(text).names
    except TemplateFault:
        return False


def asked_sheets(plan: Plan, condition: str) -> tuple[int, ...]:
    """Return the numbers of the sheets whose status a condition asks for."""
    found = {plan.find(key) for key in parse(condition).sheets} if condition else set()
    return tuple(sorted(num for num in found if num is not None))


def holds(condition: str, variables: Mapping[str, Any], statuses: Mapping[str, str], label: str) -> bool:
    """Return whether the `skip_when` of the sheet `label` holds; `statuses` are by name, and by number as text.

    Raises:
        ScoreInvalid: it cannot be decided.
    """
    known = {key: statuses[str(key)] for key in parse(condition).sheets if str(key) in statuses}
    try:
        return decide(condition, {"sheets": sheet_facts(known), **variables, "statuses": known})
    except ConditionFault as fault:
        raise _unfit(f"skip_when of sheet {label} cannot be evaluated: {fault}.") from None


def _of_words(message: str, own: Iterable[str]) -> bool:
    """Return whether an error's message has no words but Jinja's and those of the score: none that an earlier sheet wrote."""
    return set(_WORD.findall(message)) <= _WORDS.union(*map(_WORD.findall, own))


def _unfit(message: str) -> ScoreInvalid:
    return ScoreInvalid(message, fix="Correct the score and pass it to resume_job.", problems=[])
