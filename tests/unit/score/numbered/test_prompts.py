"""What the prompts of a numbered score are made of, as its plan has it."""

from pathlib import Path

import pytest

from podium.score.model.plan import Injection, Plan
from podium.score.templates.render import render_script
from tests.unit.score.helpers import compiled, numbered, only

AGENTS = "name: demo\ninstrument: claude-code\n"
TASK = "prompt: {template: task}\n"


def agents(rest: str = "", *, sheet: str = "size: 1, total_items: 2", prompt: str = "template: task") -> str:
    """Return a numbered score for an agent; `rest` begins on line 5."""
    return f"{AGENTS}sheet: {{{sheet}}}\nprompt: {{{prompt}}}\n{rest}"


def given(plan: Plan, num: int) -> list[Injection]:
    """Return what is put beside the text of a sheet."""
    return [plan.injections[index] for index in plan.sheet(num).injections]


def texts(plan: Plan) -> list[str]:
    """Return the text of each sheet."""
    return [render_script(plan, each, workspace="/w", previous_outputs={}) for each in plan.sheets]


def test_each_sheet_is_given_what_is_for_all_and_then_its_own(tmp_path: Path) -> None:
    for name in ("all.md", "skill.md", "own.md", "rules.md"):
        (tmp_path / name).touch()
    text = agents(
        sheet="size: 1, total_items: 2, prelude: [{file: all.md, as: context}, {file: skill.md, as: skill}], "
        "cadenzas: {2: [{file: own.md, as: tool}]}, prompt_extensions: {2: [be kind]}",
        prompt="template: task, prompt_extensions: [be brief, ./rules.md]",
    )
    plan = compiled(text, path=tmp_path / "score.yaml")
    folder = str(tmp_path)
    shared = [
        Injection(kind="directive", text="be brief"),
        Injection(kind="directive", file="./rules.md", folder=folder),
    ]
    files = [
        Injection(kind="context", file="all.md", folder=folder),
        Injection(kind="skill", file="skill.md", folder=folder),
    ]
    own = Injection(kind="tool", file="own.md", folder=folder)
    assert given(plan, 1) == [*shared, *files]
    assert given(plan, 2) == [*shared, Injection(kind="directive", text="be kind"), *files, own]
    assert plan.warnings == ()


def test_a_file_without_a_kind_is_context() -> None:
    assert given(compiled(agents(sheet="size: 1, total_items: 1, prelude: [{file: /a}]")), 1)[0].kind == "context"


@pytest.mark.parametrize(("text", "is_file"), [
    ("rules.md", True), ("a/rules.txt", True), ("{{ workspace }}/rules.md", True), ("/etc/rules.md ", True),
    ("read rules.md", False), ("rules", False), ("Be brief.", False), ("rules.md first", False),
])  # fmt: skip
def test_a_directive_is_a_file_if_it_is_nothing_but_a_path(text: str, is_file: bool) -> None:
    (found,) = given(compiled(agents(prompt=f"template: task, prompt_extensions: ['{text}']")), 1)
    assert bool(found.file) == is_file
    assert bool(found.text) != is_file


def test_keys_of_cadenzas_and_directives_count_sheets_after_fan_out() -> None:
    plan = compiled(agents(sheet="size: 1, total_items: 2, fan_out: {1: 2}, cadenzas: {2: [{file: '{{ stage }}.md'}]}"))
    assert [len(sheet.injections) for sheet in plan.sheets] == [0, 1, 0]
    assert (plan.sheet(2).stage, plan.sheet(2).instance) == (1, 2)


def test_a_path_is_a_template_of_the_sheet_that_has_it() -> None:
    problem = only(agents(sheet="size: 1, total_items: 1, cadenzas: {1: [{file: '{{ nme }}.md'}]}"))
    assert problem["field"] == "sheet.cadenzas[1][0].file"
    assert problem["message"].startswith("template: 'nme' is undefined")


def test_a_path_may_depend_on_what_an_earlier_sheet_wrote() -> None:
    more = "cross_sheet: {auto_capture_stdout: true}\n"
    plan = compiled(
        agents(more, sheet="size: 1, total_items: 2, cadenzas: {2: [{file: '{{ previous_outputs[1] }}.md'}]}")
    )
    assert [sheet.uses_previous_outputs for sheet in plan.sheets] == [False, True]


def test_a_file_that_is_not_there_yet_is_a_warning_that_says_what_follows(tmp_path: Path) -> None:
    sheet = "size: 1, total_items: 1, prelude: [{file: a.md, as: context}, {file: b.md, as: skill}, {file: '{{ stage }}.md'}]"
    text = agents(sheet=sheet, prompt="template: task, prompt_extensions: [c.md]")
    directive, context, skill = sorted(
        compiled(text, path=tmp_path / "score.yaml").warnings, key=lambda note: "c.md" not in note
    )
    missing = "does not exist; if it is still missing when a sheet starts,"
    assert context == f"Line 3: {tmp_path}/a.md {missing} prompts say that it was not there."
    assert skill == f"Line 3: {tmp_path}/b.md {missing} prompts say that it was not there."
    assert directive == f"Line 4: {tmp_path}/c.md {missing} sheets that need it will fail."


def test_what_can_never_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "score.yaml"
    folder = only(agents(sheet="size: 1, total_items: 1, prelude: [{file: ., as: skill}]"), path=path)
    assert folder["message"] == f"{tmp_path} is not a regular file"
    nothing = only(agents(sheet="size: 1, total_items: 1, prelude: [{as: skill}]"), path=path)
    assert (nothing["field"], nothing["message"]) == ("sheet.prelude[0]", "needs file, a path")
    kind = only(agents(sheet="size: 1, total_items: 1, prelude: [{file: /a, as: spell}]"), path=path)
    assert kind["field"] == "sheet.prelude[0].as"


def test_a_relative_file_needs_a_folder() -> None:
    text = agents(sheet="size: 1, total_items: 1, prelude: [{file: a.md}]")
    problem = only(text, cwd=None)
    assert problem["message"].startswith("'a.md' is relative, but the score is not in a file")


def test_agents_are_told_what_is_checked_unless_the_score_says_no() -> None:
    assert [sheet.told for sheet in compiled(agents()).sheets] == [True, True]
    assert [sheet.told for sheet in compiled(agents("success_requirements: false\n")).sheets] == [False, False]


def test_a_script_is_given_its_template_alone_and_its_author_told() -> None:
    text = numbered(
        "success_requirements: true",
        sheet="size: 1, total_items: 2, prelude: [{file: /a}], cadenzas: {2: [{file: /b}]}, prompt_extensions: {1: [x]}",
    )
    plan = compiled(text)
    assert [(sheet.told, sheet.injections) for sheet in plan.sheets] == [(False, ()), (False, ())]
    notes = [note for note in plan.warnings if "has no effect on scripts for cli" in note]
    names = ["sheet.prelude", "sheet.cadenzas", "sheet.prompt_extensions", "success_requirements"]
    assert sorted(note.split(": ")[1].split()[0] for note in notes) == sorted(names)


def test_a_score_of_both_is_told_only_of_what_is_for_its_script_alone() -> None:
    sheet = "size: 1, total_items: 2, per_sheet_instruments: {1: cli}, prelude: [{file: '{{ stage }}'}]"
    plan = compiled(agents(sheet=sheet))
    assert [(sheet.told, len(sheet.injections)) for sheet in plan.sheets] == [(False, 0), (True, 1)]
    assert plan.warnings == ()
    (note,) = compiled(agents(sheet=sheet + ", cadenzas: {1: [{file: '{{ stage }}'}]}")).warnings
    assert note == "Line 3: sheet.cadenzas has no effect on scripts for cli, only on the prompts of agents."


def test_stakes_and_method_are_variables_of_every_numbered_score() -> None:
    template = "'{{ stakes }}|{{ thinking_method }}|{{ sheet_num }}'"
    assert texts(compiled(agents(prompt=f"template: {template}"))) == ["||1", "||2"]
    plan = compiled(agents(prompt=f"template: {template}, stakes: high, thinking_method: slow"))
    assert texts(plan) == ["high|slow|1", "high|slow|2"]
    assert plan.warnings == ()


def test_a_template_that_leaves_stakes_out_is_told_so() -> None:
    (note,) = compiled(agents(prompt="template: task, stakes: high")).warnings
    assert note == "Line 4: prompt.stakes is not used: the template does not have {{ stakes }}."


def test_stakes_cannot_be_a_variable_too() -> None:
    problem = only(agents(prompt="template: '{{ stakes }}', stakes: high, variables: {stakes: low}"))
    assert problem["message"] == "prompt.stakes sets this variable too; leave one of the two out"
    assert texts(compiled(agents(prompt="template: '{{ stakes }}', variables: {stakes: low}"))) == ["low", "low"]


def test_agents_without_a_template_are_told_their_items_and_the_rest_of_the_prompt() -> None:
    plan = compiled(agents(sheet="size: 2, total_items: 3", prompt="stakes: high, thinking_method: slow"))
    assert texts(plan) == [
        "Work on items 1 to 2 of this job.\n\nhigh\n\nslow",
        "Work on item 3 of this job.\n\nhigh\n\nslow",
    ]
    message = "prompt has neither template nor template_file, so agents are only told which items are theirs."
    assert plan.warnings == (f"Line 4: {message}",)


def test_a_script_without_a_template_is_refused_also_beside_agents() -> None:
    sheet = "size: 1, total_items: 2, per_sheet_instruments: {2: cli}"
    assert only(agents(sheet=sheet, prompt=""))["message"] == "needs template or template_file"


def test_directives_and_stakes_are_used_as_written() -> None:
    text = agents(
        prompt="template: '{{ stakes }}', stakes: 'of {{ workspace }}', prompt_extensions: ['in {{ workspace }}']"
    )
    notes = compiled(text).warnings
    assert len(notes) == 2
    assert all("is used as written, without filling in {{ workspace }}" in note for note in notes)


def test_what_all_sheets_share_is_kept_once() -> None:
    sheet = "size: 1, total_items: 5000, prelude: [{file: /a}, {file: '{{ stage }}'}]"
    plan = compiled(agents(sheet=sheet))
    assert len(plan.injections) == 2
    assert {sheet.injections for sheet in plan.sheets} == {(0, 1)}
