"""Advice about a score is made of what was written, and a score that follows it is taken."""

import json
from itertools import pairwise
from typing import Any

import pytest
import yaml

from podium.errors import ScoreInvalid
from podium.score.named.words import WORDS
from podium.score.text.flow import flow
from podium.score.text.reading import Keys
from tests.unit.score.helpers import compiled, only, problems, sheets

VALUES: tuple[Any, ...] = (
    "first, third", "out/a b.txt", "10 minutes", "a: b # c", "A=1", "null", "3.10", "yes", '"é', 0, 2, 7.5, True, {},
    ["first", "third"], ["A=1", "B=x y"], ["npm ci", "npm test"], [["a"]], {"first": None}, {"os": ["a", "b"]}, {"os": "a"},
    {"type": "file_exists", "path": "a"}, {"type": "content_contains", "path": "a", "pattern": "b"}, {"path": "a", "text": "b"},
    {"file": "a"}, {"matrix": {"os": ["a"]}}, {"build": {"run": "true"}}, [{"name": "A", "value": 1}], [{"job": "first"}],
)  # fmt: skip


def score(place: Keys, value: Any) -> tuple[dict[str, Any], Any]:
    """Return a score with the value at the place, and the container that has it."""
    entry: dict[str, Any] = {"name": "last", "run": "true", "needs": []}
    root: dict[str, Any] = {
        "name": "demo",
        "sheets": [{"name": "first", "run": "true"}, {"name": "third", "run": "true"}, entry],
    }
    if place[:2] != ("sheets", "*"):
        where, rest = root, place
    else:
        where, rest = entry, place[2:]
    if not rest:
        root["sheets"].append(value)
        return root, root["sheets"]
    for key, after in pairwise(rest):
        if key == "*":
            continue
        inner: Any = {}
        if after == "*":
            where[key] = [inner]
        else:
            where[key] = inner
        where = inner
    if rest[-1] == "*":
        last = next(key for key in reversed(rest) if key != "*")
        container = root if len(rest) == len(place) and last in root else entry
        container[last] = [value]
        return root, container[last]
    where[rest[-1]] = value
    return root, where


def refusals(root: dict[str, Any]) -> list[dict[str, Any]]:
    try:
        compiled(json.dumps(root))
    except ScoreInvalid as error:
        found: list[dict[str, Any]] = error.facts["problems"]
        return found
    return []


def advice(place: Keys, root: dict[str, Any], generic: str, lead: str) -> str:
    """Return the advice for the place, without its lead, if it is made of what was written; else ""."""
    for problem in refusals(root):
        at_place = problem["field"].endswith("]" if place[-1] == "*" else place[-1])
        _, _, said = problem["message"].partition(lead)
        if at_place and said and f"write {said}" != generic and said != generic:
            return str(said)
    return ""


def wrong(root: dict[str, Any]) -> list[str]:
    """Return what is still wrong with the form of a score; the names in it may be unknown."""
    names: tuple[str, ...] = (
        "unknown sheet",
        "unknown instrument",
        "cannot need itself",
        "run is a script",
        "the name ",
        "cli has no",
        "is not a setting",
    )
    names += (
        "template:",
        "has run and",
        "a name cannot",
        "the variable",
        "a sheet with",
        "wait for each other",
        "is reserved",
        "a sheet on this machine cannot have",
    )
    return [each["message"] for each in refusals(root) if not each["message"].startswith(names)]


ALIKE = {(place[:-1], meant): place for place, meant in WORDS.meant.items()}  # one key of those with the same advice
SPECIAL = [
    ("sheets", "*", key) for key in ("timeout-minutes", "attempts", "depends_on", "strategy", "secrets", "replicas")
]


@pytest.mark.parametrize("place", sorted({*ALIKE.values(), *SPECIAL} & WORDS.meant.keys()), ids=".".join)
def test_a_key_that_is_written_as_advised_is_taken(place: Keys) -> None:
    for value in VALUES:
        root, where = score(place, value)
        said = (
            advice(place, root, WORDS.meant[place], "unknown key; write ")
            .partition(", the attempts")[0]
            .partition(" in run, or ")
        )
        entry = (
            (said[2].partition(" for the whole")[0] if said[2] else said[0])
            .partition(", looked up")[0]
            .partition(", and parallel")[0]
        )
        if not entry or entry.startswith(("the variables", "sheets")):
            continue
        written = yaml.safe_load(f"{{{entry}}}")
        del where[place[-1]]
        (root if said[2] else where).update(written)
        if "content_contains" in place or "content_regex" in place:
            where |= {"path": "a", "pattern": "b"} | where
        if "command_succeeds" in place:
            where.setdefault("command", "true")
        assert wrong(root) == [], (value, entry)


@pytest.mark.parametrize("place", sorted(WORDS.forms), ids=".".join)
def test_a_value_that_is_written_as_advised_is_taken(place: Keys) -> None:
    shown = 0
    for value in VALUES:
        root, where = score(place, value)
        said = advice(place, root, WORDS.forms[place], "; write ")
        if not said:
            continue
        written = yaml.safe_load(said)
        where[-1 if isinstance(where, list) else place[-1]] = written
        if place == ("sheets",):
            root["sheets"] = written
        assert wrong(root) == [], (value, said)
        shown += 1
    assert shown > 0


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{run: x, needs: first}", "should be a list, not the text 'first'; write [first]"),
        ("{run: x, needs: {first: b}}", "should be a list, not a mapping; write [first]"),
        ("{run: x, needs: [{job: first}]}", "should be the name or the number of a sheet, not a mapping; write first"),
        ("{run: x, depends_on: first}", "unknown key; write needs: [first]"),
        ("{run: x, retries: 3}", "unknown key; write retry: {max_retries: 3}"),
        ("{run: x, attempts: 3}", "unknown key; write retry: {max_retries: 2}, the attempts after the first one"),
        ("{run: x, retry: 3}", "should be a mapping, not the number 3; write {max_retries: 3}"),
        ("{run: x, timeout: 10m}", "unknown key; write timeout_seconds: 10m"),
        ("{run: x, timeout-minutes: 10}", "unknown key; write timeout_seconds: 10m"),
        ("{run: [npm ci, npm test]}", 'should be text, not a list; write "npm ci && npm test"'),
        ("{command: make}", "unknown key; write run: make"),
        ("{run: x, validate: {file_exists: f}}", "should be a list, not a mapping; write [{file_exists: f}]"),
        ("{run: x, validate: {type: file_exists, path: f}}", "should be a list, not a mapping; write [{file_exists: f}]"),
        ("{run: x, env: [A=1]}", 'should be a mapping, not a list; write {A: "1"}'),
        ("{name: n, run: x, foreach: a}",
         "should be a list, or a mapping of one name to a list, not the text 'a'; write [a]"),
        ("{name: n, run: x, foreach: {os: a}}", "should be a mapping of one name to a list, not to the text 'a'; write {os: [a]}"),
        ("{run: x, validate: [{contains: done}]}", "unknown key; write content_contains: {path: FILE, pattern: done}"),
        ("{run: x, secrets: [GH_TOKEN]}",
         "unknown key; write env: {GH_TOKEN: {from_env: GH_TOKEN}}, looked up when a sheet starts and never stored"),
        ("{bash_command: make}", "unknown key; write run: make"),
        ("{cmds: [go vet, go build]}", 'unknown key; write run: "go vet && go build"'),
        ("{run: x, deps: [first]}", "unknown key; write needs: [first]"),
        ("{run: x, upstream: first}", "unknown key; write needs: [first]"),
        ("{run: x, task_id: load}", "unknown key; write name: load"),
        ("{run: x, retry_delay: 5}", "unknown key; write retry: {base_delay_seconds: 5}"),
        ("{run: x, execution_timeout: 600}", "unknown key; write timeout_seconds: 600"),
        ("{run: x, retry: {backoff: 2}}", "unknown key; write exponential_base: 2"),
        ("{run: x, skip_if: a == 1}", "unknown key; write skip_when, the condition for skipping the sheet"),
        ("{name: n, run: x, foreach: a b}",
         "should be a list, or a mapping of one name to a list, not the text 'a b'; write [a, b]"),
        ("{run: x, replicas: 2}", "unknown key; write foreach: [1, 2], and parallel: {max_concurrent: 2} on the score"),
    ],
)  # fmt: skip
def test_advice_has_the_values_that_were_written(entry: str, message: str) -> None:
    assert only(sheets("{name: first, run: x}", entry))["message"] == message


def test_a_value_of_many_parts_or_with_a_secret_is_not_repeated() -> None:
    for value in (["s" * 10] * 50, ["s" * 100], [f"API_KEY={'s' * 10}"], {"PASSWORD": "hunter2"}):
        (problem,) = problems(sheets(f"{{run: x, env: {json.dumps([value] if isinstance(value, dict) else value)}}}"))
        assert problem["message"] == "should be a mapping, not a list; write {NAME: value}"


@pytest.mark.parametrize("value", VALUES)
def test_a_value_on_one_line_is_read_as_it_was(value: Any) -> None:
    assert yaml.safe_load(flow(value)) == value
    assert "\n" not in flow(value)


@pytest.mark.parametrize(
    ("place", "topic"), [("if", "conditions"), ("retries", "retry"), ("replicas", "foreach"), ("secrets", "env")]
)
def test_a_key_of_another_tool_leads_to_what_explains_ours(place: str, topic: str) -> None:
    assert only(sheets(f"{{run: x, {place}: 2}}"))["topic"] == topic
