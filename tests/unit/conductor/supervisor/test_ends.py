"""Jobs end once, whatever it is that ends them."""

from pathlib import Path

import pytest

from podium.conductor.clock import Moment
from podium.conductor.engines.port import End
from podium.conductor.rules.batch import Batch
from podium.conductor.rules.claims import Claim
from podium.conductor.rules.transitions import jobs, sheets
from podium.conductor.rules.verdicts import Verdict
from tests.support.jobs import submit, types_of, until, wait_for_file
from tests.support.plans import job_of, plan_of
from tests.support.podium_home import Conductor, ask

NOW = Moment(5.0, 5.0)


def test_a_job_whose_last_sheet_is_skipped_by_its_command_completes_once() -> None:
    job, batch = job_of(plan_of([[]])), Batch(1, NOW)
    jobs.submit(job, batch)
    job.ready.take(Claim("cli"))
    sheets.start(job, 1, batch, "home")
    end = End(job.running[1].key, "never_started")
    sheets.attempt_ended(job, job.running[1], Verdict(end, passed=False, skipped=True), batch)
    assert [event.type for event in batch.events][-2:] == ["sheet.skipped", "job.completed"]
    assert [event.type for event in batch.events].count("job.completed") == 1


def test_an_attempt_never_ends_before_it_started_whatever_the_clocks_say() -> None:
    job, batch = job_of(plan_of([[]])), Batch(1, NOW)
    jobs.submit(job, batch)
    job.ready.take(Claim("cli"))
    sheets.start(job, 1, batch, "home")
    attempt = job.running[1]
    record = End(attempt.key, "exited", 0, ended_at=NOW.wall - 0.004)
    sheets.attempt_ended(job, attempt, Verdict(record, passed=True), batch)
    assert attempt.ended_at == attempt.started_at == job.sheets[1].finished_at


def test_a_changed_score_that_leaves_nothing_to_do_completes_the_job(conductor: Conductor, tmp_path: Path) -> None:
    short = f"name: short\nworkspace: {tmp_path}\nsheets:\n  - name: one\n    run: 'true'\n"
    job_id = submit(conductor, f"{short}  - name: two\n    run: exit 3\n")
    until(conductor, job_id, "failed")
    reply = ask(conductor.settings.socket, "job.modify", {"job_id": job_id, "config_content": short})
    assert reply["status"] == "accepted"
    assert until(conductor, job_id, "completed")
    assert types_of(conductor, job_id)[-2:] == ["job.modified", "job.completed"]


def test_a_job_that_takes_a_change_at_its_next_boundary_may_have_nothing_left_to_do(
    conductor: Conductor, tmp_path: Path
) -> None:
    short = f"name: short\nworkspace: {tmp_path}\nsheets:\n  - name: one\n    run: 'while [ ! -e go ]; do sleep 0.1; done'\n"
    job_id = submit(conductor, f"{short}  - name: two\n    run: exit 3\n")
    until(conductor, job_id, "running")
    reply = ask(conductor.settings.socket, "job.modify", {"job_id": job_id, "config_content": short})
    assert reply["pending"] is True
    (tmp_path / "go").touch()
    assert until(conductor, job_id, "completed")
    assert types_of(conductor, job_id)[-2:] == ["job.modified", "job.completed"]


def begun(name: str, *more: str) -> str:
    """Return a score whose first sheet waits for a file `go`, and ends with the exit code in it."""
    first = "touch begun; while [ ! -e go ]; do sleep 0.1; done; exit $(cat go)"
    rest = "".join(f"  - {{name: {each}, run: touch {each}}}\n" for each in more)
    return f"name: {name}\nsheets:\n  - {{name: first, run: '{first}'}}\n{rest}"


@pytest.mark.parametrize("exit_code", [0, 3])
def test_a_change_that_was_recorded_is_taken_though_the_last_sheets_have_ended_meanwhile(
    conductor: Conductor, tmp_path: Path, exit_code: int
) -> None:
    job_id = submit(conductor, begun("late"), workspace=str(tmp_path))
    wait_for_file(tmp_path / "begun")
    changed = begun("late", "second").replace("exit $(cat go)", "true")
    reply = ask(conductor.settings.socket, "job.modify", {"job_id": job_id, "config_content": changed})
    assert reply["pending"] is True
    (tmp_path / "go").write_text(str(exit_code))
    assert until(conductor, job_id, "completed", "failed")["status"] == "completed"
    assert (tmp_path / "second").exists()


def test_a_resume_from_a_sheet_that_was_recorded_is_carried_out_though_the_last_sheet_has_ended(
    conductor: Conductor, tmp_path: Path
) -> None:
    job_id = submit(conductor, begun("again"), workspace=str(tmp_path))
    wait_for_file(tmp_path / "begun")
    socket = conductor.settings.socket
    assert ask(socket, "job.pause", {"job_id": job_id})["pending"] is True
    assert ask(socket, "job.resume", {"job_id": job_id, "from_sheet": "first"})["pending"] is True
    (tmp_path / "go").write_text("0")
    until(conductor, job_id, "completed")
    assert types_of(conductor, job_id).count("sheet.completed") == 2


def test_a_cancel_says_that_it_drops_a_changed_score(conductor: Conductor, tmp_path: Path) -> None:
    job_id = submit(conductor, begun("dropped"), workspace=str(tmp_path))
    wait_for_file(tmp_path / "begun")
    socket = conductor.settings.socket
    ask(socket, "job.modify", {"job_id": job_id, "config_content": begun("dropped", "second")})
    assert ask(socket, "job.cancel", {"job_id": job_id})["dropped_change"] is True
    until(conductor, job_id, "cancelled")


def test_with_fail_fast_a_sheet_that_fails_after_another_is_not_tried_again() -> None:
    job, batch = job_of(plan_of([[], []], max_retries=2, fail_fast=True)), Batch(1, NOW)
    jobs.submit(job, batch)
    for _ in range(2):
        sheets.start(job, job.ready.take(Claim("cli")), batch, "home")
    job.sheets[1].retries_used = 2  # its last try
    for num in (1, 2):
        end = End(job.running[num].key, "exited", 1)
        sheets.attempt_ended(job, job.running[num], Verdict(end, passed=False, message="no"), batch)
    assert job.status == "failed"
    assert [event.type for event in batch.events].count("sheet.retrying") == 0
