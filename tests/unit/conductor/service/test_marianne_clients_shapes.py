"""What clients of the Marianne conductor read of a job: every member of its objects is there, of the type that it has there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.fault_jobs import conductor_for_many, config_with, named, numbered
from tests.support.jobs import sheets_of, submit, until, wait_for_file
from tests.support.marianne_client import MarianneClient
from tests.support.podium_home import Conductor
from tests.support.podium_home import until as holds
from tests.unit.conductor.service.marianne_recorded import CHECKPOINTS, SHEETS, SHORT, SHORT_ALWAYS, misfits

LIMITED = "executable: /bin/bash\nprompt: file\nrate_limit_patterns: [rate limit reached]\n"
MEETS_LIMIT = "echo 'rate limit reached, try again in 10 minutes' >&2; exit 1"
GATE = "touch begun; until [ -e go ]; do sleep 0.1; done"
RETRIED = {"max_retries": 1, "base_delay_seconds": 600, "jitter": False}
CHECKS = [{"type": "file_exists", "path": "made", "retry_count": 0}]
STATUSES = {"pending", "dispatched", "waiting", "retry_scheduled", "completed", "failed", "skipped", "cancelled"}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Conductor]:
    with conductor_for_many(
        PODIUM_CONFIG=config_with("limited", LIMITED, tmp_path_factory.mktemp("config"))
    ) as running:
        yield running


@pytest.fixture(scope="module")
def narrow() -> Iterator[Conductor]:
    """A conductor that runs one sheet at once."""
    with conductor_for_many(max_sheets=1) as running:
        yield running


def checkpoint_of(conductor: Conductor, job_id: str) -> dict[str, Any]:
    """Return what every method says of the state of a job, which is the same, once it is seen to fit."""
    with MarianneClient(conductor.settings.socket) as client:
        state: dict[str, Any] = client.result("job.status", {"job_id": job_id, "workspace": ""})
        assert client.result("job.errors", {"job_id": job_id, "workspace": ""}).keys() == {"state"}
        found = client.result("job.diagnose", {"job_id": job_id, "workspace": None})
    assert found["workspace"]
    assert misfits(found["state"], CHECKPOINTS) == misfits(state, CHECKPOINTS) == []
    for num, sheet in state["sheets"].items():
        assert (num, misfits(sheet, SHEETS)) == (str(sheet["sheet_num"]), [])
        assert sheet["status"] in STATUSES
    return state


def statuses(checkpoint: dict[str, Any]) -> list[str]:
    return [sheet["status"] for sheet in checkpoint["sheets"].values()]


def cancelled(conductor: Conductor, job_id: str) -> None:
    with MarianneClient(conductor.settings.socket) as client:
        client.result("job.cancel", {"job_id": job_id, "workspace": ""})
    until(conductor, job_id, "cancelled")


def test_the_objects_that_were_recorded_are_whole() -> None:
    assert {len(each) for each in CHECKPOINTS} == {40}
    assert {len(each) for each in SHEETS} == {61}
    assert {each["status"] for each in CHECKPOINTS} == {"running", "paused", "completed", "failed", "cancelled"}


def test_a_completed_job(shared: Conductor, tmp_path: Path) -> None:
    job_id = submit(shared, numbered(tmp_path, "touch made", 2, validations=CHECKS))
    until(shared, job_id, "completed")
    checkpoint = checkpoint_of(shared, job_id)
    assert (checkpoint["status"], statuses(checkpoint)) == ("completed", ["completed", "completed"])
    assert checkpoint["last_completed_sheet"] == checkpoint["total_sheets"] == 2
    assert checkpoint["spec_corpus_hash"] == ""
    assert checkpoint["sheets"]["1"]["success_without_retry"] is True
    assert checkpoint["sheets"]["1"]["validation_passed"] is True


def test_a_failed_job_with_a_sheet_that_was_not_reached(shared: Conductor, tmp_path: Path) -> None:
    job_id = submit(shared, numbered(tmp_path, "exit 3", 2))
    until(shared, job_id, "failed")
    checkpoint = checkpoint_of(shared, job_id)
    assert (checkpoint["status"], statuses(checkpoint)) == ("failed", ["failed", "skipped"])
    assert [sheet["error_code"] for sheet in checkpoint["sheets"].values()] == ["E999", "E999"]
    assert "exit code 3" in checkpoint["error_message"]


def test_a_sheet_that_its_own_condition_skips_has_no_error_code(shared: Conductor, tmp_path: Path) -> None:
    sheets = [{"run": "true", "skip_when_command": "true"}, {"run": "true"}]
    job_id = submit(shared, named(tmp_path, sheets=sheets))
    until(shared, job_id, "completed")
    checkpoint = checkpoint_of(shared, job_id)
    assert statuses(checkpoint) == ["skipped", "completed"]
    assert checkpoint["sheets"]["1"]["error_code"] is None


def test_a_running_job_and_the_same_job_cancelled(shared: Conductor, tmp_path: Path) -> None:
    job_id = submit(shared, numbered(tmp_path, GATE, 2))
    wait_for_file(tmp_path / "begun")
    running = checkpoint_of(shared, job_id)
    assert (running["status"], statuses(running)) == ("running", ["dispatched", "pending"])
    assert running["sheets_in_progress"] == [1]
    cancelled(shared, job_id)
    ended = checkpoint_of(shared, job_id)
    assert (ended["status"], statuses(ended)) == ("cancelled", ["cancelled", "pending"])


def test_a_paused_job(shared: Conductor, tmp_path: Path) -> None:
    job_id = submit(shared, numbered(tmp_path, GATE, 2))
    wait_for_file(tmp_path / "begun")
    with MarianneClient(shared.settings.socket) as client:
        assert client.result("job.pause", {"job_id": job_id, "workspace": ""})["paused"] is True
    (tmp_path / "go").touch()
    until(shared, job_id, "paused")
    checkpoint = checkpoint_of(shared, job_id)
    assert (checkpoint["status"], statuses(checkpoint)) == ("paused", ["completed", "pending"])


def test_a_sheet_that_waits_for_its_retry_and_one_that_waits_for_a_limit(shared: Conductor, tmp_path: Path) -> None:
    retried = submit(shared, numbered(tmp_path, "false", retry=RETRIED))
    limited = submit(shared, numbered(tmp_path, MEETS_LIMIT, instrument="limited"))
    for job_id, status in ((retried, "retry_scheduled"), (limited, "waiting")):
        holds(lambda job_id=job_id: sheets_of(shared, job_id)["1"]["status"] == "waiting")  # type: ignore[misc]
        checkpoint = checkpoint_of(shared, job_id)
        assert (checkpoint["status"], statuses(checkpoint)) == ("running", [status])
        assert (checkpoint["total_retry_count"], checkpoint["rate_limit_waits"]) == (
            int(job_id == retried),
            int(job_id == limited),
        )
        cancelled(shared, job_id)


def test_a_job_in_the_queue_is_short_and_so_is_one_that_never_began(narrow: Conductor, tmp_path: Path) -> None:
    """A checkpoint there has no status `queued`, and always a time of its start."""
    blocks = submit(narrow, named(tmp_path, GATE))
    wait_for_file(tmp_path / "begun")
    never, again = submit(narrow, named(tmp_path, "true")), submit(narrow, named(tmp_path, "true"))
    with MarianneClient(narrow.settings.socket) as client:
        for job_id in (never, again):
            state = client.result("job.status", {"job_id": job_id, "workspace": ""})
            assert (misfits(state, SHORT, SHORT_ALWAYS), state["status"], "sheets" in state) == ([], "queued", False)
            assert client.result("job.errors", {"job_id": job_id})["state"]["started_at"] is None
        for job_id, status in ((never, "cancelled"), (again, "paused")):
            client.result(f"job.{'cancel' if job_id == never else 'pause'}", {"job_id": job_id, "workspace": ""})
            state = client.result("job.status", {"job_id": job_id})
            assert (misfits(state, SHORT, SHORT_ALWAYS), state["status"], "sheets" in state) == ([], status, False)
        client.result("job.cancel", {"job_id": again})
    cancelled(narrow, blocks)


def test_a_job_that_was_resumed_and_is_in_the_queue_again_is_short_too(narrow: Conductor, tmp_path: Path) -> None:
    failed = submit(narrow, named(tmp_path, "false"))
    until(narrow, failed, "failed")
    blocks = submit(narrow, named(tmp_path, GATE))
    wait_for_file(tmp_path / "begun")
    with MarianneClient(narrow.settings.socket) as client:
        assert client.result("job.resume", {"job_id": failed, "workspace": ""})["status"] == "accepted"
        state = client.result("job.status", {"job_id": failed})
        assert (misfits(state, SHORT, SHORT_ALWAYS), state["status"]) == ([], "queued")
        assert state["started_at"] > 0
    cancelled(narrow, failed)
    cancelled(narrow, blocks)


def test_the_list_has_epoch_times_progress_and_a_path_for_every_job(shared: Conductor, tmp_path: Path) -> None:
    score = tmp_path / "of-a-file.yaml"
    score.write_text(named(tmp_path, "false"))
    with MarianneClient(shared.settings.socket) as client:
        from_file, inline = client.submit(score), submit(shared, named(tmp_path, "true"))
        until(shared, from_file, "failed")
        until(shared, inline, "completed")
        listed = {job["job_id"]: job for job in client.result("job.list")}
    assert [misfits(job, SHORT, SHORT_ALWAYS) for job in listed.values()] == [[]] * len(listed)
    assert listed[from_file]["config_path"] == str(score)
    assert listed[inline]["config_path"] == ""
    assert listed[from_file]["error_message"]
    assert (listed[inline]["progress_completed"], listed[inline]["progress_total"]) == (1, 1)
    assert listed[inline]["started_at"] >= listed[inline]["submitted_at"] > 1e9
