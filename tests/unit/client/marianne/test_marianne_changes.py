"""Letting a job of a Marianne conductor go on: the score is checked before, and success is what became of the job."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from podium.client.job_control import JobControlService
from podium.client.link.daemon_client import DaemonClient
from podium.contract.methods import ModifyParams, ResumeParams, SubmitParams
from podium.contract.models import ActionView
from podium.errors import ScoreInvalid, SubmitRejected, UnsupportedByConductor, WrongState
from tests.unit.client.marianne.recordings import SCORE, FakeMarianne

pytestmark = pytest.mark.anyio

BAD = "name: bad-changed-score\nsheet: {size: 0, total_items: 1}\nprompt: {}\n"
NAMED = "name: build\nsheets:\n  - {name: a, run: make}\n"
UNREADABLE = (
    "1 validation error for JobConfig\nsheet.size\n  Input should be greater than or equal to 1 [type=greater_than_equal, "
    "input_value=0, input_type=int]\n    For further information visit https://errors.pydantic.dev/2.14/v/greater_than_equal"
)
CRASH = "Daemon restarted while job was active"
GOES_ON = ["resume", "modify", "delete"]


def sheets(*states: str) -> dict[str, Any]:
    return {str(num): {"status": state} for num, state in enumerate(states, 1)}


def with_sheets(marianne: FakeMarianne, job_id: str, status: str, *states: str) -> dict[str, Any]:
    """Put a job into its list whose status object has sheets in these states."""
    job = marianne.add(job_id, status)
    done = states.count("completed")
    marianne.status_objects[job_id] = {
        "job_id": job_id, "status": status, "total_sheets": len(states), "last_completed_sheet": done, "sheets": sheets(*states),
    }  # fmt: skip
    return job


async def change(
    service: JobControlService, method: str, config_content: str | None = None, config_path: str | None = None
) -> ActionView:
    if method == "modify":
        return await service.modify(ModifyParams("x", config_content=config_content, config_path=config_path))
    return await service.resume(ResumeParams("x", config_content=config_content, config_path=config_path))


BOTH = pytest.mark.parametrize("method", ["resume", "modify"])


@BOTH
@pytest.mark.parametrize("given", ["config_content", "config_path"])
async def test_a_bad_changed_score_is_refused_before_it_is_sent(
    service: JobControlService, client: DaemonClient, marianne: FakeMarianne, short_tmp: Path, method: str, given: str
) -> None:
    marianne.add("x", "paused")
    path = short_tmp / "changed.yaml"
    path.write_text(BAD)
    with pytest.raises(ScoreInvalid, match=r"line 2, column 15, sheet\.size: must be at least 1"):
        await change(service, method, **{given: BAD if given == "config_content" else str(path)})
    assert not marianne.asked(f"job.{method}")
    assert not (client.settings.home / "foreign-scores").exists()


@pytest.mark.parametrize("method", ["start", "resume", "modify"])
async def test_a_named_score_is_told_to_need_the_other_conductor(
    service: JobControlService, marianne: FakeMarianne, method: str
) -> None:
    marianne.add("x", "paused")
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "start": lambda: service.start(SubmitParams(config_content=NAMED)),
        "resume": lambda: change(service, "resume", config_content=NAMED),
        "modify": lambda: change(service, "modify", config_content=NAMED),
    }
    with pytest.raises(UnsupportedByConductor, match="is a named score") as caught:
        await calls[method]()
    assert "leave PODIUM_SOCKET and --socket out" in caught.value.fix
    assert not any(each.startswith("job.") for each, _ in marianne.calls)


@BOTH
async def test_a_job_that_fails_a_moment_after_it_went_on_is_no_success_and_its_old_score_is_put_back(
    service: JobControlService,
    client: DaemonClient,
    marianne: FakeMarianne,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
) -> None:
    job = with_sheets(marianne, "x", "paused", "completed", "pending")
    path = client.settings.home / "foreign-scores" / "x.yaml"
    await change(service, method, config_content=SCORE)
    job["status"] = "paused"
    looks = iter(["queued", "running", "running", "failed"])

    def moves_on(params: dict[str, Any]) -> list[dict[str, Any]]:
        if len(marianne.asked(f"job.{method}")) == 2:
            job["status"] = next(looks, "failed")
            job["error_message"] = UNREADABLE
        return [job]

    monkeypatch.setattr(marianne, "list", moves_on)
    with pytest.raises(WrongState, match="failed the job at once") as caught:
        await change(service, method, config_content=SCORE.replace("audit", "review"))
    assert "the score is not valid: sheet.size must be at least 1" in caught.value.message
    assert (caught.value.facts["state"], caught.value.facts["allowed"]) == ("failed", GOES_ON)
    assert "pydantic" not in caught.value.message
    assert path.read_text() == SCORE


async def test_a_changed_inline_score_replaces_the_jobs_file(
    service: JobControlService, client: DaemonClient, marianne: FakeMarianne
) -> None:
    marianne.add("x", "paused")
    await service.resume(ResumeParams("x", config_content=SCORE))
    assert marianne.asked("job.resume")[0]["config_path"] == str(client.settings.home / "foreign-scores" / "x.yaml")


@BOTH
async def test_a_change_that_is_rejected_leaves_the_score_that_was_there(
    service: JobControlService,
    client: DaemonClient,
    marianne: FakeMarianne,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
) -> None:
    marianne.add("x", "paused")
    rejected = {"job_id": "x", "status": "rejected", "message": "Daemon is shutting down"}
    monkeypatch.setattr(marianne, method, lambda params: rejected)
    with pytest.raises(WrongState, match="Daemon is shutting down"):
        await change(service, method, config_content=SCORE)
    assert not list((client.settings.home / "foreign-scores").iterdir())


async def test_a_resume_after_its_crash_is_allowed_and_warns_of_what_may_still_live(
    service: JobControlService, marianne: FakeMarianne
) -> None:
    with_sheets(marianne, "x", "failed", "completed", "dispatched", "pending")["error_message"] = CRASH
    job = (await service.detail("x", sheets=False)).job
    assert job.allowed_actions == GOES_ON
    assert "processes of the earlier run may still be alive" in job.reason
    done = await service.resume(ResumeParams("x"))
    assert (done.job.status, done.pending) == ("running", False)
    assert "perhaps beside its old processes" in done.message


@pytest.mark.parametrize("state", ["a sheet failed", "it was only queued"])
async def test_a_failed_job_that_would_only_fail_again_is_not_resumed(
    service: JobControlService, marianne: FakeMarianne, state: str
) -> None:
    if state == "a sheet failed":
        with_sheets(marianne, "x", "failed", "completed", "failed", "skipped")["error_message"] = CRASH
    else:
        marianne.add("x", "failed")["error_message"] = CRASH
    result = await service.resume_job("x")
    assert (result.success, result.status) == (False, "failed")
    assert "start the score again" in result.message
    assert (await service.explain("x")).job.allowed_actions == ["delete"]
    assert not marianne.asked("job.resume")


async def test_a_resume_that_is_accepted_and_fails_the_job_again_is_no_success(
    service: JobControlService, marianne: FakeMarianne
) -> None:
    with_sheets(marianne, "x", "failed", "completed", "pending")
    marianne.after_resume = "failed"
    result = await service.resume_job("x")
    assert (result.success, result.status) == (False, "failed")
    assert "accepted the resume of job x and failed the job at once" in result.message


async def test_a_sheet_that_fails_as_soon_as_the_job_goes_on_is_told(
    service: JobControlService, marianne: FakeMarianne
) -> None:
    with_sheets(marianne, "x", "paused", "completed", "pending")
    marianne.after_resume = "failed"
    failing = marianne.resume

    def resume(params: dict[str, Any]) -> dict[str, Any]:
        marianne.status_objects["x"]["sheets"] = sheets("completed", "failed")
        return failing(params)

    marianne.resume = resume  # type: ignore[method-assign]
    with pytest.raises(WrongState, match="Job x went on and has failed: sheet 2 failed"):
        await service.resume(ResumeParams("x"))


async def test_a_cancelled_job_that_is_resumed_is_told_as_running_and_not_as_it_was(
    service: JobControlService, marianne: FakeMarianne, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = with_sheets(marianne, "x", "cancelled", "completed", "dispatched")

    def later(params: dict[str, Any]) -> list[dict[str, Any]]:
        listed = dict(job)
        job["status"] = "running" if marianne.asked("job.resume") else job["status"]
        return [listed]

    marianne.loses_resumes = True
    monkeypatch.setattr(marianne, "list", later)
    done = await service.resume(ResumeParams("x"))
    assert (done.job.status, done.pending) == ("running", False)


async def test_what_a_resume_kills_is_said_before_and_after(service: JobControlService, marianne: FakeMarianne) -> None:
    with_sheets(marianne, "x", "running", "dispatched", "pending")
    paused = await service.pause("x")
    assert paused.job.running == ["1"]
    kills = "still running: sheet 1; a resume before that kills what runs and starts it again from the beginning"
    assert kills in paused.message
    assert kills in (await service.detail("x", sheets=False)).job.reason
    done = await service.resume(ResumeParams("x"))
    assert done.message == "x goes on; what still ran (sheet 1) was ended and starts again."


@pytest.mark.parametrize("action", ["pause", "cancel"])
async def test_a_refusal_names_what_is_allowed_in_this_state(
    service: JobControlService, marianne: FakeMarianne, action: str
) -> None:
    with_sheets(marianne, "x", "failed", "completed", "pending")
    with pytest.raises(WrongState) as caught:
        await getattr(service, action)("x")
    assert caught.value.facts["allowed"] == GOES_ON


async def test_a_start_that_is_accepted_and_fails_at_once_is_no_success(
    service: JobControlService, marianne: FakeMarianne, score: str
) -> None:
    """An invalid score is accepted with a workspace, which switches that conductor's own check off."""
    submit = marianne.submit

    def submitted(params: dict[str, Any]) -> dict[str, Any]:
        reply = submit(params)
        marianne.jobs["audit"] = marianne.add("audit", "failed") | {"error_message": UNREADABLE}
        return reply

    marianne.submit = submitted  # type: ignore[method-assign]
    with pytest.raises(SubmitRejected, match="the score is not valid") as caught:
        await service.start_job(score, workspace="/ws")
    assert caught.value.facts == {"job_id": "audit", "state": "failed"}


async def test_a_rejected_start_says_what_is_wrong_in_plain_words(
    service: JobControlService, marianne: FakeMarianne, score: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = f"Failed to parse config file: {score} ({UNREADABLE}). Cannot determine workspace. Fix the config or pass --workspace explicitly."
    monkeypatch.setattr(marianne, "submit", lambda params: {"status": "rejected", "job_id": "", "message": message})
    with pytest.raises(SubmitRejected) as caught:
        await service.start_job(score)
    assert caught.value.message == (
        f"This conductor rejects the job: the score {score} is not valid: sheet.size must be at least 1."
    )
