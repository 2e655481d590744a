"""Which sheets of a changed score count as changed: those that would do, or must leave, something else."""

from pathlib import Path

import pytest

from podium.conductor.rules.plans import LoadedPlan
from podium.conductor.rules.transitions.modify import match_sheets
from podium.reader import differing as module
from podium.reader.differing import differing, tuned
from podium.score.model.plan import Plan
from tests.unit.score.helpers import compiled

SCORE = """\
name: demo
variables: {word: hello}
env: {LEVEL: low}
sheets:
- {name: a, run: 'echo {{ word }}'}
- {name: b, run: 'echo {{ sheet_num }} > {{ workspace }}/b', validate: [{file_exists: b}]}
- {name: c, run: echo c, env: {X: '1'}}
"""


def changed(text: str, *, workspace: str | None = None) -> list[str]:
    """Return the names of the sheets that `text` changes, compared with `SCORE`."""
    old, new = compiled(SCORE), compiled(text, workspace=workspace)
    pairs = match_sheets(LoadedPlan("old", old), LoadedPlan("new", new))
    found = differing(old, new, pairs.items(), "/work")
    return [new.sheet(num).label for num in sorted(found)]


def settings(text: str) -> tuple[list[str], tuple[str, ...]]:
    """Return the names of the sheets that get other settings with `text`, and which settings differ."""
    old, new = compiled(SCORE), compiled(text)
    pairs = match_sheets(LoadedPlan("old", old), LoadedPlan("new", new))
    sheets, names = tuned(old, new, pairs.items())
    return [new.sheet(num).label for num in sheets], names


def test_the_same_score_changes_nothing() -> None:
    assert changed(SCORE) == []
    assert settings(SCORE) == ([], ())


@pytest.mark.parametrize(
    ("before", "after", "sheets", "names"),
    [
        ("echo c,", "echo c, timeout_seconds: 7,", ["c"], ("timeout_seconds",)),
        ("echo c,", "echo c, retry: {max_retries: 1},", ["c"], ("retry",)),
        ("echo c,", "echo c, resources: {cpus: 2},", ["c"], ("resources",)),
        ("echo c,", "echo c, engine: slurm,", ["c"], ("engine",)),
        ("name: demo", "name: demo\nresources: {time: 1h}", ["a", "b", "c"], ("resources",)),
        ("echo c,", "echo c, needs: [a],", ["b", "c"], ("needs",)),  # b needed a only as the one before it
        ("echo c,", "echo c, description: last,", ["c"], ("description",)),
        ("- {name: c", "- {name: new, run: 'true'}\n- {name: c", ["c"], ("needs",)),
        ("name: demo", "name: demo\nparallel: {max_concurrent: 1}", [], ("parallel",)),
        ("name: demo", "name: other", [], ("name",)),
        ("word: hello", "word: bye", [], ("variables",)),
        ("LEVEL: low", "LEVEL: high", [], ("env",)),
        ("name: demo", "name: demo  # a comment", [], ()),
        ("echo c", "echo d", [], ()),
    ],
)
def test_other_settings_are_named_and_so_are_the_sheets_that_have_them(
    before: str, after: str, sheets: list[str], names: tuple[str, ...]
) -> None:
    assert before in SCORE
    assert settings(SCORE.replace(before, after)) == (sheets, names)


def test_every_member_of_a_plan_is_compared_or_known_to_need_no_comparison() -> None:
    compared = {name for members in module._PLAN_SETTINGS.values() for name in members}
    assert compared | module._NO_SETTINGS == Plan.model_fields.keys()
    assert not compared & module._NO_SETTINGS


def test_another_layout_of_the_same_score_changes_nothing() -> None:
    assert changed(SCORE.replace("run: echo c,", "run: 'echo c', description: last,")) == []


def test_a_workspace_that_was_chosen_for_the_job_changes_nothing() -> None:
    assert changed(SCORE, workspace="/work") == []


@pytest.mark.parametrize(
    ("before", "after", "names"),
    [
        ("echo c", "echo d", ["c"]),
        ("X: '1'", "X: '2'", ["c"]),
        ("LEVEL: low", "LEVEL: high", ["a", "b", "c"]),
        ("file_exists: b", "file_exists: other", ["b"]),
        ("word: hello", "word: bye", ["a"]),
        ("variables: {word: hello}", "variables: {word: hello, unused: 1}", []),
        ("- {name: c", "- {name: new, run: 'true'}\n- {name: c", []),
        ("- {name: a", "- {name: first, run: 'true'}\n- {name: a", ["b"]),
        ("run: echo c", "instrument: claude-code, prompt: echo c", ["c"]),
    ],
)
def test_a_change_counts_for_the_sheets_that_it_reaches(before: str, after: str, names: list[str]) -> None:
    assert before in SCORE
    assert changed(SCORE.replace(before, after)) == names


PROMPTS = """\
name: demo
instrument: claude-code
sheet:
  size: 1
  total_items: 2
  prelude: [{file: /all.md}]
  cadenzas: {2: [{file: '{{ workspace }}/{{ word }}.md', as: skill}]}
prompt: {template: work, variables: {word: one}, stakes: high}
"""


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("/all.md", "/more.md", ["1", "2"]),
        ("as: skill", "as: tool", ["2"]),
        ("word: one", "word: two", ["2"]),
        ("name: demo", "name: demo\nsuccess_requirements: false", ["1", "2"]),
        ("template: work", "template: work, prompt_extensions: [be brief]", ["1", "2"]),
        ("total_items: 2", "total_items: 3", []),  # "of 3" in place of "of 2" is no other task
        ("stakes: high", "stakes: low", []),  # the template does not have it
        ("  prelude: [{file: /all.md}]\n", "  prelude: [{file: /all.md}, {file: /b.md}]\n", ["1", "2"]),
    ],
)
def test_a_sheet_is_changed_if_its_prompt_has_other_parts(before: str, after: str, expected: list[str]) -> None:
    assert before in PROMPTS
    old, new = compiled(PROMPTS), compiled(PROMPTS.replace(before, after))
    pairs = match_sheets(LoadedPlan("old", old), LoadedPlan("new", new))
    found = differing(old, new, pairs.items(), "/work")
    assert [new.sheet(num).label for num in sorted(found)] == expected


def test_a_prompt_that_a_moved_score_makes_of_the_same_files_is_unchanged(tmp_path: Path) -> None:
    old = compiled(PROMPTS, path=tmp_path / "one" / "score.yaml")
    new = compiled(PROMPTS, path=tmp_path / "two" / "score.yaml")
    assert old.injections != new.injections
    pairs = match_sheets(LoadedPlan("old", old), LoadedPlan("new", new))
    assert differing(old, new, pairs.items(), "/work") == ()


def test_other_stakes_are_a_setting_and_a_change_of_the_sheets_whose_template_has_them() -> None:
    text = PROMPTS.replace("template: work", "template: '{{ stakes }}'")
    old, new = compiled(text), compiled(text.replace("stakes: high", "stakes: low"))
    pairs = match_sheets(LoadedPlan("old", old), LoadedPlan("new", new))
    assert differing(old, new, pairs.items(), "/work") == (1, 2)
    assert tuned(old, new, pairs.items()) == ((), ("prompt",))


NUMBERED = """\
name: demo
instrument: cli
prompt: {template: x}
sheet: {size: 1, total_items: 2, fan_out: {1: 3}, instrument_map: {claude-code: [2]}}
instrument_config: {timeout_overrides: {3: 60}}
"""


@pytest.mark.parametrize(
    ("before", "after", "sheets", "tuning"),
    [
        ("[2]", "[2, 4]", ["4"], []),
        ("[2]", "[3]", ["2", "3"], []),
        ("{3: 60}", "{2: 60}", [], ["2", "3"]),
        ("fan_out:", "descriptions: {1: one}, fan_out:", [], ["1"]),
        ("fan_out:", "per_sheet_instrument_config: {2: {model: m}}, fan_out:", ["2"], []),
    ],
)
def test_what_is_said_of_one_sheet_after_fan_out_changes_that_sheet_alone(
    before: str, after: str, sheets: list[str], tuning: list[str]
) -> None:
    assert before in NUMBERED
    old, new = compiled(NUMBERED), compiled(NUMBERED.replace(before, after))
    pairs = match_sheets(LoadedPlan("old", old), LoadedPlan("new", new))
    assert [str(num) for num in differing(old, new, pairs.items(), "/work")] == sheets
    assert [str(num) for num in tuned(old, new, pairs.items()).sheets] == tuning
