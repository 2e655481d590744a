"""The words that stand around a sheet's own text in the prompt of an agent.

The order: where the agent is and what counts, directives, files of skills and tools, the sheet's text, files of context, and
what is checked afterwards.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from podium.score.model.plan import Validation

DEFAULT_TEMPLATE = (
    "Work on {% if start_item == end_item %}item {{ start_item }}{% else %}items {{ start_item }} to {{ end_item }}{% endif %} "
    "of this job.{% if stakes %}\n\n{{ stakes }}{% endif %}{% if thinking_method %}\n\n{{ thinking_method }}{% endif %}"
)
"""What agents are asked to do by a numbered score without a template."""
MOST_CHECKS = 100  # that are listed
MOST_CHARS = 2000  # of a pattern, a command or another text of one check
_END = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|(?P<end>[$^])", re.DOTALL)
_BY_LINE = re.compile(r"\(\?[a-zA-Z]*m")


def preamble(variables: Mapping[str, Any], label: str, *, is_checked: bool, is_alone: bool) -> str:
    """Return where an agent is, and what counts as success. `variables` are those of the sheet's template.

    `is_alone`: no other sheet of its job runs beside it.
    """
    number, total = variables["sheet_num"], variables["total_sheets"]
    name = f"sheet {number} of {total}" if label == str(number) else f'sheet "{label}" ({number} of {total})'
    fan = variables["fan_count"]
    part = f" (instance {variables['instance']} of {fan} of stage {variables['stage']})" if fan > 1 else ""
    success = (
        "The sheet counts only if all checks listed below pass after you have ended; exit code 0 alone is not success."
        if is_checked
        else "Nothing checks the result, so end only when the whole task is done."
    )
    beside = "" if is_alone else " Other sheets may use it at the same time."
    return (
        f"You are working on {name}{part} of a job that runs without people: nobody answers questions, so decide yourself.\n"
        f"Your workspace is the folder {variables['workspace']}; work there unless the task says otherwise."
        f"{beside}\n{success} Leave no process running."
    )


def file_text(kind: str, path: str, text: str) -> str:
    """Return the text of a file of this kind, marked as such."""
    return f"<{kind} file={json.dumps(path, ensure_ascii=False)}>\n{text.strip(chr(10))}\n</{kind}>"


def absent(kind: str, path: str) -> str:
    """Return what stands in place of a file of this kind that was not there."""
    return f"(The file {path}, meant as {kind}, was not there when this sheet began.)"


def joined(parts: Iterable[str]) -> str:
    """Return the prompt of these parts, without those that are empty."""
    return "\n\n".join(part.strip("\n") for part in parts if part.strip()) + "\n"


def checklist(checks: Sequence[Validation]) -> str:
    """Return the list of what is checked, "" for nothing. The fields of the checks are filled in, their paths absolute."""
    if not checks:
        return ""
    staged = sorted(checks, key=lambda check: check.stage)
    stages = list(dict.fromkeys(check.stage for check in staged))
    lines = ["What is checked when you have ended; all of it has to pass:"]
    for number, check in enumerate(staged[:MOST_CHECKS], 1):
        step = f"step {stages.index(check.stage) + 1}: " if len(stages) > 1 else ""
        words = " ".join(check.description.split()).rstrip(".:")
        about = f"{words}: " if words else ""
        lines.append(f"{number}. {step}{about}{_what(check)}")
    if len(stages) > 1:
        lines.append("A step is looked at only if the ones before it have passed.")
    if len(checks) > MOST_CHECKS:
        lines.append(f"{len(checks) - MOST_CHECKS} more checks are not listed here.")
    return "\n".join(lines)


def _what(check: Validation) -> str:
    """Return in words what has to be true."""
    match check.type:
        case "file_exists":
            return f"the file {check.path} exists"
        case "file_modified":
            return f"the file {check.path} was changed after this attempt began"
        case "content_contains":
            return f"the file {check.path} contains the text{_quoted(check.pattern)}"
        case "content_regex":
            ends = " (^ and $ are the ends of the whole file)" if _has_ends(check.pattern) else ""
            return f"the file {check.path} has a match of the regular expression{ends}{_quoted(check.pattern)}"
        case _:
            return (
                f"in the folder {check.working_directory}, this command ends with exit code 0{_quoted(check.command)}"
            )


def _has_ends(pattern: str) -> bool:
    """Return whether a pattern asks for an end of the text, which others might take for that of a line."""
    return not _BY_LINE.search(pattern) and any(found["end"] for found in _END.finditer(pattern))


def _quoted(text: str) -> str:
    """Return a text after a colon: a long one cut, one of several lines on lines of its own, which are indented."""
    shown = text if len(text) <= MOST_CHARS else f"{text[:MOST_CHARS]}… (cut, {len(text)} characters)"
    lines = shown.strip("\n").split("\n")
    return (
        f": {lines[0]}" if len(lines) == 1 else " (without this indent):\n" + "\n".join(f"    {line}" for line in lines)
    )
