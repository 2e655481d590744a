"""What is too much is refused before it takes time or memory."""

import pytest

from podium.score import checks
from tests.unit.score.helpers import compiled, numbered, only, places, problems, sheets


def test_a_score_larger_than_the_limit_or_not_a_mapping_is_refused() -> None:
    assert "larger than the limit" in only("a" * (4 * 1024 * 1024 + 1))["message"]
    assert only("[a]")["message"] == "should be a mapping with name and sheets"
    assert only("a: [")["message"].startswith("not YAML")


def test_each_wrong_entry_of_a_list_is_told() -> None:
    assert places(sheets("{run: x, needs: [true, 1.5]}")) == [
        (3, 20, "sheets[0].needs[0]"),
        (3, 26, "sheets[0].needs[1]"),
    ]


def test_too_many_validations_are_refused_before_they_take_for_ever() -> None:
    rest = "validations:\n" + "- {type: file_exists, path: a}\n" * 101
    problem = only(numbered(rest, sheet="size: 1, total_items: 5000"))
    assert problem["message"] == "the sheets have 505000 validations in total, more than the limit of 500000"


def test_a_long_cycle_is_told_by_its_beginning_and_its_end() -> None:
    entries = [f"{{name: s{n}, run: x, needs: [s{(n + 1) % 50}]}}" for n in range(50)]
    message = only(sheets(*entries))["message"]
    assert message.startswith("the sheets wait for each other: s0 needs s1 needs ")
    assert message.endswith(" needs s18 needs … needs s0")


def test_too_many_sheets_or_needs_are_refused_before_they_fill_the_memory() -> None:
    items = ", ".join(str(item) for item in range(1000))
    many = sheets(
        f"{{name: a, foreach: &i [{items}], run: x}}", *[f"{{name: s{n}, foreach: *i, run: x}}" for n in range(20)]
    )
    assert {problem["message"] for problem in problems(many)} == {
        "the score makes more sheets than the limit of 20000",
        "the sheets have 20000000 dependencies, more than the limit of 500000; reduce them with an intermediate sheet",
    }


def test_templates_that_take_too_much_work_together_are_refused() -> None:
    loop = "{% for i in range(50000) %}{% endfor %}"
    problem = only(numbered(sheet="size: 1, total_items: 1000", template=loop))
    assert problem["message"] == "template: rendering the templates of all sheets takes too much work"


def test_templates_that_take_long_to_compile_together_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "TOTAL_BUDGET", 2000)
    texts = [f"'{{{{ 1 + {number} }}}}{'x' * 300}'" for number in range(9)]
    problem = only(sheets(*[f"{{run: {text}}}" for text in texts]))
    assert problem["message"] == "template: rendering the templates of all sheets takes too much work"
    assert compiled(sheets(*[f"{{run: {texts[0]}}}" for _ in range(9)])), "the same text is compiled once"
