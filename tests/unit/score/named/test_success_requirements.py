"""A named score says which of its prompts also tell where the agent is and what is checked."""

import pytest

from podium.score.model.plan import Plan
from tests.unit.score.helpers import compiled, only

SHEETS = "sheets:\n- {run: make}\n- {prompt: review}\n- {prompt: mend, success_requirements: %s}\n"


def told(plan: Plan) -> list[bool]:
    return [sheet.told for sheet in plan.sheets]


@pytest.mark.parametrize(
    ("score", "sheet", "expected"),
    [
        ("", "true", [False, False, True]),
        ("", "false", [False, False, False]),
        ("success_requirements: true\n", "false", [False, True, False]),
        ("success_requirements: true\n", "true", [False, True, True]),
    ],
)
def test_a_sheets_own_word_wins_over_that_of_the_score(score: str, sheet: str, expected: list[bool]) -> None:
    assert told(compiled(f"name: demo\ninstrument: claude-code\n{score}{SHEETS % sheet}")) == expected


def test_a_script_is_told_nothing() -> None:
    problem = only("name: demo\nsheets:\n- {run: make, success_requirements: true}\n")
    assert (problem["field"], problem["message"]) == (
        "sheets[0].success_requirements", "is for a prompt; a script is told nothing"
    )  # fmt: skip
    problem = only("name: demo\nsuccess_requirements: true\nsheets:\n- {run: make}\n")
    assert (problem["line"], problem["message"]) == (2, "no sheet has a prompt, so it would have no effect")
    assert told(compiled("name: demo\nsuccess_requirements: false\nsheets:\n- {run: make}\n")) == [False]


@pytest.mark.parametrize("key", ["prelude", "cadenzas", "prompt_extensions", "stakes", "thinking_method"])
def test_the_words_of_the_numbered_form_name_the_prompt(key: str) -> None:
    problem = only(f"name: demo\n{key}: [x]\nsheets:\n- {{prompt: x, instrument: claude-code}}\n")
    assert "write the prompt of a sheet, which can also name files for the agent to read" in problem["message"]
    problem = only(f"name: demo\nsheets:\n- {{prompt: x, instrument: claude-code, {key}: [x]}}\n")
    assert "write prompt, which can also name files for the agent to read" in problem["message"]


def test_stakes_are_no_variable_of_a_named_score() -> None:
    assert "'stakes' is undefined" in only("name: demo\nsheets:\n- {run: 'echo {{ stakes }}'}\n")["message"]
