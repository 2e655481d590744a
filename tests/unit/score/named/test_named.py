from pathlib import Path

import pytest

from podium.score.model.plan import CrossSheet, Plan, Retry, SkipCommand, Validation
from tests.unit.score.helpers import compiled, needs_of, sheets

AUDIT = """\
name: release-audit
description: Ready to go?
workspace: ./audit
env: {LEVEL: high}
variables: {branch: main}
instrument: claude-code
sheets:
  - name: lint
    run: ruff check . > lint.json
    validate: [{file_exists: lint.json}]
  - name: tests
    run: pytest -q --branch {{ branch }}
    timeout_seconds: 600
    retry: {max_retries: 2, base_delay_seconds: 3}
    env: {PORT: 8080, RATIO: 1.10, ON: yes}
    on_lost: fail
  - name: report
    needs: [lint, 2]
    run: make report
    skip_when: branch == "dev"
    skip_when_command: {command: "test -f {workspace}/report.md", timeout_seconds: 5}
    validate:
      - content_contains: {path: "{name}.md", pattern: "## Summary", stage: 2, retry_count: 1}
      - command_succeeds: test -s report.md
  - name: review
    needs: [report]
    prompt: Read report.md in {{ workspace }}.
    instrument_config: {model: small}
parallel: {max_concurrent: 2, fail_fast: true, stagger_delay_ms: 10}
pause_between_sheets_seconds: 0.5
cross_sheet: {auto_capture_stdout: true, lookback_sheets: 1}
"""


def test_a_score_becomes_a_plan_with_all_that_it_says() -> None:
    plan = compiled(AUDIT, path=Path("/scores/audit.yaml"))
    assert (plan.name, plan.description, plan.dialect) == ("release-audit", "Ready to go?", "named")
    assert plan.workspace == "/scores/audit"
    assert (plan.env, plan.variables) == ({"LEVEL": "high"}, {"branch": "main"})
    assert (plan.max_concurrent, plan.fail_fast, plan.stagger_delay_ms) == (2, True, 10)
    assert plan.pause_between_sheets_seconds == 0.5
    assert plan.cross_sheet == CrossSheet(auto_capture_stdout=True, lookback_sheets=1)
    assert needs_of(plan) == {"lint": (), "tests": (), "report": ("lint", "tests"), "review": ("report",)}
    lint, tests, report, review = plan.sheets
    assert [plan.validations[index] for index in lint.validations] == [Validation(type="file_exists", path="lint.json")]
    assert plan.retries[lint.retry] == Retry()
    assert plan.retries[tests.retry] == Retry(max_retries=2, base_delay_seconds=3)
    assert tests.env == {"PORT": "8080", "RATIO": "1.10", "ON": "yes"}
    assert (lint.timeout_seconds, tests.timeout_seconds, tests.on_lost) == (None, 600, "fail")
    assert report.skip_when == 'branch == "dev"'
    assert report.skip_when_command == SkipCommand(command="test -f {workspace}/report.md", timeout_seconds=5)
    assert [plan.validations[index] for index in report.validations] == [
        Validation(type="content_contains", path="{name}.md", pattern="## Summary", stage=2, retry_count=1),
        Validation(type="command_succeeds", command="test -s report.md"),
    ]
    assert (lint.instrument, review.instrument, review.instrument_config) == ("cli", "claude-code", {"model": "small"})


def test_a_plan_survives_its_json_with_and_without_its_defaults() -> None:
    plan = compiled(AUDIT)
    assert Plan.model_validate_json(plan.model_dump_json()) == plan
    assert Plan.model_validate_json(plan.model_dump_json(exclude_defaults=True)) == plan


def test_a_score_that_says_nothing_has_no_retries_no_limit_no_pause_and_four_at_once() -> None:
    plan = compiled(sheets("{run: 'true'}"))
    assert (plan.max_concurrent, plan.fail_fast, plan.pause_between_sheets_seconds) == (4, False, 0)
    assert plan.retries[plan.sheets[0].retry].max_retries == 0
    assert (plan.sheets[0].timeout_seconds, plan.workspace, plan.cross_sheet) == (None, None, None)


def test_sheets_without_needs_run_one_after_another() -> None:
    plan = compiled(sheets("{name: a, run: x}", "{name: b, run: x}", "{run: x}"))
    assert needs_of(plan) == {"a": (), "b": ("a",), "3": ("b",)}


def test_as_soon_as_one_sheet_has_needs_the_others_wait_for_nothing() -> None:
    plan = compiled(sheets("{name: a, run: x}", "{name: b, run: x}", "{name: c, run: x, needs: [b]}"))
    assert needs_of(plan) == {"a": (), "b": (), "c": ("b",)}


def test_an_empty_needs_is_a_needs() -> None:
    assert needs_of(compiled(sheets("{run: x}", "{run: x, needs: []}"))) == {"1": (), "2": ()}


def test_a_parallel_without_any_needs_brings_a_warning() -> None:
    parallel, two = "parallel: {max_concurrent: 2}\n", ("{name: a, run: x}", "{name: b, run: x}")
    (warning,) = compiled(parallel + sheets(*two)).warnings
    assert warning.endswith("give one of them needs: [].")


@pytest.mark.parametrize(
    ("parallel", "second"),
    [
        ("{max_concurrent: 2}", "{name: b, run: x, needs: []}"),
        ("{max_concurrent: 2}", "{name: b, run: x, foreach: [1, 2]}"),
        ("{max_concurrent: 1}", "{name: b, run: x}"),
        ("{fail_fast: true}", "{name: b, run: x}"),
    ],
)
def test_a_parallel_that_is_of_use_or_asks_for_nothing_brings_none(parallel: str, second: str) -> None:
    assert not compiled(f"parallel: {parallel}\n" + sheets("{name: a, run: x}", second)).warnings


def test_a_sheet_may_need_a_later_one_by_number_or_by_a_number_as_text() -> None:
    plan = compiled(sheets("{name: a, run: x, needs: [3]}", "{name: b, run: x, needs: ['3', 3]}", "{name: c, run: x}"))
    assert needs_of(plan) == {"a": ("c",), "b": ("c",), "c": ()}


def test_foreach_makes_one_sheet_an_item_and_needs_waits_for_all_or_one() -> None:
    plan = compiled(
        sheets(
            "{name: build, foreach: [linux, mac], run: 'make {{ item }} {{ instance }}/{{ fan_count }}'}",
            "{name: all, run: x, needs: [build]}",
            "{name: one, run: x, needs: ['build[mac]']}",
            "{name: third, run: x, needs: [2]}",
        )
    )
    assert needs_of(plan) == {
        "build[linux]": (),
        "build[mac]": (),
        "all": ("build[linux]", "build[mac]"),
        "one": ("build[mac]",),
        "third": ("all",),
    }
    assert [(sheet.variables, sheet.stage, sheet.instance, sheet.fan_count) for sheet in plan.sheets[:3]] == [
        ({"item": "linux"}, 1, 1, 2),
        ({"item": "mac"}, 1, 2, 2),
        ({}, 2, 1, 1),
    ]
    assert (len(plan.templates), plan.total_stages) == (2, 4)


def test_foreach_can_name_its_variable() -> None:
    plan = compiled(sheets("{name: a, foreach: {host: [x, 2, true]}, run: 'ping {{ host }}'}"))
    assert [sheet.name for sheet in plan.sheets] == ["a[x]", "a[2]", "a[true]"]
    assert [sheet.variables["host"] for sheet in plan.sheets] == ["x", 2, True]


def test_one_foreach_follows_another_as_a_whole() -> None:
    plan = compiled(sheets("{name: a, foreach: [1, 2], run: x}", "{name: b, foreach: [1, 2], run: x}"))
    assert needs_of(plan)["b[1]"] == needs_of(plan)["b[2]"] == ("a[1]", "a[2]")


def test_a_validation_applies_to_the_instances_that_its_condition_chooses() -> None:
    entry = "{name: a, foreach: [x, y], run: x, validate: [{file_exists: {path: f, condition: instance == 2}}]}"
    assert [sheet.validations for sheet in compiled(sheets(entry)).sheets] == [(), (0,)]


def test_the_same_validation_is_kept_once() -> None:
    plan = compiled(sheets(*["{run: x, validate: [{file_exists: f}, {file_modified: f}]}"] * 5))
    assert len(plan.validations) == 2


def test_a_prompt_can_stand_in_a_file_beside_the_score(tmp_path: Path) -> None:
    (tmp_path / "ask.md").write_text("Read {{ workspace }}.\n")
    plan = compiled(sheets("{prompt_file: ask.md, instrument: claude-code}"), path=tmp_path / "score.yaml")
    assert plan.templates == ("Read {{ workspace }}.\n",)
    assert compiled(sheets("{prompt_file: ask.md, instrument: claude-code}"), cwd=tmp_path).templates == plan.templates


def test_a_folded_merge_key_gives_sheets_common_parts() -> None:
    text = "name: x\nsheets:\n- &base {name: a, run: x, timeout_seconds: 5}\n- {<<: *base, name: b}\n"
    assert [sheet.timeout_seconds for sheet in compiled(text).sheets] == [5, 5]


def test_the_workspace_is_relative_to_the_score_and_an_argument_to_the_caller(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("HOME", "/home/me")
    text = "workspace: ../out\n" + sheets("{run: x}")
    score = Path("/scores/deep/a.yaml")
    assert compiled(text, path=score).workspace == "/scores/out"
    assert compiled(text).workspace == "/out"
    assert compiled(text, path=score, workspace="mine").workspace == "/caller/mine"
    assert compiled(text, path=score, workspace="~/mine").workspace == "/home/me/mine"
    assert compiled(text.replace("../out", "~/w"), path=score).workspace == "/home/me/w"
    assert compiled(text, path=score, workspace="").workspace == "/scores/out"


def test_a_start_gives_variables_other_values() -> None:
    text = "variables: {who: you, n: 3}\n" + sheets("{run: 'echo {{ who }} {{ extra }}'}")
    assert compiled(text, variables={"who": "me", "extra": "x"}).variables == {"who": "me", "n": 3, "extra": "x"}


def test_a_pattern_that_looks_like_it_has_fields_brings_a_warning() -> None:
    entry = "{run: x, validate: [{content_contains: {path: f, pattern: 'ran-{sheet_num} {other}'}}]}"
    (warning,) = compiled(sheets(entry)).warnings
    assert warning.endswith("is used as written, without filling in {sheet_num}.")


def test_a_value_of_env_or_a_workspace_that_looks_like_a_template_brings_a_warning() -> None:
    text = "variables: {target: t}\nenv: {ALL: '{job_name}'}\nworkspace: 'out/{{ target }}'\n"
    entry = "{run: x, env: {T: '{{ target }} {{ other }}', W: '{workspace}', X: '{other}', Y: plain}}"
    assert sorted(compiled(text + sheets(entry, entry)).warnings) == [
        "Line 2: the value of env ALL is used as written, without filling in {job_name}. Use template variables in run instead.",
        "Line 3: the workspace path is used as written, without filling in {{ target }}.",
        "Lines 6, 7: the value of env T is used as written, without filling in {{ target }}. Use template variables in run instead.",
        "Lines 6, 7: the value of env W is used as written, without filling in {workspace}. Use template variables in run instead.",
    ]


def test_only_sheets_that_ask_for_earlier_outputs_are_marked() -> None:
    text = sheets("{run: 'echo a'}", "{run: 'echo {{ previous_outputs[1] }}'}")
    plan = compiled("cross_sheet: {auto_capture_stdout: true}\n" + text)
    assert [sheet.uses_previous_outputs for sheet in plan.sheets] == [False, True]
