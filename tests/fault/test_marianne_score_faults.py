"""Faults that the Marianne conductor was seen to have with scores (13 to 16): each has a test here that it would fail."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.fault_jobs import conductor_for_many, config_with, named, numbered, refused, told
from tests.support.jobs import sheets_of, submit, types_of, until
from tests.support.podium_home import Conductor, ask

# An instrument of the user whose profile limits the time.
HASTY = "executable: /bin/bash\nprompt: file\ndefault_timeout_seconds: 0.3\n"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Conductor]:
    """A conductor for tests that leave it as it was."""
    config = config_with("hasty", HASTY, tmp_path_factory.mktemp("config"))
    with conductor_for_many(PODIUM_CONFIG=config) as conductor:
        yield conductor


@pytest.mark.parametrize("template", ["{{ nowhere }}", "{{ broken", "{% if %}", "{{ sheet_num.nothing.more }}"])
def test_b13_a_template_that_cannot_be_filled_in_is_refused(shared: Conductor, tmp_path: Path, template: str) -> None:
    for score in (numbered(tmp_path / "ws", template), named(tmp_path / "ws", template)):
        reply = refused(shared, score)
        assert reply["code"] == "SCORE_INVALID"
        assert reply["problems"][0]["line"] == 1
    assert not (tmp_path / "ws").exists()


def test_b14_a_circle_of_dependencies_is_refused(shared: Conductor, tmp_path: Path) -> None:
    circle = numbered(tmp_path / "ws", "true", 3, sheet={"dependencies": {"1": [3], "2": [1], "3": [2]}})
    sheets = [{"name": "a", "run": "true", "needs": ["b"]}, {"name": "b", "run": "true", "needs": ["a"]}]
    for score in (circle, named(tmp_path / "ws", sheets=sheets)):
        reply = refused(shared, score)
        assert reply["code"] == "SCORE_INVALID"
        assert "wait for each other" in reply["message"]
        assert told(shared, "job.validate", config_content=score)["valid"] is False
    assert not (tmp_path / "ws").exists()


SLEEPS = "exec sleep 600"
LIMIT = {"timeout_seconds": 0.3}
LIMITED: dict[str, dict[str, Any]] = {
    "instrument": {"instrument_config": LIMIT},
    "backend": {"backend": LIMIT},
    "alias": {"instruments": {"mine": {"profile": "cli", "config": LIMIT}}, "instrument": "mine"},
    "one_sheet": {"sheet": {"per_sheet_instrument_config": {"1": LIMIT}}},
    "profile": {"instrument": "hasty"},
}


@pytest.mark.parametrize("limited", LIMITED)
def test_b15_each_way_to_limit_the_time_of_a_sheet_works(shared: Conductor, tmp_path: Path, limited: str) -> None:
    job_id = submit(shared, numbered(tmp_path, SLEEPS, **LIMITED[limited]))
    assert "time limit of 0.3 s" in until(shared, job_id, "failed")["reason"]


def test_b15_a_named_sheet_is_limited_by_itself_or_by_its_instruments_profile(
    shared: Conductor, tmp_path: Path
) -> None:
    for sheet in ({"run": SLEEPS, **LIMIT}, {"prompt": SLEEPS, "instrument": "hasty"}):
        job_id = submit(shared, named(tmp_path, sheets=[sheet]))
        assert "time limit of 0.3 s" in until(shared, job_id, "failed")["reason"]


def test_b15_what_the_score_says_goes_before_the_profile(shared: Conductor, tmp_path: Path) -> None:
    job_id = submit(shared, numbered(tmp_path, "sleep 0.4", instrument="hasty", backend={"timeout_seconds": 60}))
    assert until(shared, job_id, "completed", "failed")["status"] == "completed"


def test_b16_start_sheet_is_where_the_job_begins(shared: Conductor, tmp_path: Path) -> None:
    job_id = submit(shared, numbered(tmp_path, "touch {{ sheet_num }}", 3), start_sheet=2)
    until(shared, job_id, "completed")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2", "3"]


@pytest.mark.parametrize("start", [0, -3, 99, "nowhere"])
def test_b16_a_start_sheet_that_does_not_exist_is_refused(shared: Conductor, tmp_path: Path, start: int | str) -> None:
    reply = refused(shared, numbered(tmp_path / "ws", "true", 3), start_sheet=start)
    assert reply["code"] == "INVALID_ARGUMENTS"
    assert not (tmp_path / "ws").exists()


def test_b16_a_fresh_submit_is_a_run_of_its_own(shared: Conductor, tmp_path: Path) -> None:
    path = tmp_path / "fresh.yaml"
    path.write_text(numbered(tmp_path / "ws", "echo x >> ran"))
    for fresh in (False, True):
        job_id = told(shared, "job.submit", config_path=str(path), fresh=fresh)["job_id"]
        until(shared, job_id, "completed")
    assert (tmp_path / "ws" / "ran").read_text() == "x\nx\n"


@pytest.mark.parametrize("retries", [0, 1, 2])
def test_b16_max_retries_counts_the_attempts_after_the_first_and_each_waits(
    shared: Conductor, tmp_path: Path, retries: int
) -> None:
    retry = {"max_retries": retries, "base_delay_seconds": 0.2, "exponential_base": 1, "jitter": False}
    job_id = submit(shared, numbered(tmp_path, "date +%s%N >> at; false", retry=retry))
    until(shared, job_id, "failed")
    moments = [int(line) / 1e9 for line in (tmp_path / "at").read_text().split()]
    assert len(moments) == retries + 1
    assert all(later - earlier >= 0.2 for earlier, later in itertools.pairwise(moments))


def test_b16_max_completion_attempts_is_how_often_an_agent_completes_its_work_before_a_retry(
    shared: Conductor, tmp_path: Path
) -> None:
    profile = tmp_path / ".podium" / "instruments" / "half.yaml"  # an agent that makes one file of two
    profile.parent.mkdir(parents=True)
    profile.write_text("executable: tee\nargs: [one]\nprompt: stdin\n")
    retry = {"max_completion_attempts": 2, "completion_delay_seconds": 0, "max_retries": 1, "base_delay_seconds": 0}
    checks = [{"type": "file_exists", "path": f"{{workspace}}/{name}", "retry_count": 0} for name in ("one", "two")]
    path = tmp_path / "score.yaml"
    path.write_text(numbered(tmp_path, "x", instrument="half", retry=retry, validations=checks))
    job_id = ask(shared.settings.socket, "job.submit", {"config_path": str(path)})["job_id"]
    until(shared, job_id, "failed")
    tried = [kind for kind in types_of(shared, job_id) if kind in {"sheet.completing", "sheet.retrying"}]
    assert tried == ["sheet.completing", "sheet.completing", "sheet.retrying"]


def test_b16_sheets_are_skipped_by_condition_and_by_command(shared: Conductor, tmp_path: Path) -> None:
    skips = {"skip_when": {"1": "sheet_num == 1"}, "skip_when_command": {"2": {"command": "true"}}}
    job_id = submit(shared, numbered(tmp_path, "touch {{ sheet_num }}", 3, sheet=skips))
    assert until(shared, job_id, "completed", "failed")["sheets_skipped"] == 2
    assert [path.name for path in tmp_path.iterdir()] == ["3"]


def test_b16_a_condition_sees_what_became_of_earlier_sheets(shared: Conductor, tmp_path: Path) -> None:
    sheets = [
        {"name": "a", "run": "touch a", "skip_when_command": {"command": "true"}},
        {"name": "b", "run": "touch b", "skip_when": 'statuses["a"] == "skipped"'},
        {"name": "c", "run": "touch c", "skip_when": 'statuses["b"] == "completed"'},
    ]
    job_id = submit(shared, named(tmp_path, sheets=sheets))
    until(shared, job_id, "completed", "failed")
    found = sheets_of(shared, job_id)
    assert {name: sheet["status"] for name, sheet in found.items()} == {
        "a": "skipped",
        "b": "skipped",
        "c": "completed",
    }
    assert [found[name]["reason"] for name in "ab"] == ["skip_when_command exited with code 0", "skip_when is true"]
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


def test_b16_no_more_sheets_run_at_once_than_parallel_says(shared: Conductor, tmp_path: Path) -> None:
    free = {"dependencies": {"5": [1, 2, 3, 4]}}  # 1 to 4 need nothing
    for limit, parallel in ((1, {"enabled": False}), (2, {"enabled": True, "max_concurrent": 2})):
        workspace = tmp_path / str(limit)
        met = f"until grep -q '[{limit}-9]' seen; do sleep 0.02; done"  # as many were there at once as may be
        counted = f"mkdir in-$$; ls -d in-* | wc -l >> seen; {met}; sleep 0.1; rmdir in-$$"
        until(shared, submit(shared, numbered(workspace, counted, 5, sheet=free, parallel=parallel)), "completed")
        assert max(map(int, (workspace / "seen").read_text().split())) == limit


def test_b16_a_sheet_is_told_its_own_items(shared: Conductor, tmp_path: Path) -> None:
    score = numbered(tmp_path, "echo {{ start_item }}-{{ end_item }} >> items", 7, sheet={"size": 2, "start_item": 3})
    until(shared, submit(shared, score), "completed")
    assert (tmp_path / "items").read_text().split() == ["3-4", "5-6", "7-7"]
