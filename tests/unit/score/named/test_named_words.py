"""What people who know other tools write is refused with what it is called here."""

import pytest

from podium.score.named.fields import NamedCheck, NamedScore, NamedSheet
from podium.score.named.words import WORDS
from podium.score.text.reading import Keys, keys_of
from tests.unit.score.helpers import compiled, only, sheets


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{command: x}", "unknown key; write run: x"),
        ("{run: x, depends_on: [b]}", "unknown key; write needs: [b]"),
        ("{run: x, validations: []}", "unknown key; write validate"),
        ("{run: x, environment: {}}", "unknown key; write env"),
        ("{run: x, cwd: /tmp}", "unknown key; write cd /tmp in run, or workspace: /tmp for the whole score"),
        ("{run: x, retries: 2}", "unknown key; write retry: {max_retries: 2}"),
        ("{run: x, timeout: 5}", "unknown key; write timeout_seconds: 5"),
        ("{run: x, workspace: out}", "unknown key; it belongs to the score, next to sheets"),
        ("{run: x, retry: {attempts: 2}}", "unknown key; write max_retries: 1, the attempts after the first one"),
        ("{run: x, retry: 2}", "should be a mapping, not the number 2; write {max_retries: 2}"),
        ("{run: x, validate: x}", "should be a list, not the text 'x'; write [{file_exists: x}]"),
        ("{run: x, validate: [x]}", "should be a mapping, not the text 'x'; write {file_exists: x}"),
        ("{run: x, validate: [{exists: f}]}", "unknown key; write file_exists: f"),
        ("{run: x, validate: [{content_contains: f}]}",
         "should be a mapping, not the text 'f'; write {path: FILE, pattern: f}"),
        ("{run: x, validate: [{type: exists, path: f}]}", "unknown validation 'exists'; write one of "
         "file_exists, file_modified, content_contains, content_regex, command_succeeds"),
        ("{run: x, validate: [{type: file_exists, path: f}]}", "write {file_exists: f}"),
        (
            "{run: x, validate: [{command_succeeds: x, description: it is there}]}",
            "description should be inside: {command_succeeds: {command: ..., description: ...}}",
        ),
        (
            "{run: x, validate: [{content_regex: {path: f, pattern: x}, stage: 2}]}",
            "stage should be inside: {content_regex: {path: ..., pattern: ..., stage: ...}}",
        ),
        ("{run: x, validate: [{type: command_succeeds, command: 'a: b'}]}", "write {command_succeeds: 'a: b'}"),
        ("{run: x, validate: [{type: content_contains, path: f, pattern: p}]}",
         "write {content_contains: {path: f, pattern: p}}"),
    ],
)  # fmt: skip
def test_a_word_of_another_tool_is_answered_with_ours(entry: str, message: str) -> None:
    assert only(sheets(entry))["message"] == message


@pytest.mark.parametrize("key", ["parallelism", "concurrency", "max_concurrent"])
def test_a_number_of_sheets_at_once_belongs_under_parallel(key: str) -> None:
    problem = only(f"{key}: 2\n" + sheets("{run: x}"))
    assert problem["message"] == "unknown key; write parallel: {max_concurrent: 2}"


def test_no_key_of_ours_is_called_a_word_of_another_tool() -> None:
    ours: set[Keys] = {(key,) for key in keys_of(NamedScore)} | {("sheets", "*", key) for key in keys_of(NamedSheet)}
    ours |= {("sheets", "*", "validate", "*", key) for key in keys_of(NamedCheck)}
    assert not ours & WORDS.meant.keys()


def test_the_forms_that_are_shown_are_taken() -> None:
    assert compiled(
        "env: {NAME: value}\nvariables: {name: value}\nparallel: {max_concurrent: 4}\n"
        + sheets(
            "{name: build, run: make}",
            "{run: x, retry: {max_retries: 2}, needs: [build], validate: [{file_exists: report.md}]}",
        )
    )


@pytest.mark.parametrize(
    ("run", "told"),
    [
        ("echo ${{ env.A }}", "; in run the shell has it: $NAME"),
        ("echo ${{ secrets.A }}", "; write env: {TOKEN: {from_env: TOKEN}}, and $TOKEN in run"),
        ("tox -e {{ matrix.py }}", "; write foreach: [a, b] on the sheet, and {{ item }}"),
        ("echo {{ item }}", "; foreach: [a, b] on the sheet sets it"),
    ],
)
def test_a_name_that_templates_of_other_tools_have_is_answered_with_what_has_it_here(run: str, told: str) -> None:
    found = only(f"name: n\nsheets: [{{run: {run!r}}}]\n")
    assert found["message"].endswith(f"is undefined{told}")


def test_an_expression_of_github_in_env_is_noted_as_used_as_written() -> None:
    plan = compiled("name: n\nenv: {TOKEN: '${{ secrets.TOKEN }}'}\nsheets: [{run: x}]\n")
    assert any("TOKEN is used as written, ${{ }} included. Write {from_env: NAME}" in note for note in plan.warnings)


@pytest.mark.parametrize("value", ["{{ cities }}", "$CITIES"])
def test_a_foreach_that_something_should_fill_in_is_not_answered_with_a_list_of_that_text(value: str) -> None:
    found = only(f"name: n\nsheets: [{{name: a, run: x, foreach: '{value}'}}]\n")
    assert "write [" not in found["message"]


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ("{{ mode }} == 'x'", "names stand without braces"),
        ("$mode == 'x'", "names stand without $"),
        ("mode = 'x'", "write == for equal"),
        ("mode == 'x' && mode", "write and"),
        ("mode == 'x' || mode", "write or"),
        ("!mode", "write not"),
    ],
)
def test_a_condition_in_another_language_is_answered_with_what_to_write(condition: str, told: str) -> None:
    score = f'name: n\nvariables: {{mode: x}}\nsheets: [{{run: x, skip_when: "{condition}"}}]\n'
    assert only(score)["message"].endswith(f"; {told}")
