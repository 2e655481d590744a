"""Compiling scores in tests."""

from collections.abc import Collection, Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from podium.errors import ScoreInvalid
from podium.score.compile import compile_score
from podium.score.model.plan import Plan

CWD = Path("/caller")
INSTRUMENTS = ("cli", "claude-code")
PROFILES = {"claude-code": {"settings": {"model": "--model"}}}


def compiled(text: str, *, path: Path | None = None, cwd: Path = CWD, instruments: Collection[str] = INSTRUMENTS,
             variables: Mapping[str, str] | None = None, workspace: str | None = None) -> Plan:  # fmt: skip
    """Compile an indented text."""
    return compile_score(
        dedent(text),
        path=path,
        cwd=cwd,
        profiles={name: PROFILES.get(name, {}) for name in instruments},
        variables=variables or {},
        workspace=workspace,
    )


def problems(text: str, **options: Any) -> list[dict[str, Any]]:
    """Compile a text that must be refused, and return its problems."""
    with pytest.raises(ScoreInvalid) as caught:
        compiled(text, **options)
    found: list[dict[str, Any]] = caught.value.facts["problems"]
    return found


def places(text: str, **options: Any) -> list[tuple[int, int, str]]:
    """Return line, column and field of each problem."""
    return [(problem["line"], problem["column"], problem["field"]) for problem in problems(text, **options)]


def only(text: str, **options: Any) -> dict[str, Any]:
    """Return the one problem of a text that must have exactly one."""
    (problem,) = problems(text, **options)
    return problem


def sheets(*entries: str) -> str:
    """Return a named score with these sheets, each a flow mapping that begins on line 2, 3, ..."""
    return "name: demo\nsheets:\n" + "".join(f"- {entry}\n" for entry in entries)


def numbered(rest: str = "", *, sheet: str = "size: 1, total_items: 3", template: str = "true") -> str:
    """Return a numbered score for cli; `rest` begins on line 5."""
    return f"name: demo\ninstrument: cli\nsheet: {{{sheet}}}\nprompt: {{template: {template!r}}}\n{rest}\n"


def needs_of(plan: Plan) -> dict[str, tuple[str, ...]]:
    """Return the labels that each sheet needs, by its label."""
    return {sheet.label: tuple(plan.sheet(num).label for num in sheet.needs) for sheet in plan.sheets}
