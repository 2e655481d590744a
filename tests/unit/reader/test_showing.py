"""What a caller sees of a score: only of a score, with the commands of its sheets, and no secret in any spelling."""

import json

import pytest

from podium.contract.secrets.masks import Masker
from podium.reader.showing import commands, page
from tests.unit.score.helpers import compiled, sheets


def test_a_valid_and_an_invalid_score_are_shown() -> None:
    for text in (
        "name: x\nsheets: [{run: make}]",
        "name: x\nsheets: [{runs: make}]",
        "name: x\nsheets:\n- {run: [make}",
    ):
        shown = page(text, 1, 9, ())
        assert shown.is_score
        assert shown.lines == text.split("\n")


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n-----END OPENSSH PRIVATE KEY-----\n",
        "root:x:0:0:root:/root:/bin/bash\n",
        "apiVersion: v1\nkind: Secret\ndata: {password: aGVsbG8=}\n",
        "top: {sheets: []}\n",
        "- sheets\n",
        "just text",
        "",
        "top: [\n",
    ],
)
def test_nothing_of_a_file_that_is_no_score_is_shown(text: str) -> None:
    shown = page(text, 1, 9, ())
    assert (shown.is_score, shown.lines, shown.lines_total) == (False, [], 0)


def test_a_value_that_a_name_shows_to_be_secret_is_hidden_wherever_and_however_it_stands() -> None:
    text = (
        'name: x\nenv:\n  other: &a tok-12345678\n  API_KEY: *a\n  PASSWORD: "\\x68unter-and-more"\n'
        "sheets:\n- {run: 'echo tok-12345678 hunter-and-more'}\n"
    )
    shown = "\n".join(page(text, 1, 99, ()).lines)
    assert "tok-1" not in shown
    assert "hunter" not in shown
    assert "x68unter" not in shown
    assert "- {run: 'echo [value of API_KEY] [value of PASSWORD]'}" in shown


def test_commands_are_rendered_for_each_instance_and_as_written_where_they_cannot_be_yet() -> None:
    score = """
name: demo
variables: {who: world}
sheets:
- {name: greet, foreach: {lang: [de, fr]}, run: 'echo {{ who }} {{ lang }}'}
- {name: last, run: "cat <<E\\n{{ workspace }}\\nE", needs: [greet]}
"""
    assert commands(compiled(score), Masker()) == (
        "echo world de",
        "echo world fr",
        "cat <<E ⏎ /job ⏎ E",
    )


def test_a_command_that_shows_what_earlier_sheets_wrote_is_shown_as_it_is_written() -> None:
    head = "cross_sheet: {auto_capture_stdout: true, capture_files: ['*.md']}\n"
    outputs, files = "echo {{ previous_outputs[1] }}", "echo {{ previous_files['a.md'] }}"
    plan = compiled(
        f"{head}{sheets(json.dumps({'run': 'x'}), *(json.dumps({'run': text}) for text in (outputs, files)))}"
    )
    assert commands(plan, Masker()) == ("x", outputs, files)


def test_a_secret_in_a_command_is_called_by_its_own_name() -> None:
    text = "name: x\nsheets:\n- {runs: export TOKEN=abcd1234 && make}\n"
    assert page(text, 1, 9, ()).lines[2] == "- {runs: export TOKEN=[value of TOKEN] && make}"
