"""How the sheets of a numbered score run on a real conductor: silence, completions, limits of rates and costs, and on_success."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from podium.times import moment
from tests.support.jobs import check_history, events_of, sheets_of, types_of, until, wait_for_file
from tests.support.podium_home import Conductor, ask
from tests.support.podium_home import until as until_holds

QUICK = {"max_retries": 2, "base_delay_seconds": 0, "completion_delay_seconds": 0}
HANGS_ONCE = "[ -e again ] || { sleep 600 & echo $! > again; wait; }"


def start(conductor: Conductor, folder: Path, prompt: str, *, agent: str = "", profile: str = "", sheets: int = 1,
          **keys: Any) -> str:  # fmt: skip
    """Start a numbered score in `folder` and return the job's id. With `agent`, a script that reads prompts plays it."""
    folder.mkdir(exist_ok=True)
    if agent:
        program = folder / "agent"
        program.write_text(f"#!/bin/bash\ncat >> prompts\n{agent}\n")
        program.chmod(0o755)
        profiles = folder / ".podium" / "instruments"
        profiles.mkdir(parents=True, exist_ok=True)
        (profiles / "mine.yaml").write_text(f"executable: {program}\nprompt: stdin\n{profile}\n")
    score = {
        "name": "demo", "workspace": ".", "instrument": "mine" if agent else "cli", "retry": QUICK,
        "sheet": {"size": 1, "total_items": sheets}, "pause_between_sheets_seconds": 0, "prompt": {"template": prompt}, **keys,
    }  # fmt: skip
    path = folder / "score.yaml"
    path.write_text(json.dumps(score))
    reply = ask(conductor.settings.socket, "job.submit", {"config_path": str(path)})
    assert reply["status"] == "accepted", reply
    return str(reply["job_id"])


def end_of(conductor: Conductor, job_id: str) -> dict[str, Any]:
    """Wait for the job's end, check its history and return its view."""
    view = until(conductor, job_id, "completed", "failed")
    check_history(conductor, job_id)
    return view


def attempts_of(conductor: Conductor, job_id: str) -> list[dict[str, Any]]:
    """Return the job's attempts, oldest first."""
    found: list[dict[str, Any]] = ask(conductor.settings.socket, "job.attempts", {"job_id": job_id})["attempts"]
    return found


def counts_of(conductor: Conductor, job_id: str) -> tuple[int, int, int]:
    """Return how often a job's only sheet was tried, how often completed, and how often that may be, as Marianne has it."""
    sheet = ask(conductor.settings.socket, "job.status", {"job_id": job_id})["sheets"]["1"]
    return sheet["normal_attempts"], sheet["completion_attempts"], sheet["max_completion"]


def stale(seconds: float) -> dict[str, Any]:
    """Return the block that watches for so long a silence."""
    return {"enabled": True, "idle_timeout_seconds": seconds, "check_interval_seconds": 0.1}


def test_an_attempt_that_falls_silent_is_ended_with_its_tree_and_tried_again(
    shared_conductor: Conductor, tmp_path: Path
) -> None:
    job_id = start(shared_conductor, tmp_path, HANGS_ONCE, stale_detection=stale(0.4))
    assert end_of(shared_conductor, job_id)["status"] == "completed"
    first, second = attempts_of(shared_conductor, job_id)
    assert (first["outcome"], first["end_reason"]) == ("failed", "stale")
    assert first["reason"] == "no output for 0.4 s (stale_detection)"
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "again").read_text()), 0)
    assert second["outcome"] == "completed"


def test_an_attempt_that_goes_on_writing_is_left_alone(shared_conductor: Conductor, tmp_path: Path) -> None:
    writes = "for each in 1 2 3 4 5 6 7 8 9; do echo $each >&2; sleep 0.15; done"
    job_id = start(shared_conductor, tmp_path, writes, stale_detection=stale(0.9))
    assert end_of(shared_conductor, job_id)["status"] == "completed"
    assert len(attempts_of(shared_conductor, job_id)) == 1


def test_a_silence_goes_on_over_a_crash_of_the_conductor(revived_conductor: Conductor, tmp_path: Path) -> None:
    job_id = start(revived_conductor, tmp_path, HANGS_ONCE, stale_detection=stale(1.0))
    wait_for_file(tmp_path / "again")
    revived_conductor.kill()
    revived_conductor.start()
    assert end_of(revived_conductor, job_id)["status"] == "completed"
    assert [each["end_reason"] for each in attempts_of(revived_conductor, job_id)] == ["stale", "exited"]


VALIDATIONS = [{"type": "file_exists", "path": "{workspace}/one"}, {"type": "file_exists", "path": "{workspace}/two"}]


def test_an_agent_completes_what_it_left_unfinished_also_when_the_conductor_crashes_meanwhile(
    revived_conductor: Conductor, tmp_path: Path
) -> None:
    agent = "if [ -e one ]; then touch two; else touch one; fi"
    retry = {**QUICK, "completion_delay_seconds": 1}
    job_id = start(revived_conductor, tmp_path, "Make two files.", agent=agent, validations=VALIDATIONS, retry=retry)
    until_holds(lambda: sheets_of(revived_conductor, job_id)["1"]["status"] == "waiting")
    assert sheets_of(revived_conductor, job_id)["1"]["reason"].startswith(
        "completion 1 of 5 after: validation file_exists"
    )
    assert counts_of(revived_conductor, job_id) == (1, 0, 5)
    revived_conductor.kill()
    revived_conductor.start()
    assert end_of(revived_conductor, job_id)["status"] == "completed"
    first, second = (tmp_path / "prompts").read_text().rsplit("Make two files.", 1)
    assert "What is wrong" not in first
    assert "What is wrong:\n- file_exists: expected two exists, found " in second
    kinds = types_of(revived_conductor, job_id)
    assert (kinds.count("sheet.completing"), kinds.count("sheet.retrying")) == (1, 0)
    assert counts_of(revived_conductor, job_id) == (1, 1, 5)


def test_a_script_that_passes_in_part_is_retried_as_after_any_failure(
    shared_conductor: Conductor, tmp_path: Path
) -> None:
    script = "if [ -e one ]; then touch two; else touch one; fi"
    job_id = start(shared_conductor, tmp_path, script, validations=VALIDATIONS)
    assert end_of(shared_conductor, job_id)["status"] == "completed"
    assert types_of(shared_conductor, job_id).count("sheet.retrying") == 1


def test_a_rate_limit_is_recognised_by_the_scores_pattern_and_waited_for_as_often_as_it_says(
    shared_conductor: Conductor, tmp_path: Path
) -> None:
    limit = {"detection_patterns": ["come back (later|soon)"], "wait_minutes": 2, "max_waits": 1}
    agent = "echo 'Come back later, try again in 1 seconds'; exit 1"
    job_id = start(shared_conductor, tmp_path, "x", agent=agent, rate_limit=limit)
    view = end_of(shared_conductor, job_id)
    assert view["status"] == "failed"
    assert "mine is rate limited for 1 s (exit code 1)" in view["reason"]
    (limited,) = [each["data"] for each in events_of(shared_conductor, job_id) if each["type"] == "sheet.rate_limited"]
    assert (limited["delay_seconds"], limited["wait"], limited["max_waits"]) == (1, 1, 1)


def test_a_rate_limit_without_a_time_is_waited_for_as_long_as_the_score_says(
    shared_conductor: Conductor, tmp_path: Path
) -> None:
    profile = "rate_limit_patterns: [slow down]"
    limit = {"wait_minutes": 7}
    agent = "echo slow down; exit 1"
    job_id = start(shared_conductor, tmp_path, "x", agent=agent, profile=profile, rate_limit=limit)
    until_holds(lambda: sheets_of(shared_conductor, job_id)["1"]["status"] == "waiting")
    left = (moment(sheets_of(shared_conductor, job_id)["1"]["waiting_until"]) or 0) - time.time()
    assert 6 * 60 < left <= 7 * 60
    ask(shared_conductor.settings.socket, "job.cancel", {"job_id": job_id})
    assert until(shared_conductor, job_id, "cancelled")


COSTS = "cost_pattern: 'cost: \\$([\\d.]+)'"


def test_a_sheet_that_has_cost_more_than_it_may_is_not_tried_again(shared_conductor: Conductor, tmp_path: Path) -> None:
    limits = {"enabled": True, "max_cost_per_sheet": 1.0}
    agent = "echo 'cost: $0.10'; echo 'Cost: $0.60'; exit 1"
    retry = {**QUICK, "max_retries": 9}
    job_id = start(shared_conductor, tmp_path, "x", agent=agent, profile=COSTS, retry=retry, cost_limits=limits)
    view = end_of(shared_conductor, job_id)
    assert view["reason"].endswith("its attempts have cost $1.20, more than max_cost_per_sheet, $1.00")
    assert [each["cost_dollars"] for each in attempts_of(shared_conductor, job_id)] == [0.6, 0.6]
    assert view["cost_dollars"] == 1.2
    assert "report what it costs" not in "".join(view["warnings"])


def test_a_job_that_has_cost_more_than_it_may_is_paused_until_somebody_lets_it_go_on(
    shared_conductor: Conductor, tmp_path: Path
) -> None:
    limits = {"enabled": True, "max_cost_per_job": 1.0}
    agent = "echo 'cost: $0.75'"
    job_id = start(shared_conductor, tmp_path, "x", agent=agent, profile=COSTS, sheets=3, cost_limits=limits)
    view = until(shared_conductor, job_id, "paused")
    assert view["reason"].startswith("the job has cost $1.50, more than max_cost_per_job, $1.00; resume_job")
    assert (view["sheets_completed"], view["cost_dollars"]) == (2, 1.5)
    paused = ask(shared_conductor.settings.socket, "job.status", {"job_id": job_id})
    assert (paused["cost_limit_reached"], paused["total_estimated_cost"]) == (True, 1.5)
    assert [sheet["total_cost_usd"] for sheet in paused["sheets"].values()] == [0.75, 0.75, 0.0]
    ask(shared_conductor.settings.socket, "job.resume", {"job_id": job_id})
    assert end_of(shared_conductor, job_id)["cost_dollars"] == 2.25
    assert ask(shared_conductor.settings.socket, "job.status", {"job_id": job_id})["cost_limit_reached"] is False


def test_a_limit_that_cannot_be_kept_is_told(shared_conductor: Conductor, tmp_path: Path) -> None:
    limits = {"enabled": True, "max_cost_per_job": 1.0}
    job_id = start(shared_conductor, tmp_path, "x", agent="true", cost_limits=limits)
    view = end_of(shared_conductor, job_id)
    assert "mine does not report what it costs, so the limit cannot be kept for it." in "".join(view["warnings"])
    assert view["cost_dollars"] is None


def test_what_follows_success_runs_in_order_and_only_then(shared_conductor: Conductor, tmp_path: Path) -> None:
    folder = tmp_path / "a 'b' c"
    hooks = [
        {"type": "run_command", "command": "echo {job_id} {sheet_count} > {workspace}/one; cp {workspace}/one \"{workspace}/again\""},
        {"type": "run_command", "command": "pwd > two; sleep 60", "working_directory": "sub", "timeout_seconds": 0.3},
        {"type": "run_command", "command": "touch three; exit 3", "description": "Deploy", "on_failure": "abort"},
        {"type": "run_command", "command": "touch four"},
    ]  # fmt: skip
    on_end = {"run": 'cat > facts; echo "$PODIUM_JOB_STATUS" > end'}
    job_id = start(shared_conductor, folder, "mkdir -p sub", sheets=2, on_success=hooks, on_end=on_end)
    assert end_of(shared_conductor, job_id)["status"] == "completed"
    until_holds(lambda: "job.notification_failed" in types_of(shared_conductor, job_id))
    assert [(folder / name).read_text() for name in ("one", "again")] == [f"{job_id} 2\n"] * 2
    assert (folder / "sub" / "two").read_text() == f"{folder}/sub\n"
    assert (folder / "three").exists()
    assert not (folder / "four").exists()
    assert (folder / "end").read_text() == "completed\n"
    assert json.loads((folder / "facts").read_text())["job_id"] == job_id
    told = events_of(shared_conductor, job_id)[-1]["data"]["reason"]
    assert (
        told
        == "exit code 1; its output ends with 'on_success 2: ended after 0.3 s; on_success 3 (Deploy): exit code 3'"
    )
    assert until(shared_conductor, job_id, "completed")["warnings"][0].startswith(f"on_end failed for {job_id}.")


@pytest.mark.parametrize("run", ["true", "false"])
def test_nothing_follows_the_success_of_a_job_that_has_failed(
    shared_conductor: Conductor, tmp_path: Path, run: str
) -> None:
    hooks = [{"type": "run_script", "command": "touch followed"}]
    job_id = start(
        shared_conductor, tmp_path, run, retry={"max_retries": 0}, on_success=hooks, on_end={"run": "touch end"}
    )
    end_of(shared_conductor, job_id)
    wait_for_file(tmp_path / "end")
    assert (tmp_path / "followed").exists() == (run == "true")


def test_a_skipped_sheet_says_what_its_command_is_for(shared_conductor: Conductor, tmp_path: Path) -> None:
    skip = {1: {"command": "true", "description": "Nothing has changed"}}
    job_id = start(shared_conductor, tmp_path, "false", sheet={"size": 1, "total_items": 1, "skip_when_command": skip})
    assert end_of(shared_conductor, job_id)["status"] == "completed"
    assert sheets_of(shared_conductor, job_id)["1"]["reason"] == "skipped: Nothing has changed"


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("sleep 60", "still running after 0.5 s, so it was stopped"),
        ("no-such-command", "exit code 127: a command was not found"),
    ],
)
def test_a_sheet_runs_if_its_skip_command_gives_no_answer_and_the_job_says_so(
    shared_conductor: Conductor, tmp_path: Path, command: str, why: str
) -> None:
    skip = {1: {"command": command, "timeout_seconds": 0.5 if command.startswith("sleep") else 50}}
    sheet = {"size": 1, "total_items": 1, "skip_when_command": skip}
    view = end_of(shared_conductor, start(shared_conductor, tmp_path, "touch ran", sheet=sheet))
    assert (view["status"], (tmp_path / "ran").exists()) == ("completed", True)
    assert view["warnings"] == [f"sheet 1: skip_when_command cannot be judged: {why}; the sheet was run."]
