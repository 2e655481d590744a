"""`on_end` of a score: what it takes in both dialects, and what is refused at which place."""

import pytest

from tests.unit.score.helpers import compiled, numbered, only, sheets

COMMAND = "echo \"$PODIUM_JOB_STATUS\" | grep -o '{{ .x }}' || printf %s {a}\n"


@pytest.mark.parametrize("text", [sheets("{run: x}"), numbered()], ids=["named", "numbered"])
def test_a_command_goes_into_the_plan_as_it_is_written(text: str) -> None:
    assert compiled(text).on_end == ""
    indented = "".join(f"    {line}\n" for line in COMMAND.splitlines())
    plan = compiled(f"{text}on_end:\n  run: |\n{indented}")
    assert (plan.on_end, plan.warnings) == (COMMAND, ())


@pytest.mark.parametrize(
    ("value", "column", "field", "message"),
    [
        ("curl x", 9, "on_end", "should be a mapping, not the text 'curl x'; write {run: curl x}"),
        ("[a]", 9, "on_end", "should be a mapping, not a list; write {run: COMMAND}"),
        ("{}", 9, "on_end", "needs run, the commands"),
        ("{run: ' '}", 9, "on_end", "needs run, the commands"),
        ("{run: [a]}", 15, "on_end.run", "should be text, not a list; write a"),
        ("{run: x, when: failed}", 18, "on_end.when", "unknown key"),
        (
            "{run: '#!/usr/bin/env python3'}",
            15,
            "on_end.run",
            "has a #! line, which only a sheet's run can have: bash plays it; call the program instead",
        ),
        (
            "{run: 'echo {{ workspace }}'}",
            15,
            "on_end.run",
            "is not a template, so {{ workspace }} would not be filled in; write $PODIUM_WORKSPACE",
        ),
        (
            "{run: 'echo {{ stage }}'}",
            15,
            "on_end.run",
            "is not a template, so {{ stage }} would not be filled in; write its value, or $NAME of a variable in env",
        ),
    ],
)
def test_what_is_no_command_is_refused_at_its_place(value: str, column: int, field: str, message: str) -> None:
    problem = only(f"{sheets('{run: x}')}on_end: {value}\n")
    found = tuple(problem[key] for key in ("line", "column", "field", "message", "topic"))
    assert found == (4, column, field, message, "score")


def test_a_sheet_has_none() -> None:
    message = only(sheets("{run: x, on_end: {run: y}}"))["message"]
    assert message == "unknown key; it belongs to the score, next to sheets"


def test_the_words_of_other_tools_lead_to_it() -> None:
    for key in ("notify", "on_failure", "webhook"):
        problem = only(f"{sheets('{run: x}')}{key}: x\n")
        assert "write on_end: {run: COMMAND} on the score" in problem["message"]
        assert problem["topic"] == "score"
