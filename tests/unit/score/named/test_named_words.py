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
