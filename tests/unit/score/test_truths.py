"""A text that YAML 1.1 reads as false is true here, so nothing may ask for its truth."""

import json

import pytest

from tests.unit.score.helpers import compiled, numbered, only, sheets

HEAD = (
    "variables: {dry: no, off: False, nothing: ~, zero: 00, deep: {flag: off}, real: false, yes: yes, quoted: 'no'}\n"
)


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{% if dry %}a{% endif %}", "dry"), ("{% if not off %}a{% endif %}", "off"), ("{{ 'a' if dry else 'b' }}", "dry"),
        ("{% if real or dry %}a{% endif %}", "dry"), ("{% if deep.flag %}a{% endif %}", "flag"), ("{{ nothing or 'a' }}", "nothing"),
        ("{% if real %}a{% elif zero -%}b{% endif %}", "zero"), ("{% if (dry and real) %}a{% endif %}", "dry"),
    ],
)  # fmt: skip
def test_a_template_that_asks_for_its_truth_is_refused(template: str, name: str) -> None:
    problem = only(HEAD + "name: demo\nsheets:\n- run: |\n    echo\n    " + template + "\n")
    assert problem["message"].startswith(f"template: asks whether {name} is true, and the text ")
    assert (problem["line"], problem["field"]) == (6, "sheets[0].run")


@pytest.mark.parametrize(
    "template",
    [
        "{{ dry }}", "{% if dry == 'no' %}a{% endif %}", "{% if real %}a{% endif %}", "{% if yes %}a{% endif %}", "{% if quoted %}a{% endif %}",
        "{% if dry != 'no' and zero == '00' %}a{% endif %}", "if dry; then", "{% if dry in ['no'] %}a{% endif %}", "{{ dry | upper }}",
        "{% if dryer is defined %}a{% endif %}", "{% if dry is defined %}a{% endif %}", "{% for off in [1] %}{% endfor %}",
    ],
)  # fmt: skip
def test_other_uses_are_taken(template: str) -> None:
    assert compiled(HEAD + sheets(json.dumps({"run": f"echo {template}"})))


def test_conditions_are_looked_at_too() -> None:
    assert only(HEAD + sheets("{run: x, skip_when: dry}"))["message"].startswith(
        "asks whether dry is true, and the text 'no' is"
    )
    assert only(HEAD + sheets("{run: x, skip_when: not off and real}"))["field"] == "sheets[0].skip_when"
    check = "{run: x, validate: [{file_exists: {path: a, condition: (dry or real)}}]}"
    assert only(HEAD + sheets(check))["field"] == "sheets[0].validate[0].file_exists.condition"
    assert compiled(HEAD + sheets("{run: x, skip_when: dry == 'no'}"))


def test_items_of_foreach_and_numbered_scores_are_looked_at_too() -> None:
    problem = only(sheets("{name: a, foreach: [yes, no], run: '{% if item %}a{% endif %}'}"))
    assert problem["message"].startswith("template: asks whether item")
    text = numbered(template="{% if dry %}a{% endif %}").replace("prompt: {", "prompt: {variables: {dry: False}, ")
    assert "the text 'False' is" in only(text)["message"]


def test_a_variable_that_the_start_gives_is_not_the_score_s() -> None:
    assert compiled(HEAD + sheets("{run: '{% if dry %}a{% endif %}'}"), variables={"dry": "yes"})
