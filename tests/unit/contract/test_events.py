"""The table of events is what the conductor writes: every type, and the members of each one's data, read from its source."""

import ast
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple, get_args

import pytest

from podium.conductor.rules.transitions.jobs import _EVENT_OF
from podium.contract.events import EVENT_TYPES, EVENTS, MEMBERS, EventType
from tests.support.source_tree import Module, modules


class Written(NamedTuple):
    """One place that writes an event: its type, what it always gives, and what it gives on a condition."""

    kind: str
    always: frozenset[str]
    sometimes: frozenset[str]


def dicts_in(node: ast.AST) -> tuple[set[str], set[str]]:
    """Return the constant keys of the dicts in a node, those outside and those inside of a condition."""
    inside = {each for part in ast.walk(node) if isinstance(part, ast.IfExp) for each in keys_in(part)}
    return keys_in(node) - inside, inside


def keys_in(node: ast.AST) -> set[str]:
    """Return the constant keys of all dicts in a node."""
    keys = [key for part in ast.walk(node) if isinstance(part, ast.Dict) for key in part.keys]
    return {str(key.value) for key in keys if isinstance(key, ast.Constant)}


def definition(name: str) -> ast.AST:
    """Return what a name of the transitions stands for: a function, or the value that is assigned."""
    for module in transitions():
        for node in module.nodes:
            if isinstance(node, ast.FunctionDef) and node.name == name:
                return node
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
                return node.value
    raise LookupError(name)


def members(call: ast.Call) -> tuple[set[str], set[str]]:
    """Return the members that a call gives to its event."""
    always, sometimes = {word.arg for word in call.keywords if word.arg}, set[str]()
    spread = [word.value for word in call.keywords if word.arg is None]
    if ast.unparse(call.func) == "failure.event":
        spread.append(ast.Name("facts"))
    for value in spread:
        name = value.func if isinstance(value, ast.Call) else value
        found = dicts_in(definition(name.id) if isinstance(name, ast.Name) else value)
        always, sometimes = always | found[0], sometimes | found[1]
    return always, sometimes


@cache
def written() -> tuple[Written, ...]:
    """Return every place in the source that writes an event."""
    return tuple(place for module in transitions() for place in written_in(module))


@cache
def transitions() -> tuple[Module, ...]:
    """Return the modules that write events."""
    every = modules().values()
    return tuple(module for module in every if ".event(" in module.path.read_text(encoding="utf-8"))


def written_in(module: Module) -> Iterator[Written]:
    """Return the places of one module."""
    for call in (node for node in module.nodes if isinstance(node, ast.Call)):
        if ast.unparse(call.func) not in {"batch.event", "failure.event"}:
            continue
        kind = next(each for each in call.args if not isinstance(each, ast.Name))
        always, sometimes = (frozenset(each) for each in members(call))
        if isinstance(kind, ast.Constant):
            yield Written(str(kind.value), always, sometimes)
        else:
            assert ast.unparse(kind) == "_EVENT_OF[status]"
            yield from (Written(each, always, sometimes) for each in _EVENT_OF.values())


def test_the_table_has_every_type_once_and_in_order() -> None:
    assert tuple(EVENTS) == EVENT_TYPES == get_args(EventType)


def test_every_event_that_the_conductor_writes_is_in_the_table_and_no_other() -> None:
    assert {place.kind for place in written()} == set(EVENTS)


@pytest.mark.parametrize("kind", EVENTS)
def test_an_event_has_the_members_that_the_table_says(kind: EventType) -> None:
    places = [place for place in written() if place.kind == kind]
    always = frozenset.intersection(*(place.always for place in places))
    every = frozenset.union(*(place.always | place.sometimes for place in places))
    assert set(EVENTS[kind].always) == always
    assert set(EVENTS[kind].sometimes) == every - always


def test_every_member_is_explained() -> None:
    assert set(MEMBERS) == {each for told in EVENTS.values() for each in (*told.always, *told.sometimes)}
