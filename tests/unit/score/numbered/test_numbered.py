from pathlib import Path

import pytest

from podium.score.model.plan import CrossSheet, Plan, Retry, SkipCommand, Validation
from tests.unit.score.helpers import compiled, needs_of, numbered

FULL = """\
name: full
description: All that is honoured.
workspace: out
instrument: sh
instrument_config: {timeout_seconds: 60}
instruments:
  sh: {profile: cli}
  quick: {profile: cli, config: {timeout_seconds: 5}}
  agent: {profile: claude-code, config: {model: small}}
backend: {timeout_seconds: 900}
sheet:
  size: 10
  total_items: 35
  start_item: 6
  dependencies: {2: [1], '3': ['1', 1]}
  descriptions: {1: first}
  skip_when: {2: 'stage == 9'}
  skip_when_command: {3: {command: 'true'}}
  per_sheet_instruments: {2: quick}
  per_sheet_instrument_config: {1: {timeout_seconds: 7}}
  instrument_map: {agent: [3]}
  total_sheets: 3
prompt:
  template: "{{ sheet_num }}/{{ total_sheets }} {{ start_item }}-{{ end_item }} {{ who }} {{ name | default('') }}"
  variables: {who: me}
retry: {max_retries: 1, base_delay_seconds: 2, max_delay_seconds: 8, exponential_base: 3, jitter: false}
parallel: {enabled: true, max_concurrent: 6, fail_fast: false, stagger_delay_ms: 5, budget_partition: true}
validations:
  - {type: file_exists, path: "{workspace}/{sheet_num}.txt", condition: "sheet_num >= 2", description: there}
  - {type: command_succeeds, command: "true", sheet: 1, working_directory: sub, timeout_seconds: 3, retry_count: 0, stage: 2}
cross_sheet: {auto_capture_stdout: true, max_output_chars: 100, lookback_sheets: 2}
pause_between_sheets_seconds: 0
movements: {1: {name: opening, voices: 1, instrument: sh}, 2: {name: middle}}
state_backend: sqlite
learning: {enabled: false}
isolation: {enabled: false, mode: worktree}
notifications: []
on_success: null
"""


def test_a_score_becomes_a_plan_with_all_that_it_says() -> None:
    plan = compiled(FULL, path=Path("/scores/full.yaml"))
    assert (plan.name, plan.dialect, plan.workspace) == ("full", "numbered", "/scores/out")
    assert (plan.max_concurrent, plan.fail_fast, plan.stagger_delay_ms) == (6, False, 5)
    assert plan.pause_between_sheets_seconds == 0
    assert plan.cross_sheet == CrossSheet(auto_capture_stdout=True, max_output_chars=100, lookback_sheets=2)
    assert needs_of(plan) == {"1": (), "2": ("1",), "3": ("1",)}
    one, two, three = plan.sheets
    assert [(sheet.start_item, sheet.end_item) for sheet in plan.sheets] == [(6, 15), (16, 25), (26, 35)]
    assert [sheet.description for sheet in plan.sheets] == ["first", "middle", ""]
    assert [sheet.instrument for sheet in plan.sheets] == ["cli", "cli", "claude-code"]
    assert [sheet.timeout_seconds for sheet in plan.sheets] == [7, 5, 60]
    assert three.instrument_config == {"model": "small"}
    assert (two.skip_when, three.skip_when_command) == ("stage == 9", SkipCommand(command="true"))
    assert plan.retries[one.retry] == Retry(
        max_retries=1,
        base_delay_seconds=2,
        max_delay_seconds=8,
        exponential_base=3,
        jitter=False,
        max_completion_attempts=5,
    )
    there = Validation(type="file_exists", path="{workspace}/{sheet_num}.txt", description="there", retry_count=3)
    assert [[plan.validations[index] for index in sheet.validations] for sheet in (two, three)] == [[there], [there]]
    (command,) = (plan.validations[index] for index in one.validations)
    assert (command.working_directory, command.timeout_seconds, command.retry_count, command.stage) == ("sub", 3, 0, 2)


def test_a_plan_survives_its_json() -> None:
    plan = compiled(FULL)
    assert Plan.model_validate_json(plan.model_dump_json()) == plan


def test_the_defaults_are_those_of_the_original() -> None:
    plan = compiled(numbered(sheet="size: 1, total_items: 2"))
    sheet = plan.sheets[0]
    assert plan.retries[sheet.retry] == Retry(
        max_retries=3, base_delay_seconds=10, jitter=True, max_completion_attempts=5
    )
    assert (plan.pause_between_sheets_seconds, sheet.timeout_seconds, plan.default_timeout_seconds) == (2, None, 1800)
    assert (plan.max_concurrent, plan.fail_fast, plan.cross_sheet, plan.workspace) == (1, False, None, None)


def test_a_command_that_checks_may_take_an_hour_as_in_the_original_and_a_file_half_a_minute() -> None:
    checks = "[{type: command_succeeds, command: make}, {type: file_exists, path: a}, {type: command_succeeds, command: x, timeout_seconds: 5}]"
    plan = compiled(numbered(f"validations: {checks}"))
    assert [check.timeout_seconds for check in plan.validations] == [3600, 30, 5]


def test_parallel_without_dependencies_brings_a_warning_and_with_an_empty_one_lets_all_run_at_once() -> None:
    (warning,) = compiled(numbered("parallel: {enabled: true}")).warnings
    assert "sheet.dependencies: {1: []}" in warning
    plan = compiled(numbered("parallel: {enabled: true}", sheet="size: 1, total_items: 3, dependencies: {1: []}"))
    assert (set(needs_of(plan).values()), plan.warnings) == ({()}, ())


def test_parallel_alone_has_the_defaults_of_the_original() -> None:
    plan = compiled(numbered("parallel: {enabled: true}"))
    assert (plan.max_concurrent, plan.fail_fast) == (3, True)


@pytest.mark.parametrize(
    ("sheet", "items"),
    [
        ("size: 10, total_items: 25", [(1, 10), (11, 20), (21, 25)]),
        ("size: 10, total_items: 25, start_item: 11", [(11, 20), (21, 25)]),
        ("size: 1, total_items: 2", [(1, 1), (2, 2)]),
        ("size: 7, total_items: 7", [(1, 7)]),
        ("size: '2', total_items: 2.0", [(1, 2)]),
    ],
)
def test_items_are_cut_into_sheets(sheet: str, items: list[tuple[int, int]]) -> None:
    plan = compiled(numbered(sheet=sheet))
    assert [(each.start_item, each.end_item) for each in plan.sheets] == items


def test_without_dependencies_sheets_are_a_chain() -> None:
    assert needs_of(compiled(numbered())) == {"1": (), "2": ("1",), "3": ("2",)}
    assert needs_of(compiled(numbered(sheet="size: 1, total_items: 2, dependencies: {}"))) == {"1": (), "2": ("1",)}


def test_with_any_dependency_the_sheets_that_are_not_listed_wait_for_nothing() -> None:
    plan = compiled(numbered(sheet="size: 1, total_items: 4, dependencies: {4: [1]}"))
    assert needs_of(plan) == {"1": (), "2": (), "3": (), "4": ("1",)}


def test_fan_out_makes_consecutive_sheets_and_dependencies_follow() -> None:
    plan = compiled(numbered(sheet="size: 1, total_items: 3, fan_out: {2: 3}, dependencies: {2: [1], 3: [2]}"))
    assert needs_of(plan) == {"1": (), "2": ("1",), "3": ("1",), "4": ("1",), "5": ("2", "3", "4")}
    assert [(s.stage, s.instance, s.fan_count) for s in plan.sheets] == [
        (1, 1, 1),
        (2, 1, 3),
        (2, 2, 3),
        (2, 3, 3),
        (3, 1, 1),
    ]
    assert plan.total_stages == 3


def test_fan_out_alone_leaves_the_stages_a_chain() -> None:
    plan = compiled(numbered(sheet="size: 1, total_items: 2, fan_out: {1: 2}"))
    assert needs_of(plan) == {"1": (), "2": (), "3": ("1", "2")}


def test_with_fan_out_descriptions_count_the_sheets_that_come_of_it() -> None:
    plan = compiled(numbered(sheet="size: 1, total_items: 2, fan_out: {1: 2}, descriptions: {1: one, 3: three}"))
    assert [sheet.description for sheet in plan.sheets] == ["one", "", "three"]


def test_a_validation_of_a_fanned_out_sheet_counts_sheets() -> None:
    text = "validations: [{type: file_exists, path: f, sheet: 3}, {type: file_modified, path: f, condition: instance == 2}]"
    plan = compiled(numbered(text, sheet="size: 1, total_items: 2, fan_out: {1: 2}"))
    assert [sheet.validations for sheet in plan.sheets] == [(), (1,), (0,)]


def test_an_empty_name_becomes_the_name_of_the_file() -> None:
    text = numbered().replace("name: demo", "name: ''")
    assert compiled(text, path=Path("/x/nightly.yaml")).name == "nightly"
    assert compiled(text).name == "score"


def test_without_an_instrument_the_default_of_the_original_plays() -> None:
    text = numbered("backend: {type: claude_cli}").replace("instrument: cli\n", "")
    assert compiled(text).sheets[0].instrument == "claude-code"


def test_the_template_file_is_relative_to_the_score(tmp_path: Path) -> None:
    (tmp_path / "t.j2").write_text("echo {{ sheet_num }}")
    text = numbered().replace("template: 'true'", "template_file: t.j2")
    assert compiled(text, path=tmp_path / "s.yaml").templates == ("echo {{ sheet_num }}",)


@pytest.mark.parametrize("name", ["name", "job_name", "item"])
def test_a_variable_may_have_a_name_that_the_original_leaves_free(name: str) -> None:
    text = numbered(template=f"{{{{ {name} }}}}").replace("prompt: {", f"prompt: {{variables: {{{name}: mine}}, ")
    assert compiled(text).variables == {name: "mine"}
