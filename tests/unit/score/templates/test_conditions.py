import re

import pytest

from podium.score.templates.conditions import MAX_DEPTH, ConditionFault, decide, parse, sheet_facts

VARIABLES = {
    "sheet_num": 3,
    "stage": 2,
    "ratio": 0.5,
    "dry": True,
    "mode": "fast",
    "statuses": {"lint": "skipped", 2: "failed"},
    "sheets": sheet_facts({1: "completed", 2: "failed"}),
}


@pytest.mark.parametrize(
    ("expr", "holds"),
    [
        ("sheet_num >= 3", True),
        ("sheet_num > 3", False),
        ("sheet_num == 3 and stage == 2", True),
        ("sheet_num == 3 and stage == 1", False),
        ("ratio < 0.75", True),
        ("sheet_num != -1", True),
        ("True", True),
        ("false", False),
        ("dry", True),
        ("not dry", False),
        ("not (stage == 1 or dry)", False),
        ("stage == 1 or stage == 2 and dry", True),
        ('mode == "fast"', True),
        ("mode == 'slow'", False),
        ('statuses["lint"] == "skipped"', True),
        ("statuses[2] != 'failed'", False),
        ("  sheet_num<=3  ", True),
        ("not not dry", True),
        ("sheets.get(1) and sheets[1].validation_passed", True),
        ("sheets.get(2) and sheets[2].validation_passed", False),
        ("sheets.get(9) and sheets[9].validation_passed", False),
        ("not sheets.get(9)", True),
        ("sheets.get(2).status == 'failed' and sheets[1].status != 'failed'", True),
    ],
)
def test_a_condition_is_decided_from_the_variables(expr: str, holds: bool) -> None:
    assert decide(expr, VARIABLES) is holds


@pytest.mark.parametrize(
    ("expr", "message"),
    [
        ("", "is missing"),
        ("blah blah", "'blah' is unexpected here"),
        ("sheet_num >=", "is missing"),
        ("== 3", "is missing before '=='"),
        ("sheet_num = 3", "'= 3' cannot be parsed"),
        ("3x == 3", "cannot be parsed"),
        ("(stage", "')' is missing"),
        ("stage)", "')' is unexpected"),
        ("statuses[lint]", "is missing before 'lint'"),
        ("statuses['lint'", "']' is missing"),
        ("a and and b", "is missing before 'and'"),
        ("f(x)", "'(' is unexpected"),
        ("a.b", "a has no 'b' here; only sheets[3] has something after a dot: status or validation_passed"),
        ("job.status == 'failed'", "job has no 'status' here"),
        ("sheets[3].exit_code == 0", "sheets has no 'exit_code' here"),
        ("sheets.items()", "'get' is missing"),
        ("sheets.get(stage)", "is missing before 'stage'"),
        ("sheets[3] is None", "'is' is unexpected here"),
        ("'open", "cannot be parsed"),
        ("not", "is missing"),
        ("1 < 2 < 3", "'<' is unexpected"),
        ("(" * 100 + "1" + ")" * 100, f"nested deeper than {MAX_DEPTH}"),
        ("a" * 2000, "is longer than"),
        ("\\d", "cannot be parsed"),
    ],
)
def test_what_is_not_a_condition_is_refused_with_a_reason(expr: str, message: str) -> None:
    with pytest.raises(ConditionFault) as caught:
        parse(expr)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("expr", "message"),
    [
        ("nope == 1", "unknown variable 'nope'"),
        ("mode < 3", "'fast' and 3 cannot be compared with <"),
        ("statuses['tests'] == 'failed'", "statuses has no entry 'tests'"),
        ("stage[0] == 1", "stage has no entry 0"),
        ("sheets[9].status == 'failed'", "sheets has no entry 9"),
        ("sheets.get(9).status == 'failed'", "there is no sheet with a status; ask sheets.get(3) first"),
    ],
)
def test_what_cannot_be_decided_says_why(expr: str, message: str) -> None:
    with pytest.raises(ConditionFault, match=re.escape(message)):
        decide(expr, VARIABLES)


def test_the_right_side_of_and_is_not_looked_at_when_the_left_side_decides() -> None:
    assert decide("stage == 9 and nope == 1", VARIABLES) is False


def test_a_condition_tells_which_names_and_statuses_it_uses() -> None:
    condition = parse("stage == 1 or statuses['a'] == mode or sheets[3].status == 'failed' or sheets.get(4)")
    assert condition.names == {"stage", "statuses", "mode", "sheets"}
    assert condition.sheets == {"a", 3, 4}
