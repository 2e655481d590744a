"""What looks as if it were filled in, and is used as written, is said with its line."""

import json

import pytest

from podium.score.literals import of_the_shell
from podium.score.parts import MAX_VARIABLE_BYTES
from tests.unit.score.helpers import compiled, numbered, only, sheets


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("$NAME", ["$NAME"]), ("/x:$PATH", ["$PATH"]), ("${A:-b} $C", ["${A:-b}", "$C"]), ("$(date)", ["$(date)"]), ("`id`", ["`id`"]),
        ("~/x", ["~"]), ("~", ["~"]), ("a~b", []), ("$5", []), ("cost: 5$", []), ("$", []), ("a$$b", []), ("^x$", []),
    ],
)  # fmt: skip
def test_what_a_shell_would_fill_in_is_known(text: str, found: list[str]) -> None:
    assert of_the_shell(text) == found


def test_variables_of_the_shell_in_env_are_noted() -> None:
    text = 'env: {PATH: "/x:$PATH"}\n' + sheets("{run: x, env: {T: $NAME, U: plain}}")
    assert compiled(text).warnings == (
        "Line 1: the value of env PATH is used as written: no shell fills in $PATH. Set it in run instead: export PATH=...",
        "Line 4: the value of env T is used as written: no shell fills in $NAME. Write {from_env: NAME} instead.",
    )


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("pa$Word1234", "anything in it. Set it in run instead: export DB_PASS=..."),
        ("$ecretWord1", "anything in it. Set it in run instead: export DB_PASS=..."),
        ("${CI_DB_PASS}", "${CI_DB_PASS}. Write {from_env: CI_DB_PASS} instead."),
    ],
)
def test_no_part_of_what_may_be_a_password_is_quoted(value: str, told: str) -> None:
    (note,) = compiled(f"env: {{DB_PASS: '{value}'}}\n" + sheets("{run: x}")).warnings
    assert note == f"Line 1: the value of env DB_PASS is used as written: no shell fills in {told}"


def test_they_are_noted_in_paths_too_but_not_in_commands() -> None:
    entry = '{run: x, validate: [{file_exists: "$OUT/a"}, {file_exists: ~/b}, {command_succeeds: "test -e $OUT"}]}'
    assert [note.partition(":")[2] for note in compiled("workspace: $HOME/out\n" + sheets(entry)).warnings] == [
        " the workspace path is used as written: no shell fills in $HOME.",
        " the path '$OUT/a' is used as written: no shell fills in $OUT.",
        " the path '~/b' is used as written: no shell fills in ~.",
    ]
    assert compiled("workspace: ~/out\n" + sheets("{run: x}")).warnings == ()
    assert compiled("workspace: $HOME/out\n" + sheets("{run: x}"), workspace="/other").warnings == ()


def test_templates_in_variables_names_and_settings_are_noted() -> None:
    text = """\
        name: "job {{ target }}"
        variables:
          target: t
          greeting: "hello {{ target }}"
          deep: {list: ["{% if target %}x{% endif %}"]}
          harmless: "{{ unknown }} and {target}"
        sheets:
        - {name: "s {{ target }}", foreach: ["{{ target }}"], run: "x"}
        - {prompt: x, instrument: claude-code, description: "of {{ target }}", instrument_config: {model: "{{ target }}"}}
        """
    assert compiled(text).warnings == (
        "Line 1: the name of the score is used as written, without filling in {{ target }}.",
        "Line 4: the value of variable greeting is used as written, without filling in {{ target }}.",
        "Line 5: the value of variable deep is used as written, without filling in {% if.",
        "Line 8: the name of a sheet is used as written, without filling in {{ target }}.",
        "Line 8: an item of foreach, item, is used as written, without filling in {{ target }}.",
        "Line 9: the description of a sheet is used as written, without filling in {{ target }}.",
        "Line 9: the setting model of the instrument is used as written, without filling in {{ target }}.",
    )


def test_a_path_with_wildcards_is_noted() -> None:
    entry = '{run: x, validate: [{file_exists: "*.xml"}, {content_contains: {path: "a?", pattern: "*"}}, {file_exists: "a[x].txt"}, {file_exists: "{b,c}"}]}'
    assert [note[:60] for note in compiled(sheets(entry)).warnings] == [
        "Line 3: the path '*.xml' is looked for as written, with *, ?",
        "Line 3: the path 'a?' is looked for as written, with *, ? an",
        "Line 3: the path '{b,c}' is looked for as written, with *, ?",
    ]


@pytest.mark.parametrize("where", ["env: {BIG: %s}\n" + sheets("{run: x}"), sheets("{run: x, env: {BIG: %s}}")])
def test_a_variable_that_no_program_can_be_given_is_refused_at_its_place(where: str) -> None:
    size = MAX_VARIABLE_BYTES - len("BIG=")
    assert compiled(where % json.dumps("x" * size))
    problem = only(where % json.dumps("x" * (size + 1)))
    assert problem["field"].endswith("env.BIG")
    assert problem["message"] == (
        "has 131072 bytes with its name; the system takes at most 131071 for one variable; write the text to a file instead"
    )


def test_more_notes_than_anybody_reads_are_not_kept() -> None:
    entries = [json.dumps({"run": "x", "env": {f"V{number}": "$X"}}) for number in range(150)]
    assert len(compiled(sheets(*entries)).warnings) == 100


def test_double_braces_in_what_a_numbered_score_checks_are_filled_in_and_noted() -> None:
    rest = (
        "validations:\n  - {type: file_exists, path: '{{ workspace }}/a'}\n"
        "  - {type: command_succeeds, command: 'cd {{workspace}} && true'}\n  - {type: file_exists, path: '{workspace}/b'}"
    )
    said = "{{ }} is no template here; it is filled in as { } is, which is how to write it."
    assert compiled(numbered(rest)).warnings == (f"Lines 6, 7: {said}",)


def test_double_braces_in_what_a_named_score_checks_are_refused() -> None:
    problem = only(sheets("{run: x, validate: [{file_exists: '{{ workspace }}/a'}]}"))
    assert problem["message"] == "is not a template: write {workspace} with single braces"
