"""The check of a score for a Marianne conductor says what that conductor was seen to say of the same score, and more."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from podium.client.marianne.checking import check_score, check_text_of
from podium.contract.methods import SubmitParams
from podium.errors import ScoreInvalid, ScoreNotFound, UnsupportedByConductor
from tests.unit.client.marianne.recordings import SCORE

GOOD = {"name": "x", "instrument": "cli", "sheet": {"size": 1, "total_items": 2}, "prompt": {"template": "true"}}
WITHOUT = object()


def changed(path: str, value: Any) -> str:
    """Return a good score with one thing changed."""
    score = yaml.safe_load(yaml.safe_dump(GOOD))
    *parents, last = path.split(".")
    place = score
    for each in parents:
        place = place.setdefault(each, {})
    if value is WITHOUT:
        del place[last]
    else:
        place[last] = value
    return yaml.safe_dump(score)


ACCEPTED = [
    ("name", ""), ("instrument", WITHOUT), ("prompt", {}), ("sheet.size", True), ("sheet.size", 1.0), ("sheet.size", "1"),
    ("sheet.total_sheets", 9), ("sheet.dependencies", {2: [1, 1]}), ("sheet.dependencies", {"2": ["1"]}),
    ("retry.max_retries", 0), ("parallel.max_concurrent", 20), ("sheet.start_item", 2), ("stale_detection", {"enabled": True}),
    ("validations", [{"type": "file_exists", "path": "x", "stage": 10, "retry_count": 10, "retry_delay_ms": 5000}]),
    ("sheet.fan_out", {1: 3, "2": 1}), ("retry.jitter", False),
    ("validations", [{"type": "command_succeeds", "command": "true"}]), ("prompt.template", None), ("description", "y"),
]  # fmt: skip
REFUSED = [
    ("name", WITHOUT, "name: is missing"), ("name", 5, "name: must be text"), ("name", None, "name: must be text"),
    ("name", True, "name: must be text"), ("sheet", WITHOUT, "sheet: is missing"), ("prompt", WITHOUT, "prompt: is missing"),
    ("prompt", None, "prompt: must be a mapping"), ("prompt.template", 5, "prompt.template: must be text"),
    ("prompt.template_file", "x.j2", "prompt: has template and template_file"),
    ("sheet.size", WITHOUT, "sheet.size: is missing"), ("sheet.size", 0, "sheet.size: must be at least 1"),
    ("sheet.size", 1.5, "sheet.size: must be a whole number"), ("sheet.total_items", 0, "must be at least 1"),
    ("sheet.dependencies", {2: 1}, "sheet.dependencies.2: must be a list"),
    ("sheet.dependencies", {3: [1]}, "names a sheet that does not exist; the last one is 2"),
    ("sheet.dependencies", {1: [5]}, "names a sheet that does not exist"),
    ("sheet.dependencies", {1: [1]}, r"go in a circle \(1 -> 1\)"),
    ("sheet.dependencies", {1: [2], 2: [1]}, "would let the job hang in state running"),
    ("retry.max_retries", -1, "retry.max_retries: must be at least 0"),
    ("parallel.max_concurrent", 0, "must be at least 1"), ("parallel.max_concurrent", 21, "must be at most 20"),
    ("pause_between_sheets_seconds", 0.5, "must be a whole number"), ("pause_between_sheets_seconds", -1, "at least 0"),
    ("instrument", "", "instrument: must not be empty"), ("retry.foo", 1, r"retry\.foo: is not a field of a score"),
    ("on_end", {"run": "true"}, "on_end: is for Podium's own conductor"),
    ("sheet.fan_out", {1: 0}, r"sheet\.fan_out\.1: must be at least 1"), ("sheet.fan_out", {7: 2}, "is not a stage of this score"),
    ("sheet", {"size": 2, "total_items": 1, "fan_out": {1: 2}}, r"sheet\.size: must be 1 with fan_out"),
    ("validations", [{"type": "nope"}], r"validations\.0\.type: must be one of file_exists"),
    ("validations", [{"type": "file_exists"}], "file_exists needs path"),
    ("validations", [{"type": "content_contains", "path": "x"}], "content_contains needs pattern"),
    ("validations", [{"type": "command_succeeds"}], "command_succeeds needs command"),
    ("validations", [{"type": "file_exists", "path": "x", "stage": 11}], r"validations\.0\.stage: must be at most 10"),
    ("validations", [{"type": "file_exists", "path": "x", "retry_delay_ms": 5001}], "must be at most 5000"),
    ("prompt.template", "echo {{ foo(", r"prompt\.template: line 1 of it cannot be read .* hang in state running"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value"), ACCEPTED)
def test_what_that_conductor_takes_is_let_through(path: str, value: Any) -> None:
    check_text_of(changed(path, value), "The score")


@pytest.mark.parametrize(("path", "value", "message"), REFUSED)
def test_what_that_conductor_refuses_or_hangs_at_is_refused(path: str, value: Any, message: str) -> None:
    with pytest.raises(ScoreInvalid, match=message):
        check_text_of(changed(path, value), "The score")


@pytest.mark.parametrize(
    "text",
    [
        "name: [\n",
        "name:\t\n\tx: 1\n",
        "name: a\n---\nname: b\n",
        "- a\n",
        "",
        "{a: " * 200,
        "a: !x \x01",
        "[" * 99_999,
    ],
)
def test_a_text_that_is_no_score_at_all_is_refused(text: str) -> None:
    with pytest.raises(ScoreInvalid):
        check_text_of(text, "The score")


def test_every_problem_is_told_with_its_place() -> None:
    with pytest.raises(ScoreInvalid) as caught:
        check_text_of("name: 5\nsheet: {size: 0, total_items: x}\nprompt: []\n", "The score")
    places = [(each["line"], each["column"], each["field"]) for each in caught.value.facts["problems"]]
    assert places == [(3, 9, "prompt"), (1, 7, "name"), (2, 15, "sheet.size"), (2, 31, "sheet.total_items")]
    assert caught.value.facts["problems_total"] == 4


def test_merged_members_count_and_a_bomb_of_them_does_no_harm() -> None:
    check_text_of("base: &b {size: 1}\nname: x\nsheet: {<<: *b, total_items: 1}\nprompt: {}\n", "The score")
    bomb = "a0: &a0 {k: 1}\n" + "".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}\n" for n in range(1, 60))
    check_text_of(f"{bomb}name: x\nsheet: {{<<: *a59, size: 1, total_items: 1}}\nprompt: {{}}\n", "The score")
    with pytest.raises(ScoreInvalid, match=r"sheet\.size: is missing"):
        check_text_of("name: x\nsheet: &s {<<: *s}\nprompt: {}\n", "The score")


def test_a_huge_number_is_refused_without_trouble() -> None:
    with pytest.raises(ScoreInvalid, match="must be a whole number"):
        check_text_of(f"name: x\nsheet: {{size: 1, total_items: {'9' * 5000}}}\nprompt: {{}}\n", "The score")


def test_a_named_score_is_told_apart() -> None:
    with pytest.raises(UnsupportedByConductor, match="named score, with `sheets`"):
        check_text_of("name: x\nsheets: [{name: a, run: make}]\n", "The score")


def test_a_file_is_read_and_a_call_without_a_score_is_not_checked(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(SCORE)
    check_score(SubmitParams(config_path=str(path)))
    check_score(SubmitParams(again="x"))
    with pytest.raises(ScoreNotFound):
        check_score(SubmitParams(config_path=str(tmp_path / "y.yaml")))
