"""Numbers as keys of variables: what a score has as `topics: {1: north}` is looked up as `topics[instance]`."""

import json

import pytest

from podium.score.model.plan import dump_plan, load_plan
from podium.score.templates.render import render_script
from tests.unit.score.helpers import compiled, numbered, only, sheets

NUMBERS = "t: {1: north, 2: south, 10: east}"
QUOTED = 't: {"1": north, "2": south, "10": east}'


def as_numbered(template: str, variables: str) -> str:
    return numbered(template="x").replace("'x'", f"{json.dumps(template)}, variables: {{{variables}}}")


def as_named(template: str, variables: str) -> str:
    return f"variables: {{{variables}}}\n" + sheets(json.dumps({"run": template}))


def text_of(score: str) -> str:
    """Return what the first sheet runs, after the plan was stored and read again."""
    plan = load_plan(dump_plan(compiled(score)))
    return render_script(plan, plan.sheet(1), workspace="/w", previous_outputs={})


WAYS = [
    ("{{ t[instance] }}", "north"),
    ("{{ t['1'] }}", "north"),
    ("{{ t.1 }}", "north"),
    ("{{ t.get(2) }}{{ t.get('2') }}{{ t.get(3, 'none') }}", "southsouthnone"),
    ("{{ 1 in t }}{{ '1' in t }}{{ 3 in t }}{{ '3' in t }}", "truetruefalsefalse"),
    ("{{ t.items() | list }}", "[(1, 'north'), (2, 'south'), (10, 'east')]"),
    ("{{ t | dictsort | last | first }}", "10"),
    ("{{ t.keys() | list }}{{ t | length }}", "[1, 2, 10]3"),
    ("{% for key in t %}{{ key + 1 }} {% endfor %}", "2 3 11 "),
    ("{{ t }}", "{1: 'north', 2: 'south', 10: 'east'}"),
    ("{{ t | tojson }}", '{"1": "north", "2": "south", "10": "east"}'),
    ("{% set _ = t.update({3: 'west'}) %}{{ t[3] }}", "west"),
]


@pytest.mark.parametrize(("template", "text"), WAYS)
@pytest.mark.parametrize("variables", [NUMBERS, QUOTED], ids=["numbers", "quoted"])
def test_a_numbered_score_looks_a_number_up_however_it_is_written(variables: str, template: str, text: str) -> None:
    assert text_of(as_numbered(template, variables)) == text


@pytest.mark.parametrize(("template", "text"), WAYS)
def test_a_named_score_has_numbers_as_keys_where_they_are_written_so(template: str, text: str) -> None:
    assert text_of(as_named(template, NUMBERS)) == text


def test_in_a_named_score_keys_in_quotes_stay_texts() -> None:
    assert text_of(as_named("{{ t.keys() | list }}", QUOTED)) == "['1', '2', '10']"


def test_only_what_is_written_as_numbers_are_is_one() -> None:
    keys = '{"01": a, "-0": b, "-3": c, "1.5": d, "٣": e, x: f, "12345678901234567890": g}'
    text = "['01', '-0', -3, '1.5', '٣', 'x', '12345678901234567890']"
    assert text_of(as_numbered("{{ t.keys() | list }}", f"t: {keys}")) == text


def test_numbers_are_keys_at_any_depth_beside_texts_and_other_readings() -> None:
    variables = "t: {a: [{1: {2: deep}}], 7: 3.10, off: {3: no}}"
    template = "{{ t.a[0][1][2] }} {{ t[7] }} {{ t[7] * 2 }} {{ 'yes' if t.off[3] else t.off[3] }}"
    assert text_of(as_numbered(template, variables)) == "deep 3.10 6.2 no"


def test_a_number_that_is_no_key_is_refused_by_its_name() -> None:
    problem = only(as_numbered("{{ t[4] }}", NUMBERS))
    assert problem["message"] == "template: dict object has no element 4"


@pytest.mark.parametrize("form", [as_named, as_numbered])
def test_the_same_number_twice_is_refused(form: object) -> None:
    assert callable(form)
    assert only(form("x", 't: [{1: a, "1": b}]'))["message"] == 'the keys 1 and "1" are the same'
    assert only(form("x", "0: a"))["message"] == "0 cannot be the name of a variable, which begins with a letter"


def test_conditions_look_numbers_up_too() -> None:
    score = numbered(sheet='size: 1, total_items: 1, skip_when: {1: \'t[1] == "north" and t["2"] == "south"\'}')
    assert compiled(score.replace("'true'", f"'true', variables: {{{NUMBERS}}}")).sheet(1).skip_when
