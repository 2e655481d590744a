import json

import pytest

from podium.errors import ScoreInvalid
from podium.score.model.context import (
    MOST_OUTPUT_CHARS,
    OPEN_NAMES,
    captured_files,
    expand,
    previous_sheets,
    template_variables,
)
from podium.score.model.plan import MAX_LOOKBACK, CrossSheet, Plan, PlanSheet
from podium.score.templates.render import holds, render_script, render_text
from tests.unit.score.helpers import compiled, numbered, sheets

EVERY_NAME = (
    "{{ sheet_num }} {{ total_sheets }} {{ start_item }} {{ end_item }} {{ workspace }} {{ stage }} {{ instance }}"
    " {{ fan_count }} {{ total_stages }} {{ movement }} {{ voice }} {{ total_movements }}"
    " {{ previous_outputs }} {{ previous_files }} {{ skipped_upstream }} {{ voice_count }} {{ instrument_name }} {{ job_name }}"
    " {{ name }}"
)


def test_a_numbered_sheet_sees_every_name() -> None:
    plan = compiled(numbered(sheet="size: 1, total_items: 2, fan_out: {2: 2}", template=EVERY_NAME))
    script = render_script(plan, plan.sheet(3), workspace="/w", previous_outputs={})
    assert script == "3 3 3 3 /w 2 2 2 2 2 2 2 {} {} [] 2 cli demo "


def test_a_named_sheet_sees_every_name_its_item_and_its_variables() -> None:
    text = "variables: {who: me}\n" + sheets(
        "{run: x}", f"{{name: b, foreach: [p, q], run: '{EVERY_NAME} {{{{ item }}}} {{{{ who }}}}'}}"
    )
    plan = compiled(text)
    script = render_script(plan, plan.sheet(3), workspace="/w", previous_outputs={})
    assert script == "3 3 3 3 /w 2 2 2 2 2 2 2 {} {} [] 2 cli demo b[q] q me"


def test_earlier_outputs_have_an_entry_for_each_sheet_back_and_are_cut_to_their_end() -> None:
    template = "{% for num, text in previous_outputs.items() %}{{ num }}={{ text }};{% endfor %}"
    rest = "cross_sheet: {auto_capture_stdout: true, max_output_chars: 3, lookback_sheets: 2}"
    plan = compiled(numbered(rest, sheet="size: 1, total_items: 4", template=template))
    outputs = {1: "one", 2: "two", 3: "three"}
    assert [render_script(plan, sheet, workspace="/w", previous_outputs=outputs) for sheet in plan.sheets] == [
        "", "1=one;", "1=one;2=two;", "2=two;3=ree;"
    ]  # fmt: skip
    assert render_script(plan, plan.sheet(4), workspace="/w", previous_outputs={}) == "2=;3=;"
    assert list(previous_sheets(plan, plan.sheet(4))) == [2, 3]


def test_a_score_that_has_a_variable_with_one_of_the_open_names_keeps_it() -> None:
    own = ", ".join(f"{name}: own" for name in sorted(OPEN_NAMES))
    used = "".join(f"{{{{ {name} }}}}" for name in OPEN_NAMES)
    rest = "cross_sheet: {capture_files: ['*']}"
    for text in (
        f"{rest}\nvariables: {{{own}}}\n" + sheets(json.dumps({"run": used})),
        numbered(rest, template="x").replace("'x'", f"{json.dumps(used)}, variables: {{{own}}}"),
    ):
        plan = compiled(text)
        assert captured_files(plan, plan.sheet(1)) == ()
        assert render_script(plan, plan.sheet(1), workspace="/w", previous_outputs={}) == "own" * len(OPEN_NAMES)


def test_looking_back_no_number_of_sheets_means_all_of_them() -> None:
    for rest, text in (("sheets", sheets(*["{run: x}"] * 5)), ("sheet", numbered(sheet="size: 1, total_items: 5"))):
        plan = compiled(
            text.replace(rest, f"cross_sheet: {{auto_capture_stdout: true, lookback_sheets: 0}}\n{rest}", 1)
        )
        assert [list(previous_sheets(plan, sheet)) for sheet in plan.sheets] == [list(range(1, n)) for n in range(1, 6)]


def test_in_a_plan_of_an_earlier_version_no_number_of_sheets_means_none() -> None:
    plan = compiled(numbered("cross_sheet: {auto_capture_stdout: true}", sheet="size: 1, total_items: 2"))
    old = plan.model_copy(update={"cross_sheet": CrossSheet(auto_capture_stdout=True, lookback_sheets=0)})
    assert list(previous_sheets(old, old.sheet(2))) == []


def test_many_earlier_outputs_share_a_bound() -> None:
    rest = "cross_sheet: {auto_capture_stdout: true, lookback_sheets: 0, max_output_chars: 100000}"
    plan = compiled(numbered(rest, sheet=f"size: 1, total_items: {MAX_LOOKBACK + 2}"))
    last = plan.sheets[-1]
    assert previous_sheets(plan, last) == range(2, MAX_LOOKBACK + 2)
    found = template_variables(plan, last, workspace="/w", previous_outputs={2: "x" * 100_000})["previous_outputs"]
    assert (len(found), len(found[2])) == (MAX_LOOKBACK, MOST_OUTPUT_CHARS // MAX_LOOKBACK)


def test_a_skipped_sheet_has_a_word_in_place_of_its_output_and_its_number_in_a_list() -> None:
    rest = "cross_sheet: {auto_capture_stdout: true, lookback_sheets: 2, max_output_chars: 3}"
    plan = compiled(numbered(rest, sheet="size: 1, total_items: 4"))
    found = template_variables(plan, plan.sheet(4), workspace="/w", previous_outputs={2: "two"}, skipped=(1, 3))
    assert found["previous_outputs"] == {2: "two", 3: "[SKIPPED]"}
    assert found["skipped_upstream"] == [3]


def test_a_template_that_asks_what_was_skipped_is_one_that_looks_back() -> None:
    rest = "cross_sheet: {lookback_sheets: 2}"
    for template, asks in (("{{ skipped_upstream }}", True), ("{{ previous_outputs }}", True), ("{{ stage }}", False)):
        assert compiled(numbered(rest, template=template)).sheet(1).uses_previous_outputs is asks


def test_the_instrument_is_that_which_plays_the_sheet() -> None:
    plan = compiled(numbered(template="{{ instrument_name }}"))
    assert expand("{instrument_name}", plan, plan.sheet(1), workspace="/w") == "cli"
    assert expand("{instrument_name}", plan, plan.sheet(1), workspace="/w", instrument="crush") == "crush"


def test_without_capturing_there_are_no_earlier_outputs() -> None:
    plan = compiled(numbered(template="{{ previous_outputs }}"))
    assert render_script(plan, plan.sheet(2), workspace="/w", previous_outputs={1: "x"}) == "{}"


def test_a_script_that_an_output_makes_impossible_is_an_error_of_the_tree() -> None:
    text = "cross_sheet: {auto_capture_stdout: true}\n" + sheets(
        "{run: x}", "{name: b, run: '{{ 1 if not previous_outputs[1] else nope }}'}"
    )
    plan = compiled(text)
    with pytest.raises(ScoreInvalid, match="The template of sheet b, line 1: template: 'nope' is undefined"):
        render_script(plan, plan.sheet(2), workspace="/w", previous_outputs={1: "x"})


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("{workspace}/{sheet_num}.txt", "/w/2.txt"),
        ("{name}-{who}-{deep}", "b-me-{deep}"),
        (
            "${workspace} ${#list[@]} {{workspace}} {{ workspace }}",
            "${workspace} ${#list[@]} {{workspace}} {{ workspace }}",
        ),
        ("awk '{print $1}' f | jq '{a: .b}' {x,y} {1..3} {}", "awk '{print $1}' f | jq '{a: .b}' {x,y} {1..3} {}"),
        ("{ workspace } {workspace", "{ workspace } {workspace"),
        ("plain", "plain"),
    ],
)
def test_single_braces_around_a_known_name_are_filled_in_and_nothing_else(text: str, expanded: str) -> None:
    plan = compiled("variables: {who: me, deep: {a: 1}}\n" + sheets("{run: x}", "{name: b, run: x}"))
    assert expand(text, plan, plan.sheet(2), workspace="/w") == expanded


def test_in_a_numbered_score_double_braces_around_a_known_name_are_filled_in_too() -> None:
    plan = compiled(numbered(template="x").replace("'x'", "'x', variables: {who: me, deep: {a: 1}}"))
    text = "{{ who }}/{{who}}/{who}/{{ deep }}/{{ nobody }}/${{ who }}/{{ who | upper }}"
    expanded = "me/me/me/{{ deep }}/{{ nobody }}/${{ who }}/{{ who | upper }}"
    assert expand(text, plan, plan.sheet(2), workspace="/w") == expanded


def test_a_value_with_braces_is_not_filled_in_again() -> None:
    plan = compiled("variables: {who: '{workspace}'}\n" + sheets("{run: x}"))
    assert expand("{who}", plan, plan.sheet(1), workspace="/w") == "{workspace}"


def skips(plan: Plan, sheet: PlanSheet, *, statuses: dict[str, str]) -> bool:
    variables = template_variables(plan, sheet, workspace="/w", previous_outputs={})
    return holds(sheet.skip_when, variables, statuses, sheet.label)


def test_skip_when_is_decided_from_variables_and_the_status_of_other_sheets() -> None:
    text = "variables: {mode: fast}\n" + sheets(
        "{name: a, run: x}",
        "{name: b, run: x, skip_when: 'mode == \"slow\"'}",
        '{name: c, run: x, skip_when: \'statuses["a"] == "skipped" or statuses[2] == "skipped"\'}',
    )
    plan = compiled(text)
    a, b, c = plan.sheets
    assert (a.skip_asks, b.skip_asks, c.skip_asks) == (None, (), (1, 2))
    statuses = {"1": "completed", "a": "completed", "2": "completed", "b": "completed"}
    assert [skips(plan, sheet, statuses=statuses) for sheet in (b, c)] == [False, False]
    assert skips(plan, c, statuses={**statuses, "2": "skipped"})
    assert skips(compiled(text, variables={"mode": "slow"}), b, statuses={})
    with pytest.raises(ScoreInvalid, match="skip_when of sheet c cannot be evaluated"):
        skips(plan, c, statuses={})


def test_a_lack_of_memory_is_not_told_as_a_fault_of_the_template() -> None:
    class Lacking:
        def __str__(self) -> str:
            raise MemoryError

    with pytest.raises(MemoryError):
        render_text("{{ x }}", {"x": Lacking()}, "a")


def test_skip_when_is_decided_from_whether_the_validations_of_another_sheet_passed() -> None:
    condition = "sheets.get(1) and sheets[1].validation_passed"
    plan = compiled(numbered(sheet=f"size: 1, total_items: 3, skip_when: {{3: '{condition}'}}"))
    assert plan.sheet(3).skip_asks == (1,)
    assert skips(plan, plan.sheet(3), statuses={"1": "completed"})
    assert not skips(plan, plan.sheet(3), statuses={"1": "failed"})


def test_a_variable_called_sheets_is_the_one_that_a_condition_sees() -> None:
    plan = compiled("variables: {sheets: 3}\n" + sheets("{run: x}", "{run: x, skip_when: sheets == 3}"))
    assert skips(plan, plan.sheet(2), statuses={})
