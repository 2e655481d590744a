"""A text that YAML 1.1 reads as something else prints as it is written, and counts as what is read where that is asked for."""

import json

import pytest

from podium.score.model.plan import Plan, dump_plan, load_plan
from podium.score.templates.render import render_script
from tests.unit.score.helpers import compiled, numbered, only, sheets

HEAD = (
    "variables: {dry: no, off: False, nothing: ~, empty: , zero: 00, deep: {flag: off, items: [No]}, real: false, on: On, py: True, "
    "quoted: 'no', anchored: &a NO, same: *a}\n"
)


def texts(plan: Plan, num: int = 1) -> str:
    """Return what a sheet of the plan runs, after the plan was stored and read again."""
    plan = load_plan(dump_plan(plan))
    return render_script(plan, plan.sheet(num), workspace="/w", previous_outputs={})


def named(template: str) -> Plan:
    return compiled(HEAD + sheets(json.dumps({"run": template})))


def as_numbered(template: str, variables: str = HEAD) -> Plan:
    own = variables.strip().removeprefix("variables: ")
    return compiled(
        numbered(template="x").replace("template: 'x'", f"variables: {own}, template: {json.dumps(template)}")
    )


@pytest.mark.parametrize("form", [named, as_numbered])
@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{% if dry %}a{% endif %}{{ dry }}", "no"), ("{% if not off %}a{% endif %}{{ off }}", "aFalse"), ("{{ 'a' if dry else 'b' }}", "b"),
        ("{{ nothing or 'a' }}{{ nothing }}", "a~"), ("{{ empty is none }}{{ empty }}", "true"), ("{% if zero %}a{% endif %}{{ zero }}", "00"),
        ("{% if deep.flag %}a{% endif %}{{ deep.flag }}", "off"), ("{{ deep['items'] | select | list | length }}", "0"),
        ("{% if on and py %}a{% endif %}{{ on }}{{ py }}", "aOnTrue"), ("{% if quoted %}a{% endif %}", "a"),
        ("{% if anchored or same %}a{% endif %}{{ same }}", "NO"), ("{{ dry == false }}{{ py == true }}{{ dry != true }}", "truetruetrue"),
        ("{{ dry == 'no' }}{{ py == 'True' }}{{ py == 'true' }}", "truetruefalse"), ("{{ off is false }}{{ off is boolean }}", "truetrue"),
        ("{{ nothing is none }}{{ nothing == none }}{{ quoted is boolean }}", "truetruefalse"), ("{{ dry | default('a', true) }}", "a"),
        ("{{ [py, dry, nothing, quoted] | tojson }}", '[true, false, null, "no"]'), ("{{ dry ~ py }}{{ dry | upper }}", "noTrueNO"),
        ("{% if dry | string %}a{% endif %}", "a"), ("{{ [dry, py] | join(',') }}", "no,True"), ("{{ dry in ['no', 'off'] }}", "true"),
    ],
)  # fmt: skip
def test_the_words_of_yaml_for_booleans_and_null(form: object, template: str, text: str) -> None:
    assert callable(form)
    assert texts(form(template)) == text


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("dry", False), ("not off", True), ("py and not dry", True), ("zero", False), ("dry == false", True), ("py == True", True), ("nothing", False),
        ("dry == 'no'", True), ("quoted", True), ("off == 'False'", True), ("dry != false", False),
    ],
)  # fmt: skip
def test_conditions_ask_in_the_same_way(condition: str, holds: bool) -> None:
    check = f"{{run: x, validate: [{{file_exists: {{path: a, condition: {json.dumps(condition)}}}}}]}}"
    assert bool(compiled(HEAD + sheets(check)).sheets[0].validations) is holds


def test_an_item_of_foreach_is_its_sheet_s() -> None:
    entry = "{name: a, foreach: [yes, no], run: '{{ item }}{% if item %}!{% endif %}'}"
    plan = compiled("variables: {item: yes}\n" + sheets(entry))
    assert [texts(plan, num) for num in (1, 2)] == ["yes!", "no"]
    quoted = compiled("variables: {item: no}\n" + sheets(entry.replace("no]", '"no"]')))
    assert [texts(quoted, num) for num in (1, 2)] == ["yes!", "no!"]


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ price }} {{ price * 2 }} {{ 2 * price }} {{ price + price }}", "450.00 900.0 900.0 900.0"), ("{{ price / 2 }} {{ -price }}", "225.0 -450.0"),
        ("{{ price > 400 }}{{ 400 < price }}{{ price == 450 }}{{ price == '450.00' }}", "truetruetruetrue"), ("{{ '%.1f' | format(price) }}", "450.0"),
        ("{{ '%d items' % count }}{{ '%s' % price }}{{ '%.1f %s' % (price, price) }}", "1000 items450.00450.0 450.00"), ("{{ [price, count] | sum }}", "1450.0"), ("{{ range(few) | list | length }}", "8"),
        ("{{ price | int }}{{ price | round(1) }}", "450450.0"), ("{{ names[few - 8] }}{{ names[zero] }}", "aa"), ("{{ price is number }}", "true"),
        ("{{ [price, 3] | tojson }}", "[450.0, 3]"), ("{{ price ~ '' }}{{ price | replace('0', '') }}", "450.0045."),
        ("{{ few + 1 }}{{ few }}", "9010"),
    ],
)  # fmt: skip
def test_a_numbered_score_calculates_with_numbers_as_before_and_prints_them_as_written(
    template: str, text: str
) -> None:
    variables = "{price: 450.00, count: 1_000, few: 010, zero: 00, names: [a, b]}"
    assert texts(as_numbered(template, variables)) == text


@pytest.mark.parametrize(
    "template", ["{{ v * 2 }}", "{{ v + 1 }}", "{% if v > 3.9 %}a{% endif %}", "{% if v == 3.10 %}a{% endif %}", "{{ v - 1 }}", "{{ dry * 2 }}"]
)  # fmt: skip
def test_a_named_score_has_a_text_there_with_which_nothing_is_calculated(template: str) -> None:
    head = "variables: {v: 3.10, dry: no}\n"
    assert only(head + sheets(json.dumps({"run": template})))["message"].startswith("template: ")
    assert texts(compiled(head + sheets("{run: \"{{ v == '3.10' }}{{ v | float + 1 }}\"}"))) == "true4.1"


def test_a_number_of_a_numbered_score_keeps_within_the_bounds_of_templates() -> None:
    text = numbered(template="x").replace(
        "template: 'x'", "variables: {n: 9_999_999}, template: '{{ \"x\" | center(n) }}'"
    )
    assert "limit" in only(text)["message"]


@pytest.mark.parametrize(
    ("own", "given", "text"),
    [
        ("dry: true", "no", "no-"), ("dry: false", "True", "True+"), ("dry: no", "yes", "yes+"), ("dry: off", "false", "false-"), ("x: 1", "false", "false-"),
        ("x: 1", "no", "no-"), ("x: 1", "0", "0+"), ("dry: text", "no", "no+"), ("dry: 'no'", "false", "false+"),
    ],
)  # fmt: skip
def test_a_variable_of_the_start_is_asked_in_the_same_way(own: str, given: str, text: str) -> None:
    score = f"variables: {{{own}}}\n" + sheets("{run: '{{ dry }}{% if dry %}+{% else %}-{% endif %}'}")
    assert texts(compiled(score, variables={"dry": given})) == text


def test_the_note_says_where_the_other_value_counts() -> None:
    (note,) = compiled(HEAD.replace("&a NO, same: *a", "x") + sheets("{run: x}")).warnings
    assert note.startswith(
        "Line 1: used as written, where YAML 1.1 has other values: no (false), False (false), ~ (null), an empty value (null), 00 (0)"
    )
    assert "tests whether they are true" in note
    (note,) = as_numbered("x", "{price: 450.00}").warnings
    assert "or calculates with them" in note
