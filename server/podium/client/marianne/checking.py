"""A score is checked before a Marianne conductor gets it: given a bad one, that conductor accepts it and fails the job.

These are its own rules, as far as they are known to be the same for every version: what has to be there, of which kind, and
within which bounds. A circle of dependencies and a template that cannot be read it does not refuse: the job would hang.
"""

from collections.abc import Iterator
from pathlib import Path

import yaml

from podium.client.marianne.dependencies import HANGS, Found, of_dependencies, of_fan_out
from podium.client.marianne.document import Members, compose, items, members, place, problem, value_of, whole
from podium.client.marianne.refusals import OWN
from podium.contract.methods import ScoreCall
from podium.contract.models import ProblemView
from podium.errors import UnsupportedByConductor
from podium.texts.problems import score_invalid
from podium.texts.source import check_text, read_score

MOST_BYTES = 4 * 1024 * 1024  # read of a score
_SHOWN = 20
_REQUIRED = ("name", "sheet", "prompt")
_REQUIRED_IN_SHEET = ("sheet.size", "sheet.total_items")
_TEXTS = ("name", "instrument", "prompt.template", "prompt.template_file")
_MAPPINGS = ("sheet", "prompt", "retry", "parallel")
_RETRY = (
    "max_retries",
    "base_delay_seconds",
    "max_delay_seconds",
    "exponential_base",
    "jitter",
    "max_completion_attempts",
)
_BOUNDS: dict[str, tuple[int, int | None]] = {
    "sheet.size": (1, None),
    "sheet.total_items": (1, None),
    "sheet.start_item": (1, None),
    "retry.max_retries": (0, None),
    "retry.max_completion_attempts": (0, None),
    "parallel.max_concurrent": (1, 20),
    "pause_between_sheets_seconds": (0, None),
}
_CHECK_BOUNDS: dict[str, tuple[int, int | None]] = {
    "stage": (1, 10),
    "retry_count": (0, 10),
    "retry_delay_ms": (0, 5000),
}
_CHECKS = {
    "file_exists": ("path",),
    "file_modified": ("path",),
    "content_contains": ("path", "pattern"),
    "content_regex": ("path", "pattern"),
    "command_succeeds": ("command",),
}


def check_score(call: ScoreCall) -> None:
    """Refuse a score that this conductor would not be able to use, if the call gives one. Blocking: it may read a file.

    Raises:
        ScoreInvalid: with every problem and its place. UnsupportedByConductor: it is a named score.
        ScoreNotFound, PermissionDenied: the file cannot be read.
    """
    if call.config_path is not None:
        path, text = read_score(call.config_path, cwd=Path("/"), max_bytes=MOST_BYTES)
        check_text_of(text, f"The score {path}")
    elif call.config_content is not None:
        check_text(call.config_content, MOST_BYTES)
        check_text_of(call.config_content, "The score")


def check_text_of(text: str, name: str) -> None:
    """Refuse such a text; raises as `check_score`."""
    root = compose(text, name)
    top = members(root)
    if "sheets" in top and "sheet" not in top:
        raise UnsupportedByConductor(
            f"{name} is a named score, with `sheets`, which this conductor does not read.",
            fix=f"Write a numbered one, as describe_score(topic='numbered') tells. {OWN}",
        )
    problems = list(_problems(top))
    if problems:
        raise score_invalid(name, problems[:_SHOWN], len(problems))


def _problems(top: Members) -> Iterator[ProblemView]:
    parts = {"": top, **{name: members(top.get(name)) for name in _MAPPINGS}}
    found = {f"{part}.{key}".lstrip("."): node for part, each in parts.items() for key, node in each.items()}
    yield from _of_kinds(found)
    yield from _unknown(top, parts["retry"])
    yield from _out_of_bounds(found, _BOUNDS)
    yield from _of_the_template(found)
    yield from of_fan_out(found)
    yield from of_dependencies(found)
    for number, check in enumerate(items(top.get("validations"))):
        yield from _of_a_check(f"validations.{number}", check)


def _of_kinds(found: Found) -> Iterator[ProblemView]:
    """Yield what is missing, and what is of another kind."""
    has_sheet = isinstance(found.get("sheet"), yaml.MappingNode)
    for field in (*_REQUIRED, *(_REQUIRED_IN_SHEET if has_sheet else ())):
        if field not in found:
            yield ProblemView(field=field, message="is missing", **(place(found["sheet"]) if "." in field else {}))
    for field in _MAPPINGS:
        if field in found and not isinstance(found[field], yaml.MappingNode):
            yield problem(field, found[field], "must be a mapping")
    for field in _TEXTS:
        value = value_of(found[field]) if field in found else None
        if field in found and not isinstance(value, str) and (field == "name" or value is not None):
            yield problem(field, found[field], "must be text")
    if "instrument" in found and value_of(found["instrument"]) == "":
        yield problem("instrument", found["instrument"], "must not be empty")


def _unknown(top: Members, retry: Members) -> Iterator[ProblemView]:
    """Yield the fields that are surely unknown there: what else a score may have depends on the version."""
    if "on_end" in top:
        yield problem("on_end", top["on_end"], "is for Podium's own conductor: this one does not know it")
    for key, node in retry.items():
        if key not in _RETRY:
            yield problem(f"retry.{key}", node, "is not a field of a score")


def _out_of_bounds(found: Found, bounds: dict[str, tuple[int, int | None]], within: str = "") -> Iterator[ProblemView]:
    for field, (least, most) in bounds.items():
        if field in found:
            number, told = whole(found[field]), f"{within}{field}"
            if number is None:
                yield problem(told, found[field], "must be a whole number")
            elif number < least:
                yield problem(told, found[field], f"must be at least {least}")
            elif most is not None and number > most:
                yield problem(told, found[field], f"must be at most {most}")


def _of_the_template(found: Found) -> Iterator[ProblemView]:
    import jinja2  # noqa: PLC0415  only for a score

    node = found.get("prompt.template")
    text = None if node is None else value_of(node)
    if node is None or not isinstance(text, str):
        return
    if "prompt.template_file" in found and value_of(found["prompt.template_file"]) is not None:
        yield problem("prompt", node, "has template and template_file: use one of them")
    try:
        jinja2.Environment().parse(text)  # noqa: S701  nothing is rendered
    except jinja2.TemplateSyntaxError as error:
        yield problem("prompt.template", node, f"line {error.lineno} of it cannot be read ({error.message}): {HANGS}")
    except (RecursionError, ValueError, ArithmeticError):
        yield problem("prompt.template", node, f"cannot be read: {HANGS}")


def _of_a_check(field: str, node: yaml.Node) -> Iterator[ProblemView]:
    """Yield what is wrong with one validation."""
    if not isinstance(node, yaml.MappingNode):
        yield problem(field, node, "must be a mapping")
        return
    own = {str(key): each for key, each in members(node).items()}
    kind = value_of(own["type"]) if "type" in own else None
    if not isinstance(kind, str) or kind not in _CHECKS:
        yield problem(f"{field}.type", own.get("type", node), f"must be one of {', '.join(_CHECKS)}")
        return
    for needed in _CHECKS[kind]:
        if needed not in own:
            yield problem(field, node, f"{kind} needs {needed}")
    yield from _out_of_bounds(own, _CHECK_BOUNDS, f"{field}.")
