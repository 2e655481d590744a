"""A score is checked before a Marianne conductor gets it: given a bad one, that conductor accepts it and fails the job.

These are its own rules, as far as they are known to be the same for every version: what has to be there, of which kind, and
within which bounds. A circle of dependencies and a template that cannot be read it does not refuse: the job would hang.
"""

import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import yaml

from podium.client.marianne.document import Members, compose, items, members, place, value_of
from podium.client.marianne.refusals import OWN
from podium.contract.methods import ScoreCall
from podium.contract.models import ProblemView
from podium.errors import UnsupportedByConductor
from podium.texts.problems import score_invalid
from podium.texts.source import check_text, read_score

MOST_BYTES = 4 * 1024 * 1024  # read of a score
_HANGS = "this conductor would let the job hang in state running"
_SHOWN = 20
_WHOLE = re.compile(r"\s*[+-]?\d{1,9}\s*")
_REQUIRED = ("name", "sheet", "prompt")
_REQUIRED_IN_SHEET = ("sheet.size", "sheet.total_items")
_TEXTS = ("name", "instrument", "prompt.template", "prompt.template_file")
_MAPPINGS = ("sheet", "prompt", "retry", "parallel")
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
    has_sheet = isinstance(found.get("sheet"), yaml.MappingNode)
    for field in (*_REQUIRED, *(_REQUIRED_IN_SHEET if has_sheet else ())):
        if field not in found:
            yield ProblemView(field=field, message="is missing", **(place(found["sheet"]) if "." in field else {}))
    for field in _MAPPINGS:
        if field in found and not isinstance(found[field], yaml.MappingNode):
            yield _problem(field, found[field], "must be a mapping")
    for field in _TEXTS:
        value = value_of(found[field]) if field in found else ""
        if not isinstance(value, str) and (field == "name" or value is not None):
            yield _problem(field, found[field], "must be text")
    yield from _out_of_bounds(found, _BOUNDS)
    yield from _of_the_template(found)
    yield from _of_dependencies(found)
    for number, check in enumerate(items(top.get("validations"))):
        yield from _of_a_check(f"validations.{number}", check)


def _problem(field: str, node: yaml.Node, message: str) -> ProblemView:
    return ProblemView(field=field, message=message, **place(node))


def _whole(node: yaml.Node) -> int | None:
    """Return a whole number as that conductor takes it, which may be a text or a float; None if it is none."""
    value = value_of(node)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    return value if isinstance(value, int) else None


def _out_of_bounds(
    found: dict[str, yaml.Node], bounds: dict[str, tuple[int, int | None]], within: str = ""
) -> Iterator[ProblemView]:
    for field, (least, most) in bounds.items():
        if field in found:
            number, told = _whole(found[field]), f"{within}{field}"
            if number is None:
                yield _problem(told, found[field], "must be a whole number")
            elif number < least:
                yield _problem(told, found[field], f"must be at least {least}")
            elif most is not None and number > most:
                yield _problem(told, found[field], f"must be at most {most}")


def _of_the_template(found: dict[str, yaml.Node]) -> Iterator[ProblemView]:
    import jinja2  # noqa: PLC0415  only for a score

    node = found.get("prompt.template")
    text = None if node is None else value_of(node)
    if node is None or not isinstance(text, str):
        return
    if "prompt.template_file" in found and value_of(found["prompt.template_file"]) is not None:
        yield _problem("prompt", node, "has template and template_file: use one of them")
    try:
        jinja2.Environment().parse(text)  # noqa: S701  nothing is rendered
    except jinja2.TemplateSyntaxError as error:
        yield _problem(
            "prompt.template", node, f"cannot be read, line {error.lineno} of it ({error.message}): {_HANGS}"
        )
    except (RecursionError, ValueError, ArithmeticError):
        yield _problem("prompt.template", node, f"cannot be read: {_HANGS}")


def _of_dependencies(found: dict[str, yaml.Node]) -> Iterator[ProblemView]:
    """Yield what is wrong with what waits for what; with `fan_out` the numbers are those of stages."""
    graph: dict[int, list[int]] = {}
    total = _sheets_total(found)
    for key, node in members(found.get("sheet.dependencies")).items():
        field = f"sheet.dependencies.{key}"
        if not isinstance(node, yaml.SequenceNode):
            yield _problem(field, node, "must be a list")
            continue
        numbers = [_number(key), *(_whole(each) for each in items(node))]
        known = [number for number in numbers if number is not None]
        if len(known) < len(numbers):
            yield _problem(field, node, "must name sheets by their numbers")
        elif total is not None and not all(1 <= number <= total for number in known):
            yield _problem(field, node, f"names a sheet that there is not: they are 1 to {total}")
        else:
            graph[known[0]] = known[1:]
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = " -> ".join(map(str, error.args[1]))
        yield _problem("sheet.dependencies", found["sheet.dependencies"], f"go in a circle ({circle}): {_HANGS}")


def _number(key: object) -> int | None:
    if isinstance(key, str) and _WHOLE.fullmatch(key):
        return int(key)
    return key if isinstance(key, int) else None


def _sheets_total(found: dict[str, yaml.Node]) -> int | None:
    """Return how many sheets, or stages, the items make, None if that cannot be told."""
    numbers = [_whole(found[field]) if field in found else None for field in ("sheet.size", "sheet.total_items")]
    first = _whole(found["sheet.start_item"]) if "sheet.start_item" in found else 1
    size, last = numbers
    if size is None or last is None or first is None or min(size, last, first) < 1:
        return None
    return max(0, -(-(last - first + 1) // size))


def _of_a_check(field: str, node: yaml.Node) -> Iterator[ProblemView]:
    """Yield what is wrong with one validation."""
    if not isinstance(node, yaml.MappingNode):
        yield _problem(field, node, "must be a mapping")
        return
    own = {str(key): each for key, each in members(node).items()}
    kind = value_of(own["type"]) if "type" in own else None
    if not isinstance(kind, str) or kind not in _CHECKS:
        yield _problem(f"{field}.type", own.get("type", node), f"must be one of {', '.join(_CHECKS)}")
        return
    for needed in _CHECKS[kind]:
        if needed not in own:
            yield _problem(field, node, f"{kind} needs {needed}")
    yield from _out_of_bounds(own, _CHECK_BOUNDS, f"{field}.")
