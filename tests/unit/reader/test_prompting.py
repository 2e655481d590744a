"""An agent's prompt: its parts in their order, and the files that it is made of."""

import os
from pathlib import Path
from typing import Any

import pytest

from podium.errors import ScoreInvalid
from podium.reader.prompting import MAX_BYTES, MAX_FILE_BYTES, assembled
from podium.reader.requests import Assemble, Render
from podium.score.model.plan import Injection, Validation
from podium.score.templates.prompt import MOST_CHARS, MOST_CHECKS

VARIABLES = {
    "sheet_num": 3, "total_sheets": 12, "stage": 2, "instance": 1, "fan_count": 1, "workspace": "/ws", "topic": "whales",
    "previous_outputs": {},
}  # fmt: skip


def prompt(
    *injections: Injection,
    template: str = "TASK",
    told: bool = False,
    checks: tuple[Validation, ...] = (),
    label: str = "3",
    **more: Any,
) -> str:
    """Return the prompt that is made of these parts."""
    return whole(*injections, template=template, told=told, checks=checks, label=label, **more)[1]


def whole(
    *injections: Injection,
    template: str,
    told: bool,
    checks: tuple[Validation, ...],
    label: str,
    alone: bool = False,
    **more: Any,
) -> tuple[tuple[str, ...], str]:
    render = Render(label=label, variables={}, previous={})
    request = Assemble(render=render, told=told, alone=alone, checks=checks, injections=injections)
    found, text = assembled(request, template, {**VARIABLES, **more})
    return found.absent, text


def refusal(*injections: Injection, template: str = "TASK") -> str:
    """Return why the prompt cannot be made."""
    with pytest.raises(ScoreInvalid) as caught:
        prompt(*injections, template=template)
    return caught.value.message


def written(folder: Path, name: str, text: str | bytes, kind: Any = "context") -> Injection:
    """Write a file and return its place in a prompt."""
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return Injection(kind=kind, file=name, folder=str(folder))


def test_the_parts_stand_in_their_order_whatever_order_the_score_has(tmp_path: Path) -> None:
    text = prompt(
        written(tmp_path, "notes.md", "NOTES"),
        written(tmp_path, "lint.sh", "LINT", "tool"),
        Injection(kind="directive", text="DIRECTIVE"),
        written(tmp_path, "skill.md", "SKILL", "skill"),
        written(tmp_path, "rules.md", "RULES", "directive"),
        told=True,
        checks=(Validation(type="file_exists", path="/ws/report.md"),),
    )
    parts = ["sheet 3 of 12", "DIRECTIVE", "RULES", "LINT", "SKILL", "TASK", "NOTES", "/ws/report.md"]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert all(text.count(part) == 1 for part in parts)


def test_without_the_words_of_ours_only_what_the_score_names_is_there(tmp_path: Path) -> None:
    checks = (Validation(type="file_exists", path="/ws/report.md"),)
    text = prompt(written(tmp_path, "notes.md", "a note\n"), template="TASK {{ topic }}\n", checks=checks)
    assert text == f'TASK whales\n\n<context file="{tmp_path}/notes.md">\na note\n</context>\n'


@pytest.mark.parametrize(
    ("label", "fan_count", "said"),
    [
        ("3", 1, "You are working on sheet 3 of 12 of a job"),
        ("3", 4, "You are working on sheet 3 of 12 (instance 1 of 4 of stage 2) of a job"),
        ("review", 1, 'You are working on sheet "review" (3 of 12) of a job'),
    ],
)
def test_the_preamble_says_which_sheet_it_is(label: str, fan_count: int, said: str) -> None:
    text = prompt(told=True, label=label, fan_count=fan_count)
    assert text.startswith(said)
    assert "/ws" in text


def test_the_preamble_promises_no_checks_where_there_are_none() -> None:
    with_checks = prompt(told=True, checks=(Validation(type="file_exists", path="/ws/a"),))
    without = prompt(told=True)
    assert "exit code 0 alone is not success" in with_checks
    assert "exit code 0" not in without
    assert "What is checked" not in without


def test_only_a_sheet_beside_which_others_may_run_is_told_of_them() -> None:
    assert "Other sheets may use it at the same time." in prompt(told=True)
    assert "Other sheets" not in prompt(told=True, alone=True)


@pytest.mark.parametrize(("pattern", "is_said"), [
    (r"^#\s+", True), ("done$", True), (r"(?i)^a|b", True), ("[a]^", True), ("[^a]b", False), (r"\$5 [$^]", False),
    ("(?m)^# ", False), ("(?im)^# ", False), ("plain", False),
])  # fmt: skip
def test_an_agent_is_told_that_a_pattern_looks_for_the_ends_of_the_whole_file(pattern: str, is_said: bool) -> None:
    text = prompt(told=True, checks=(Validation(type="content_regex", path="/ws/a", pattern=pattern),))
    assert ("(^ and $ are the ends of the whole file)" in text) == is_said
    assert f": {pattern}\n" in text


def test_a_description_becomes_the_beginning_of_its_line() -> None:
    check = Validation(type="file_exists", path="/ws/a", description="The report\n is there.")
    assert "\n1. The report is there: the file /ws/a exists\n" in prompt(told=True, checks=(check,))


def test_a_path_is_a_template_relative_to_the_folder_of_the_score(tmp_path: Path) -> None:
    written(tmp_path, "whales.md", "BLUE")
    relative = Injection(kind="context", file="{{ topic }}.md", folder=str(tmp_path))
    absolute = Injection(kind="context", file="{{ workspace }}/{{ topic }}.md", folder="/elsewhere")
    assert "BLUE" in prompt(relative)
    assert "BLUE" in prompt(absolute, workspace=str(tmp_path))


def test_a_relative_path_of_a_score_without_a_folder_is_refused() -> None:
    assert "'whales.md' is relative" in refusal(Injection(kind="context", file="{{ topic }}.md"))


def test_a_path_that_cannot_be_rendered_fails_with_the_reason() -> None:
    message = refusal(Injection(kind="skill", file="{{ nothing }}.md", folder="/scores"))
    assert message == "The path of a prompt's file of sheet 3, line 1: template: 'nothing' is undefined."


def test_the_text_of_a_file_is_used_as_it_is(tmp_path: Path) -> None:
    assert "{{ topic }} {% if %}" in prompt(written(tmp_path, "a.md", "{{ topic }} {% if %}"))


@pytest.mark.parametrize("kind", ["context", "skill", "tool"])
def test_a_file_that_is_not_there_is_left_out_and_told(tmp_path: Path, kind: Any) -> None:
    gone = Injection(kind=kind, file="gone.md", folder=str(tmp_path))
    absent, text = whole(gone, template="TASK", told=False, checks=(), label="3")
    assert absent == (f"{tmp_path}/gone.md",)
    told = f"(The file {tmp_path}/gone.md, meant as {kind}, was not there when this sheet began.)"
    assert sorted(text.strip().split("\n\n")) == [told, "TASK"]


def test_a_directive_that_is_not_there_fails_the_sheet(tmp_path: Path) -> None:
    message = refusal(Injection(kind="directive", file="gone.md", folder=str(tmp_path)))
    assert message == (
        f"The prompt of sheet 3 cannot be made: directive: {tmp_path}/gone.md cannot be opened: No such file or directory."
    )


@pytest.mark.parametrize("kind", ["context", "skill"])
def test_a_pipe_is_not_waited_for_and_a_folder_not_read(tmp_path: Path, kind: Any) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    assert "pipe is not a regular file" in refusal(Injection(kind=kind, file="pipe", folder=str(tmp_path)))
    assert "folder is a folder, not a file." in refusal(Injection(kind=kind, file="folder", folder=str(tmp_path)))


def test_a_file_has_a_largest_size(tmp_path: Path) -> None:
    assert "x" * MAX_FILE_BYTES in prompt(written(tmp_path, "large.md", "x" * MAX_FILE_BYTES))
    message = refusal(written(tmp_path, "larger.md", "x" * (MAX_FILE_BYTES + 1)))
    assert f"larger than the limit of {MAX_FILE_BYTES} bytes" in message


def test_all_files_and_directives_together_have_a_largest_size(tmp_path: Path) -> None:
    large = written(tmp_path, "large.md", "x" * MAX_FILE_BYTES)
    assert prompt(large, large, large)
    message = refusal(large, large, large, large)
    assert f"more than the limit of {MAX_BYTES} bytes" in message
    assert "more than the limit" in refusal(Injection(kind="directive", text="x" * (MAX_BYTES + 1)))


def test_bytes_that_are_no_text_are_replaced(tmp_path: Path) -> None:
    text = prompt(written(tmp_path, "binary", b"\xef\xbb\xbfa\x00b\xffc"))
    assert "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c" in text
    assert "\0" not in text


def test_a_template_that_makes_too_much_fails_as_it_does_alone() -> None:
    message = refusal(
        Injection(kind="directive", text="x"), template="{% for i in range(9000) %}{{ 'x' * 900 }}{% endfor %}"
    )
    assert message.startswith("The template of sheet 3, line 1: template: its output is longer than")


def test_each_check_is_told_in_words() -> None:
    text = prompt(
        told=True,
        checks=(
            Validation(type="file_exists", path="/ws/a.md", description="the report"),
            Validation(type="file_modified", path="/ws/b.md"),
            Validation(type="content_contains", path="/ws/a.md", pattern="## End"),
            Validation(type="content_regex", path="/ws/a.md", pattern=r"^\d+$"),
            Validation(type="command_succeeds", command="make\nmake test", working_directory="/ws"),
        ),
    )
    assert text.partition("What is checked ")[2].splitlines()[1:] == [
        "1. the report: the file /ws/a.md exists",
        "2. the file /ws/b.md was changed after this attempt began",
        "3. the file /ws/a.md contains the text: ## End",
        r"4. the file /ws/a.md has a match of the regular expression (^ and $ are the ends of the whole file): ^\d+$",
        "5. in the folder /ws, this command ends with exit code 0 (without this indent):",
        "    make",
        "    make test",
    ]


def test_stages_of_checks_are_steps_in_their_order() -> None:
    checks = tuple(Validation(type="file_exists", path=f"/{stage}", stage=stage) for stage in (7, 2))
    text = prompt(told=True, checks=checks)
    assert text.index("1. step 1: the file /2 exists") < text.index("2. step 2: the file /7 exists")
    assert "A step is looked at only if the ones before it have passed." in text


def test_a_long_list_of_long_checks_is_cut_and_says_so() -> None:
    checks = (Validation(type="content_contains", path="/a", pattern="x" * 9000),) * (MOST_CHECKS + 5)
    text = prompt(told=True, checks=checks)
    assert f"{'x' * MOST_CHARS}… (cut, 9000 characters)" in text
    assert "5 more checks are not listed here." in text
    assert len(text) < (MOST_CHECKS + 1) * (MOST_CHARS + 200)
