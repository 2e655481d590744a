"""`hold` on a sheet of a named score: what it takes, what it means, and where it stands in the plan."""

import pytest

from podium.score.model.plan import dump_plan, load_plan
from podium.score.model.view import plan_view
from tests.unit.score.helpers import compiled, numbered, only, sheets


def hold_of(value: str) -> str:
    return compiled(sheets(f"{{name: a, run: x, hold: {value}}}")).sheets[0].hold


@pytest.mark.parametrize("value", ["true", "yes", "on", "True", '"true"', '" yes "'])
def test_a_hold_that_is_only_switched_on_asks_in_words_of_ours(value: str) -> None:
    assert hold_of(value) == "may it run?"


@pytest.mark.parametrize("value", ["false", "no", "off", "null", "~", '""', '"  "', "False"])
def test_a_hold_that_is_off_holds_nothing(value: str) -> None:
    assert hold_of(value) == ""


def test_a_text_is_what_is_asked_in_one_line() -> None:
    assert hold_of("Deploy?") == "Deploy?"
    text = "name: demo\nsheets:\n- name: a\n  run: x\n  hold: |\n    Deploy\n      to production?\n"
    assert compiled(text).sheets[0].hold == "Deploy to production?"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("3", "should be a text that says what to approve, or true, not the number 3"),
        ("[a]", "should be a text that says what to approve, or true, not a list"),
        ("{text: a}", "should be a text that says what to approve, or true, not a mapping"),
        ("x" * 1001, "has 1001 characters, more than the limit of 1000"),
    ],
)
def test_anything_else_is_refused_with_its_line(value: str, message: str) -> None:
    problem = only(sheets("{name: z, run: x}", f"{{name: a, run: x, hold: {value}}}"))
    assert (problem["line"], problem["field"], problem["message"]) == (4, "sheets[1].hold", message)


def test_each_sheet_of_a_foreach_holds_with_the_text_as_it_is_written_and_a_note_says_so() -> None:
    plan = compiled(sheets("{name: a, foreach: [b, c], hold: 'to {{ item }}?', run: x}"))
    assert [sheet.hold for sheet in plan.sheets] == ["to {{ item }}?"] * 2
    assert plan.warnings == ("Line 3: the hold of a sheet is used as written, without filling in {{ item }}.",)


def test_the_plan_shows_it_and_keeps_it_and_a_plan_without_it_is_stored_as_before() -> None:
    plan = compiled(sheets("{name: a, run: x}", "{name: b, hold: go on?, run: x}"))
    assert [sheet.hold for sheet in plan_view(plan, instruments_found=["cli"]).sheets] == ["", "go on?"]
    assert load_plan(dump_plan(plan)) == plan
    assert dump_plan(plan).count('"hold"') == 1


@pytest.mark.parametrize("key", ["approval", "manual", "pause"])
def test_the_words_of_others_lead_to_it(key: str) -> None:
    assert only(sheets(f"{{run: x, {key}: x}}"))["message"] == 'unknown key; write hold: "what to approve"'
    on_score = only(f"{key}: x\n" + sheets("{run: x}"))["message"]
    assert on_score == "unknown key; write hold on the sheet that waits for an approval"


def test_a_numbered_score_has_none_and_says_which_has() -> None:
    told = "unknown key; only a sheet of a named score can wait for an approval, with hold"
    assert only(numbered("hold: x"))["message"] == told
    assert only(numbered(sheet="size: 1, total_items: 3, hold: x"))["message"] == told


def test_a_plan_keeps_no_secret_that_the_text_of_a_hold_or_a_description_names() -> None:
    told = "Log in with --password pw-77 at https://me:told99@host/?"
    hidden = "Log in with --password [value of password] at https://me:[value of a password]@host/?"
    plan = compiled(f"description: '{told}'\n" + sheets(f"{{name: a, run: x, hold: '{told}', description: '{told}'}}"))
    assert [plan.description, plan.sheets[0].hold, plan.sheets[0].description] == [hidden] * 3
