"""A score's YAML as nodes with their places, read without building anything of it: a bomb of aliases stays as small as it is."""

import re
from typing import Any

import yaml

from podium.contract.models import ProblemView
from podium.texts.problems import invalid, score_invalid

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MOST_LEVELS = 100  # deeper nesting ends the C composer with a segmentation fault
_MERGE = "tag:yaml.org,2002:merge"

_WHOLE = re.compile(r"\s*[+-]?\d{1,9}\s*")

Members = dict[object, yaml.Node]


def compose(text: str, name: str) -> yaml.Node | None:
    """Return the root of a document, None of an empty one.

    Raises:
        ScoreInvalid: it is not one document of YAML, or is nested too deep.
    """
    try:
        _check_levels(text, name)
        root: yaml.Node | None = yaml.compose(text, Loader=LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        raise invalid(name, f"it is not one document of YAML: {error.problem}", line=line, column=column) from None
    except yaml.YAMLError:
        raise invalid(name, "it holds a character that YAML does not allow") from None
    return root


def members(node: yaml.Node | None) -> Members:
    """Return the members of a mapping by their keys, merged ones too; none of anything else. The last of equal keys counts."""
    return _members(node, set())


def items(node: yaml.Node | None) -> list[yaml.Node]:
    """Return the items of a list, none of anything else."""
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def value_of(node: yaml.Node) -> object:
    """Return the text, number, truth or nothing that a scalar is, and the node itself if it is anything else."""
    if not isinstance(node, yaml.ScalarNode):
        return node
    try:
        value = yaml.constructor.SafeConstructor().construct_object(node)
    except (yaml.YAMLError, ValueError, ArithmeticError, LookupError, AttributeError):  # its tag does not allow it
        return node
    return value if value is None or isinstance(value, str | int | float) else node


def place(node: yaml.Node | yaml.Event) -> dict[str, int]:
    """Return where a node begins, from 1."""
    mark = node.start_mark
    return {"line": mark.line + 1, "column": mark.column + 1} if mark else {}


def problem(field: str, node: yaml.Node, message: str) -> ProblemView:
    """Return a problem of a field, with its place."""
    return ProblemView(field=field, message=message, **place(node))


def whole(node: yaml.Node) -> int | None:
    """Return a whole number as that conductor takes it, which may be a text or a float; None if it is none."""
    return number_of(value_of(node))


def number_of(value: object) -> int | None:
    """Return the whole number that a value or a key is taken for, None if it is none."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    return value if isinstance(value, int) else None


def _members(node: yaml.Node | None, seen: set[int]) -> Members:
    if not isinstance(node, yaml.MappingNode) or id(node) in seen:
        return {}
    seen.add(id(node))
    own: Members = {}
    merged: Members = {}
    for key, value in node.value:
        if key.tag == _MERGE:
            for each in items(value) or [value]:
                merged = {**_members(each, seen), **merged}
        else:
            own[value_of(key)] = value
    return {**merged, **own}


def _check_levels(text: str, name: str) -> None:
    levels = 0
    for event in yaml.parse(text, Loader=LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            levels += 1
            if levels > _MOST_LEVELS:
                message = f"it is nested deeper than {_MOST_LEVELS} levels"
                raise score_invalid(name, [ProblemView(message=message, **place(event))], 1)
        elif isinstance(event, yaml.CollectionEndEvent):
            levels -= 1
