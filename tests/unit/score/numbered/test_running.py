"""The keys of a numbered score about how its sheets run: what they become in the plan, what is refused, and what is noted."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from podium.score.hooks import end_script, seconds_of
from podium.score.model.draft import Hook
from podium.score.model.plan import CostLimits, RateLimit, SkipCommand
from tests.support.engines import is_alive
from tests.support.podium_home import until
from tests.unit.score.helpers import compiled, numbered, only


def test_the_limits_become_members_of_the_plan() -> None:
    plan = compiled(
        numbered(
            """\
rate_limit: {detection_patterns: ["slow.?down", 429], wait_minutes: 30, max_waits: 48}
cost_limits: {enabled: true, max_cost_per_sheet: 0.5, max_cost_per_job: 20}
stale_detection: {enabled: true, idle_timeout_seconds: 20m}
"""
        )
    )
    assert plan.rate_limit == RateLimit(wait_seconds=1800, max_waits=48, patterns=("slow.?down", "429"))
    assert plan.cost_limits == CostLimits(max_cost_per_sheet=0.5, max_cost_per_job=20)
    assert (plan.stale_seconds, plan.warnings) == (1200, ())


@pytest.mark.parametrize(
    "rest",
    [
        "stale_detection: {enabled: false, idle_timeout_seconds: 5}\ncost_limits: {enabled: false}",
        "stale_detection: {idle_timeout_seconds: 400}\ncost_limits: {max_cost_per_job: 3}",
    ],
)
def test_what_is_off_has_no_effect_and_needs_no_sense(rest: str) -> None:
    plan = compiled(numbered(rest))
    assert (plan.stale_seconds, plan.cost_limits, plan.rate_limit, plan.warnings) == (None, None, None, ())


@pytest.mark.parametrize(
    ("rest", "column", "field", "message"),
    [
        (
            "stale_detection: {enabled: true, idle_timeout_seconds: 30}", 56, "stale_detection.idle_timeout_seconds",
            "should be more than check_interval_seconds, which is 30",
        ),
        (
            "stale_detection: {enabled: true, check_interval_seconds: 300}", 58, "stale_detection.check_interval_seconds",
            "should be less than idle_timeout_seconds, which is 300",
        ),
        ("cost_limits: {enabled: true}", 1, "cost_limits", "needs max_cost_per_sheet or max_cost_per_job"),
        ("cost_limits: {enabled: true, max_cost_per_job: 0}", 48, "cost_limits.max_cost_per_job", "must be more than 0, not the number 0"),
        (
            "rate_limit: {detection_patterns: [a, '(']}", 38, "rate_limit.detection_patterns[1]",
            "is not a valid regular expression: missing ) at position 1",
        ),
        ("rate_limit: {wait_minutes: 0}", 28, "rate_limit.wait_minutes", "must be at least 1, not the number 0"),
        (
            "on_success: [{type: run_job, job_path: next.yaml, detached: true, fresh: true}]", 21, "on_success[0].type",
            "not supported: a score cannot start another score; write type: run_command with command: podium run -d FILE, or start "
            "the next job when this one has ended",
        ),
        ("on_success: [{command: x}]", 14, "on_success[0]", "needs type"),
        ("on_success: [{type: run_command}]", 14, "on_success[0]", "needs command"),
        (
            'on_success: [{type: run_script, command: "#!/usr/bin/env python3\\nx"}]', 42, "on_success[0].command",
            "has a #! line, which only a sheet's run can have: bash plays it; call the program instead",
        ),
        (
            "on_success: [{type: run_command, command: 'echo {{ workspace }}'}]", 43, "on_success[0].command",
            "is not a template, so {{ workspace }} would not be filled in; write {workspace}",
        ),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_at_its_place(rest: str, column: int, field: str, message: str) -> None:
    problem = only(numbered(rest))
    found = tuple(problem[key] for key in ("line", "column", "field", "message"))
    assert found == (5, column, field, message)


def test_a_key_of_run_job_has_no_effect_on_a_command() -> None:
    plan = compiled(numbered("on_success: [{type: run_command, command: x, fresh: true}]"))
    assert plan.warnings == ("Line 5: fresh has no effect: it belongs to run_job.",)
    empty = compiled(numbered("on_success: [{type: run_command, command: x, job_path: null, job_workspace: null}]"))
    assert empty.warnings == ()


def test_each_agent_that_does_not_say_what_it_costs_is_named() -> None:
    limits = "cost_limits: {enabled: true, max_cost_per_job: 1}"
    text = numbered(limits).replace("instrument: cli", "instrument: claude-code")
    assert compiled(text).warnings == (
        "Line 5: claude-code does not report what it costs, so the limit cannot be kept for it.",
    )


def test_the_reason_to_skip_goes_with_the_command() -> None:
    skip = "size: 1, total_items: 1, skip_when_command: {1: {command: x, description: Done before}}"
    (sheet,) = compiled(numbered(sheet=skip)).sheets
    assert sheet.skip_when_command == SkipCommand(command="x", description="Done before")


# -- on_success, played by bash ---------------------------------------------------------------------------------------


def played(folder: Path, *hooks: Hook, on_end: str = "", status: str = "completed") -> tuple[int, list[str]]:
    """Play the text at a job's end; return its exit code and the lines that it writes."""
    text = end_script(hooks, on_end, sheets=7)
    env = {
        "PATH": "/usr/bin:/bin",
        "PODIUM_JOB_STATUS": status,
        "PODIUM_JOB_ID": "demo-1",
        "PODIUM_WORKSPACE": str(folder),
    }
    done = subprocess.run(
        ["/bin/bash", "-c", text],
        env=env,
        cwd=folder,
        input="{}",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout.splitlines()


def hook(command: str, **facts: Any) -> Hook:
    return Hook(command=command, **facts)


def test_without_hooks_on_end_is_left_as_it_is() -> None:
    assert end_script((), "echo 'x'\n", sheets=3) == "echo 'x'\n"
    assert seconds_of(()) == 0


def test_hooks_run_in_order_with_their_fields_and_then_on_end_with_the_facts(tmp_path: Path) -> None:
    folder = tmp_path / "it's here"
    folder.mkdir()
    first = hook(
        "echo '{workspace}' {job_id} {sheet_count} \"$((1 + 1))\" it\\'s {other}".replace("'{", '"{').replace(
            "}'", '}"'
        )
    )
    assert played(folder, first, hook("cat; pwd", working_directory="/"), on_end="cat; echo; exit 0") == (
        0,
        [f"{folder} demo-1 7 2 it's {{other}}", "/", "{}"],
    )


def test_each_failed_hook_is_told_in_the_last_line(tmp_path: Path) -> None:
    hooks = (
        hook("exit 4"),
        hook("echo go"),
        hook("exit 5", description="Say\nit"),
        hook("x", working_directory="gone"),
    )
    code, lines = played(tmp_path, *hooks, on_end="exit 9")
    assert code == 9
    assert lines == ["go", "on_success 1: exit code 4; on_success 3 (Say it): exit code 5; on_success 4: exit code 1"]


def test_an_abort_keeps_the_rest_from_running_but_not_on_end(tmp_path: Path) -> None:
    hooks = (hook("exit 4", aborts=True), hook("echo go"))
    assert played(tmp_path, *hooks, on_end="echo end") == (1, ["end", "on_success 1: exit code 4"])


def test_a_hook_beyond_its_time_is_ended_with_what_it_started(tmp_path: Path) -> None:
    slow = hook("sleep 60 & echo $! > child; sleep 60", timeout_seconds=1)
    assert played(tmp_path, slow) == (1, ["on_success 1: ended after 1 s"])
    child = int((tmp_path / "child").read_text())
    until(lambda: not is_alive(child), seconds=10)


def test_no_hook_runs_for_a_job_that_has_not_completed(tmp_path: Path) -> None:
    assert played(tmp_path, hook("echo go"), on_end="echo end", status="failed") == (0, ["end"])


def test_the_text_begins_with_what_it_runs() -> None:
    assert end_script((hook("deploy\n  now"), hook("tell")), "", sheets=1).startswith(
        "# on_success: deploy now ; tell\n"
    )
