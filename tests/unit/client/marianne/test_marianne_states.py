"""What is said of a job of a Marianne conductor: its numbers and states as they are, and one reason in every tool."""

import time
from typing import Any

import pytest

from podium.client.job_control import JobControlService
from podium.contract.models import JobView
from podium_tools.results import state_of
from tests.unit.client.marianne.recordings import FakeMarianne
from tests.unit.client.marianne.test_marianne_changes import CRASH, UNREADABLE, with_sheets

pytestmark = pytest.mark.anyio

EARLIER = "2026-11-23T15:43:50.731066Z"


async def seen(service: JobControlService, job_id: str) -> dict[str, JobView]:
    """Return the views of a job, by who asks."""
    page = await service.list_page(status=None, name="", limit=9, cursor="")
    waited = await service.wait([job_id], until="any", timeout_seconds=0, after="")
    return {
        "list": next(job for job in page.jobs if job.job_id == job_id),
        "get": (await service.detail(job_id, sheets=True)).job,
        "wait": waited.jobs[0],
        "explain": (await service.explain(job_id)).job,
    }


def setup(marianne: FakeMarianne, case: str) -> None:
    match case:
        case "crashed":
            with_sheets(marianne, "x", "failed", "completed", "dispatched", "pending")["error_message"] = CRASH
        case "lost in the queue":
            marianne.add("x", "failed")["error_message"] = CRASH
        case "failed long after a crash":
            with_sheets(marianne, "x", "failed", "completed", "failed")["error_message"] = CRASH
        case "bad score":
            marianne.add("x", "failed")["error_message"] = UNREADABLE
        case "bad changed score":
            with_sheets(marianne, "x", "failed", "completed", "pending")
        case "paused in the middle":
            with_sheets(marianne, "x", "paused", "dispatched", "pending")
        case "paused in the last sheet":
            with_sheets(marianne, "x", "paused", "completed", "dispatched")
        case "running":
            with_sheets(marianne, "x", "running", "dispatched", "retry_scheduled").update(started_at=time.time() - 9)
        case _:
            with_sheets(marianne, "x", case, "completed", "dispatched")


REASONS = {
    "crashed": (
        "its conductor ended while the job was active; processes of the earlier run may still be alive, and a resume runs "
        "their sheets again beside them"
    ),
    "lost in the queue": (
        "its conductor ended before the job had begun, and nothing is left to go on with: start the score again"
    ),
    "failed long after a crash": "sheet 2 failed",
    "bad score": "the score is not valid: sheet.size must be at least 1",
    "bad changed score": (
        "no sheet has failed, and this conductor gives no reason: it may not be able to use the job's score"
    ),
    "paused in the middle": (
        "paused on request, or by this conductor itself under load, still running: sheet 1; a resume before that kills what runs "
        "and starts it again from the beginning"
    ),
    "paused in the last sheet": (
        "paused on request, or by this conductor itself under load, still running: sheet 2, the last of the job, which then "
        "completes by itself; a resume before that kills what runs and starts it again from the beginning"
    ),
    "running": "",
    "queued": "queued behind other jobs, or about to start",
    "cancelled": "cancelled",
    "completed": "every sheet has completed",
}


@pytest.mark.parametrize("case", REASONS)
async def test_every_tool_gives_the_same_reason_and_the_same_actions(
    service: JobControlService, marianne: FakeMarianne, case: str
) -> None:
    setup(marianne, case)
    views = await seen(service, "x")
    assert {who: view.reason for who, view in views.items()} == dict.fromkeys(views, REASONS[case])
    assert len({tuple(view.allowed_actions) for view in views.values()}) == 1


@pytest.mark.parametrize("status", ["cancelled", "failed", "completed"])
async def test_nothing_runs_of_a_job_that_has_ended_and_its_numbers_are_known(
    service: JobControlService, marianne: FakeMarianne, status: str
) -> None:
    with_sheets(marianne, "x", status, "completed", "dispatched", "pending")
    for view in (await seen(service, "x")).values():
        assert (view.running, view.sheets_completed, view.sheets_total) == ([], 1, 3)
    second = (await service.detail("x", sheets=True)).sheets[1]
    assert (second.status, second.reason) == ("cancelled", "it was running when the job ended")


async def test_a_job_whose_end_has_no_time_does_not_grow_older(
    service: JobControlService, marianne: FakeMarianne
) -> None:
    with_sheets(marianne, "x", "cancelled", "completed", "dispatched")["started_at"] = 1_000_000.0
    for view in (await seen(service, "x")).values():
        assert (view.started_at, view.elapsed_seconds) == ("1970-01-12T13:46:40.000Z", None)
    marianne.status_objects["x"].update(status="completed", completed_at="1970-01-12T13:46:50Z")
    marianne.jobs["x"].update(status="completed", progress_completed=2, progress_total=2)
    for view in (await seen(service, "x")).values():
        assert view.elapsed_seconds == 10.0


async def test_a_score_that_was_submitted_again_does_not_show_the_numbers_of_the_run_before(
    service: JobControlService, marianne: FakeMarianne
) -> None:
    job = with_sheets(marianne, "x", "queued", "completed", "completed")
    job.update(progress_completed=2, progress_total=2)
    for view in (await seen(service, "x")).values():
        assert (view.sheets_completed, view.sheets_total, view.counts) == (0, 0, "")
    assert not marianne.asked("job.status")
    marianne.status_objects["x"]["created_at"] = EARLIER
    job.update(status="paused", progress_completed=0, progress_total=2)
    for view in (await seen(service, "x")).values():
        assert (view.sheets_completed, view.sheets_total) == (0, 2)


async def test_where_the_number_of_sheets_is_not_known_nothing_is_said_of_it(
    service: JobControlService, marianne: FakeMarianne
) -> None:
    marianne.add("x", "running")
    view = (await seen(service, "x"))["list"]
    assert state_of(view) == "x is running."
    marianne.jobs["x"]["status"] = "queued"
    assert state_of((await seen(service, "x"))["list"]) == "x is queued: queued behind other jobs, or about to start."


@pytest.mark.parametrize(
    ("change", "asked"),
    [
        ({"started_at": 9.0}, True),
        ({"started_at": 0.0}, False),
        ({"started_at": 9.0, "progress_total": None}, False),
    ],
    ids=["a run that lasts", "a run that has just begun", "a run that the conductor does not know"],
)
async def test_a_running_job_is_asked_for_its_sheets_only_when_that_cannot_fail_it(
    service: JobControlService, marianne: FakeMarianne, change: dict[str, Any], asked: bool
) -> None:
    job = with_sheets(marianne, "x", "running", "dispatched", "pending")
    job.update(progress_completed=0, progress_total=2)
    job.update({**change, "started_at": time.time() - change["started_at"]})
    detail = await service.detail("x", sheets=True)
    assert [sheet.status for sheet in detail.sheets] == (["running", "pending"] if asked else [])
    assert bool(marianne.asked("job.status")) is asked


async def test_a_sheet_that_has_completed_was_attempted(service: JobControlService, marianne: FakeMarianne) -> None:
    """That conductor counts the attempts that did not succeed, and begins again at a resume."""
    with_sheets(marianne, "x", "completed", "completed", "completed", "skipped")
    marianne.status_objects["x"]["sheets"]["2"].update(normal_attempts=2)
    detail = await service.detail("x", sheets=True)
    assert [sheet.attempts for sheet in detail.sheets] == [1, 3, 0]


async def test_an_ended_job_is_asked_about_once_however_often_it_is_listed(
    service: JobControlService, marianne: FakeMarianne
) -> None:
    for number in range(3):
        with_sheets(marianne, f"x{number}", "failed", "failed")
    for _ in range(3):
        page = await service.list_page(status=None, name="", limit=9, cursor="")
        assert {job.reason for job in page.jobs} == {"sheet 1 failed"}
    assert len(marianne.asked("job.status")) == 3
    with_sheets(marianne, "x1", "failed", "completed", "pending")
    again = await service.list_page(status=None, name="x1", limit=9, cursor="")
    assert again.jobs[0].allowed_actions == ["resume", "modify", "delete"]


async def test_liveness_follows_the_state_and_it_is_said_that_processes_are_not_told_of(
    service: JobControlService, marianne: FakeMarianne
) -> None:
    cases = {
        "running": True, "paused in the middle": True, "paused": True, "crashed": False, "cancelled": False, "queued": False,
    }  # fmt: skip
    for case, alive in cases.items():
        setup(marianne, case)
        health = await service.verify_process_health("x")
        assert (health.pid, health.is_alive, health.process_exists) == (None, alive, False), case
        assert health.note.startswith("This conductor tells nothing about processes: ")
        assert ("ps shows them" in health.note) is (case == "crashed")
    assert not marianne.asked("daemon.top")


async def test_a_job_from_before_the_conductors_start_may_have_processes_of_then(
    service: JobControlService, marianne: FakeMarianne
) -> None:
    """After its crash that conductor lets jobs that were paused run by themselves, and marks them in no way."""
    marianne.add("x", "running")
    assert "may still be alive" not in (await service.verify_process_health("x")).note
    marianne.jobs["x"]["submitted_at"] = time.time() - 100_000
    assert "if the one before it was killed" in (await service.verify_process_health("x")).note
    marianne.jobs["x"]["error_message"] = CRASH  # stays there when such a job goes on
    assert "ps shows them" in (await service.verify_process_health("x")).note
