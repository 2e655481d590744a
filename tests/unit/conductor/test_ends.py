"""Jobs end once, whatever it is that ends them."""

from pathlib import Path

from podium.conductor.batch import Batch
from podium.conductor.clock import Clock
from podium.conductor.engines.port import End
from podium.conductor.transitions import jobs, sheets
from podium.conductor.verdicts import Verdict
from tests.support.jobs import submit, types_of, until
from tests.support.plans import job_of, plan_of
from tests.support.podium_home import Conductor, ask

NOW = Clock(5.0, 5.0)


def test_a_job_whose_last_sheet_is_skipped_by_its_command_completes_once() -> None:
    job, batch = job_of(plan_of([[]])), Batch(1)
    jobs.submit(job, batch)
    job.ready.remove(1)
    sheets.start(job, 1, batch, NOW, "home")
    end = End(job.running[1].key, "never_started")
    sheets.attempt_ended(job, job.running[1], Verdict(end, passed=False, skipped=True), batch, NOW)
    assert [event.type for event in batch.events][-2:] == ["sheet.skipped", "job.completed"]
    assert [event.type for event in batch.events].count("job.completed") == 1


def test_an_attempt_never_ends_before_it_started_whatever_the_clocks_say() -> None:
    job, batch = job_of(plan_of([[]])), Batch(1)
    jobs.submit(job, batch)
    job.ready.remove(1)
    sheets.start(job, 1, batch, NOW, "home")
    attempt = job.running[1]
    record = End(attempt.key, "exited", 0, ended_at=NOW.wall - 0.004)
    sheets.attempt_ended(job, attempt, Verdict(record, passed=True), batch, NOW)
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
    short = f"name: short\nworkspace: {tmp_path}\nsheets:\n  - name: one\n    run: 'while [ ! -e go ]; do sleep 0.02; done'\n"
    job_id = submit(conductor, f"{short}  - name: two\n    run: exit 3\n")
    until(conductor, job_id, "running")
    reply = ask(conductor.settings.socket, "job.modify", {"job_id": job_id, "config_content": short})
    assert reply["pending"] is True
    (tmp_path / "go").touch()
    assert until(conductor, job_id, "completed")
    assert types_of(conductor, job_id)[-2:] == ["job.modified", "job.completed"]
