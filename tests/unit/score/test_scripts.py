"""How scripts are played, and what is said of one that may fail without being noticed."""

import json

import pytest

from podium.score.scripts import hides_failures
from tests.unit.score.helpers import compiled, numbered, only, sheets

SEVERAL = "of several lines goes on after a command that fails"


def entry(script: str, **fields: object) -> str:
    return json.dumps({"run": script, **fields})


@pytest.mark.parametrize(
    "script",
    [
        "false\necho deployed", "cd x\nmake\n", "for f in *; do\n  cp $f y\ndone", "# about\n\nfalse\n\ntrue", "cat <<EOF\nx\nEOF\ntrue",
        "echo 'a\nb'\ntrue", "set -u\nfalse\ntrue", "false || true\ntrue",
    ],
)  # fmt: skip
def test_a_script_of_several_commands_hides_failures(script: str) -> None:
    assert hides_failures(script)


@pytest.mark.parametrize(
    "script",
    [
        "make", "", "# a\n\nmake\n# b\n", "set -e\nfalse\ntrue", "set -euo pipefail\na\nb", "set -o errexit\na\nb", "set -ue\na\nb", "set -o pipefail -e\na\nb",
        "a &&\nb &&\nc", "a \\\n  --flag \\\n  --other", "a |\n b", "cat > f <<'EOF'\nx\ny\nEOF", "python3 -c '\nimport os\nprint(1)\n'",
        "echo \"a\nb\nc\"", "cd x || exit 1\nmake", "trap 'exit 1' ERR\na\nb",
    ],
)  # fmt: skip
def test_a_script_of_one_command_or_one_that_ends_early_does_not(script: str) -> None:
    assert not hides_failures(script)


def test_a_script_that_may_fail_unnoticed_brings_one_note_with_its_lines() -> None:
    checked = entry("a\nb", validate=[{"file_exists": "x"}])
    plan = compiled(sheets(entry("a\nb"), entry("a"), entry("c\nd"), checked, entry("a\nb", strict=True)))
    assert plan.warnings == (
        "Lines 3, 5: this script of several lines goes on after a command that fails, only its last command decides, and no "
        "validation checks what it did; use strict: true, set -e or a validation.",
    )


def test_a_script_of_a_numbered_score_brings_the_note_too_but_a_prompt_does_not() -> None:
    (note,) = compiled(numbered().replace("'true'", '"a\\nb"')).warnings
    assert SEVERAL in note
    assert note.endswith("use set -e or a validation.")
    assert compiled(sheets('{prompt: "a\\nb", instrument: claude-code}')).warnings == ()


def test_strict_is_the_score_s_or_the_sheet_s() -> None:
    plan = compiled(
        "strict: true\n" + sheets(entry("a\nb"), entry("a\nb", strict=False), "{prompt: x, instrument: claude-code}")
    )
    assert [sheet.strict for sheet in plan.sheets] == [True, False, False]
    assert [sheet.strict for sheet in compiled(sheets(entry("a"), entry("a", strict=True))).sheets] == [False, True]


def test_strict_is_refused_where_it_would_have_no_effect() -> None:
    assert "is for run" in only(sheets("{prompt: x, instrument: claude-code, strict: true}"))["message"]
    assert "no sheet has a script" in only("strict: true\n" + sheets("{prompt: x, instrument: claude-code}"))["message"]
    assert "strict has no effect" in only(sheets(entry("#!/bin/bash\na", strict=True)))["message"]


def test_a_strict_score_says_which_shell_scripts_it_does_not_reach() -> None:
    text = "strict: true\n" + sheets(
        entry("#!/bin/bash\na"), entry("#!/usr/bin/env python3\na"), entry("#!/bin/sh\na", strict=False)
    )
    assert compiled(text).warnings == (
        "Line 4: strict has no effect on a script with a #! line; leave the line out, or write #!/bin/bash -eu.",
    )


def test_a_line_that_cannot_be_played_is_refused_at_its_place() -> None:
    problem = only("name: a\nsheets:\n- name: b\n  run: |\n    #!python3\n    print(1)\n")
    assert (problem["line"], problem["field"]) == (5, "sheets[0].run")
    assert problem["message"] == "the #! line needs the absolute path of a program; write #!/usr/bin/env python3"
    assert "env takes" in only(sheets(entry("#!/usr/bin/env {{ sheet_num }} -u\na")))["message"]


def test_a_line_that_comes_too_late_is_noted() -> None:
    (note,) = compiled(sheets(entry("\n#!/usr/bin/env python3\nprint(1)"))).warnings
    assert (
        note == "Line 3: the #! is not at the very beginning of the script, so bash plays it; put it on the first line."
    )


def test_a_byte_order_mark_is_no_part_of_a_script() -> None:
    for script in ("\ufeff#!/bin/bash -e\nfalse\ntrue", "\ufefffalse\ntrue"):
        assert only(sheets(entry(script)))["message"].startswith("begins with a byte order mark")


@pytest.mark.parametrize("form", ["{run: x, skip_when_command: %s}", "{run: x, validate: [{command_succeeds: %s}]}"])
def test_a_command_has_no_such_line_unless_it_changes_nothing(form: str) -> None:
    message = only(sheets(form % json.dumps("#!/usr/bin/env python3\nimport sys")))["message"]
    assert message.startswith("has a #! line, which only a sheet's run can have")
    assert "has a #! line" in only(sheets(form % json.dumps("\n#!/bin/bash -e\nfalse\ntrue")))["message"]
    assert compiled(sheets(form % json.dumps("#!/bin/bash\ntrue")))
