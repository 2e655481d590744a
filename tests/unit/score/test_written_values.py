"""What was written in a score is what is used: YAML 1.1's other readings of it are used nowhere, and noted where they matter."""

import json
from pathlib import Path
from typing import Any

import pytest

from podium.score.model.plan import Plan, dump_plan, load_plan
from podium.score.templates.render import render_script
from tests.unit.score.helpers import compiled, numbered, only, sheets

WRITTEN = (
    "3.10", "3.9", "no", "yes", "on", "off", "y", "n", "01234", "12:30:00", "1_0", "0o17", "0x1f", "1e3", "1.0e+3", ".5", "6.", "-0",
    "+3", "2024-01-02", "~", "null", "NULL", ".inf", ".NaN", "=", "true", "True", "FALSE", "3", "-3", "3.5", "1.50", "0.10",
    "99999999999999999999", "1:30",
)  # fmt: skip


def texts(plan: Plan, num: int = 1) -> str:
    """Return what a sheet of the plan runs, after the plan was stored and read again."""
    plan = load_plan(dump_plan(plan))
    return render_script(plan, plan.sheet(num), workspace="/w", previous_outputs={})


@pytest.mark.parametrize("written", WRITTEN)
def test_a_value_is_the_same_text_wherever_it_stands(written: str) -> None:
    text = f"""\
        name: demo
        workspace: x{written}
        variables: {{v: {written}, l: [{written}], d: {{k: {written}}}}}
        env: {{V: {written}}}
        sheets:
        - {{name: a, foreach: [{written}], run: '{{{{ v }}}} {{{{ item }}}} {{{{ l[0] }}}} {{{{ d.k }}}} {{{{ v ~ "" }}}}',
           env: {{W: {written}}}, validate: [{{file_exists: "{{v}}"}}]}}
        """
    plan = compiled(text)
    assert texts(plan) == " ".join([written] * 5)
    assert plan.sheets[0].name == f"a[{written}]"
    assert (plan.env, plan.sheets[0].env) == ({"V": written}, {"W": written})
    given = compiled(text.replace(f"v: {written},", "v: other,"), variables={"v": written})
    assert texts(given) == texts(plan)


@pytest.mark.parametrize("written", WRITTEN)
def test_a_value_is_the_same_text_in_a_numbered_score(written: str) -> None:
    text = f"name: demo\ninstrument: cli\nsheet: {{size: 1, total_items: 1}}\nprompt:\n  variables: {{v: {written}}}\n"
    assert texts(compiled(text + "  template: '{{ v }}'\n")) == written


@pytest.mark.parametrize("written", [each for each in WRITTEN if each not in {"~", "null", "NULL"}])
def test_a_value_is_text_where_a_field_asks_for_text(written: str) -> None:
    plan = compiled(
        sheets(
            f"{{name: x{written}, description: {written}, run: {written}}}",
            f"{{name: b, needs: [x{written}], run: x, validate: [{{file_exists: {written}}}, {{command_succeeds: {written}}}, "
            f"{{content_contains: {{path: {written}, pattern: {written}}}}}]}}",
        )
    )
    assert (plan.sheets[0].description, texts(plan), plan.sheets[1].needs) == (written, written, (1,))
    exists, command, contains = plan.validations
    assert (exists.path, command.command, contains.path, contains.pattern) == (written,) * 4


@pytest.mark.parametrize("written", ["3.10", "no", "true", "01234", "0x1f"])
def test_a_sheet_can_have_the_name_and_be_needed_by_it(written: str) -> None:
    entries = [f"{{name: {written}x, run: x}}", f"{{name: b, needs: [{written}x], run: x}}"]
    assert compiled(sheets(*entries)).sheets[1].needs == (1,)
    if not written.isdecimal():
        assert compiled(sheets(*[entry.replace("x,", ",").replace("x]", "]") for entry in entries])).sheets[
            1
        ].needs == (1,)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ build + 1 }}", "42"), ("{{ ratio * 2 }}", "7.0"), ("{% if flag %}a{% else %}b{% endif %}", "a"),
        ("{% if off %}a{% else %}b{% endif %}", "b"), ("{% if build > 40 %}a{% endif %}", "a"), ("{{ flag | string }}", "true"),
        ("{{ [flag, build, empty] | join(',') }}", "true,41,null"), ("{{ flag is true }}", "true"), ("{{ empty is none }}", "true"),
        ("{{ values | tojson }}", '[1, true, null, "3.10"]'),
    ],
)  # fmt: skip
def test_plain_numbers_and_booleans_can_be_reckoned_with(template: str, text: str) -> None:
    head = "variables: {build: 41, ratio: 3.5, flag: true, off: false, empty: null, values: [1, true, null, 3.10]}\n"
    assert texts(compiled(head + sheets(json.dumps({"run": template})))) == text


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("version == 3.10", True), ("version != 3.1", True), ("version == 3.1", False), ('version == "3.10"', True), ("build == 41", True),
        ("build >= 41", True), ("3.10 == version", True), ("flag == true", True), ("flag", True), ("country == 'no'", True),
    ],
)  # fmt: skip
def test_a_condition_compares_what_was_written(condition: str, holds: bool) -> None:
    text = "variables: {version: 3.10, build: 41, flag: true, country: no}\n" + sheets(
        f"{{run: x, validate: [{{file_exists: {{path: a, condition: {json.dumps(condition)}}}}}]}}"
    )
    assert bool(compiled(text).sheets[0].validations) is holds


def test_a_text_has_no_order_among_numbers() -> None:
    entry = '{run: x, skip_when: "version >= 3.9"}'
    assert "cannot be compared" in only("variables: {version: 3.10}\n" + sheets(entry))["message"]


@pytest.mark.parametrize(
    ("own", "given", "template", "text"),
    [
        ("41", "42", "{{ v + 1 }}", "43"), ("true", "false", "{% if v %}a{% else %}b{% endif %}", "b"), ("'41'", "42", "{{ v + '1' }}", "421"),
        ("3", "3.10", "{{ v }}", "3.10"), ("3.5", "4", "{{ v + 1 }}", "5"), ("no", "true", "{{ v }}", "true"),
    ],
)  # fmt: skip
def test_a_variable_of_the_start_is_of_the_kind_that_the_score_has(
    own: str, given: str, template: str, text: str
) -> None:
    score = f"variables: {{v: {own}}}\n" + sheets(json.dumps({"run": template}))
    assert texts(compiled(score, variables={"v": given})) == text


def test_a_variable_of_the_start_that_is_no_boolean_any_more_is_noted() -> None:
    score = "variables: {dry: true}\n" + sheets("{run: '{{ dry }}'}")
    assert compiled(score, variables={"dry": "maybe"}).warnings == (
        "the variable dry is a boolean in the score, and the text 'maybe' now; pass true or false to keep it one.",
    )
    assert compiled(score, variables={"dry": "no"}).warnings == ()


def test_values_that_yaml_reads_differently_are_one_note_with_their_lines() -> None:
    text = """\
        name: demo
        variables:
          version: 3.10
          nested: {deep: [no]}
          quoted: "no"
          plain: [3, 3.5, true, null, text, 2024-01-02]
        sheets:
        - {name: a, foreach: [01, x], run: "{{ item }}"}
        """
    assert compiled(text).warnings == (
        "Lines 3, 4, 8: used as written, where YAML 1.1 has other values: 3.10 (3.1), no (false), 01 (1). Those count only where a "
        "template or condition tests whether they are true. Quote a text to leave no doubt; only true, false, null and numbers such as 3 or 3.5 are no text.",
    )


def test_a_note_of_many_values_stays_short() -> None:
    items = ", ".join(f"0{number}" for number in range(10, 80))
    (note,) = compiled(sheets(f"{{name: a, foreach: [{items}], run: x}}")).warnings
    assert "010 (8), 011 (9), 012 (10), 013 (11), 014 (12) and 51 more." in note


def test_anchors_merges_and_blocks_keep_what_was_written() -> None:
    text = """\
        name: demo
        variables:
          base: &base {version: &v 3.10, ok: no}
          merged: {<<: *base, extra: 1}
          alias: *v
          block: |-
            3.10
        env: {V: *v}
        sheets: [{run: "{{ merged.version }} {{ merged.ok }} {{ alias }} {{ block }}"}]
        """
    plan = compiled(text)
    assert (texts(plan), plan.env) == ("3.10 no 3.10 3.10", {"V": "3.10"})


def test_a_score_in_json_is_read_the_same_way() -> None:
    score = {
        "name": "demo",
        "variables": {"n": 3, "t": True, "x": None, "s": "no"},
        "sheets": [{"run": "{{ n + 1 }}{{ t }}{{ x }}{{ s }}"}],
    }
    assert texts(compiled(json.dumps(score))) == "4truenullno"
    assert texts(compiled('{"name": "a", "variables": {"v": 3.10}, "sheets": [{"run": "{{ v }}"}]}')) == "3.10"


@pytest.mark.parametrize(
    ("given", "seconds"), [("90", 90), ("1.5", 1.5), ("90s", 90), ("5m", 300), ("2h", 7200), ("1d", 86400), ("500ms", 0.5), ('"5m"', 300)]
)  # fmt: skip
def test_a_duration_takes_a_unit(given: str, seconds: float) -> None:
    entry = f"{{run: x, timeout_seconds: {given}, retry: {{max_retries: 1, base_delay_seconds: {given}, max_delay_seconds: 2d}}}}"
    plan = compiled(sheets(entry))
    assert (plan.sheets[0].timeout_seconds, plan.retries[1].base_delay_seconds) == (seconds, seconds)
    score = numbered(f"pause_between_sheets_seconds: {given}").replace(
        "cli", f"cli\ninstrument_config: {{timeout_seconds: {given}}}"
    )
    assert (compiled(score).pause_between_sheets_seconds, compiled(score).sheets[0].timeout_seconds) == (
        seconds,
        seconds,
    )


@pytest.mark.parametrize("given", ["5 minutes", "1:30", "m", "-5m", "1e3", "5M", ".inf"])
def test_what_is_no_duration_is_refused(given: str) -> None:
    message: str = only(sheets(f"{{run: x, timeout_seconds: {given}}}"))["message"]
    assert message.startswith("should be a number of seconds, or one with a unit such as 90s, 5m or 2h")


def test_delays_in_milliseconds_take_a_unit_too() -> None:
    text = "parallel: {stagger_delay_ms: 2s}\n" + sheets(
        "{run: x, validate: [{file_exists: {path: a, retry_delay_ms: 500ms}}]}"
    )
    plan = compiled(text)
    assert (plan.stagger_delay_ms, plan.validations[0].retry_delay_ms) == (2000, 500)
    assert "500ms or 2s" in only(text.replace("2s", "soon"))["message"]


@pytest.mark.parametrize(
    ("written", "value"), [("yes", True), ("on", True), ("True", True), ("no", False), ("off", False)]
)
def test_a_field_that_asks_for_a_boolean_takes_yaml_s_words(written: str, value: bool) -> None:
    assert compiled(f"parallel: {{fail_fast: {written}}}\n" + sheets("{run: x}")).fail_fast is value


@pytest.mark.parametrize("off", ["false", "no", "off", "{enabled: no}", "{enabled: false}"])
def test_an_unsupported_field_is_off_in_all_of_yaml_s_words(off: str) -> None:
    (note,) = compiled(numbered(f"learning: {off}")).warnings
    assert note.endswith("nothing is done with these keys: learning (it is off).")


def test_numbers_are_read_where_a_field_asks_for_them(tmp_path: Path) -> None:
    fields: dict[str, Any] = {"max_concurrent": "1_0", "stagger_delay_ms": "0"}
    head = "parallel: {" + ", ".join(f"{name}: {value}" for name, value in fields.items()) + "}\n"
    assert compiled(head + sheets("{run: x}")).max_concurrent == 10
