"""Requirements and tests are tied both ways: requirements.toml names tests, and every wide test is named there."""

import ast
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).parent
# Tests of these folders run the whole or break something on purpose: each must be there for a stated reason.
NAMED = ("e2e", "fault")


def load() -> list[dict[str, Any]]:
    """Return the requirements in the file's order."""
    entries: list[dict[str, Any]] = tomllib.loads((TESTS / "requirements.toml").read_text())["requirement"]
    return entries


REQUIREMENTS = load()


def ids_in(path: Path) -> set[str]:
    """Return the ids `folder/file.py::name` of a file's tests."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {f"{path.relative_to(TESTS)}::{node.name}" for node in functions if node.name.startswith("test_")}


@cache
def existing() -> set[str]:
    """Return every test id, and every file's own id, which stands for all its tests."""
    files = sorted(TESTS.rglob("test_*.py"))
    return {str(path.relative_to(TESTS)) for path in files} | {test for path in files for test in ids_in(path)}


@pytest.mark.parametrize("entry", REQUIREMENTS, ids=[entry["id"] for entry in REQUIREMENTS])
def test_a_requirement_is_complete_and_its_tests_exist(entry: dict[str, Any]) -> None:
    assert set(entry) == {"id", "text", "source", "tests"}
    assert re.fullmatch(r"[a-z0-9]+([.-][a-z0-9]+)*", entry["id"])
    assert entry["text"].endswith(".")
    assert entry["tests"]
    assert not set(entry["tests"]) - existing()


def test_requirement_ids_are_unique() -> None:
    ids = [entry["id"] for entry in REQUIREMENTS]
    assert sorted(ids) == sorted(set(ids))


def test_every_wide_test_is_named_by_a_requirement() -> None:
    named = {test for entry in REQUIREMENTS for test in entry["tests"]}
    wide = {test for folder in NAMED for path in (TESTS / folder).rglob("test_*.py") for test in ids_in(path)}
    unnamed = sorted(test for test in wide if test not in named and test.partition("::")[0] not in named)
    assert not unnamed, "add to requirements.toml:\n" + "\n".join(unnamed)
