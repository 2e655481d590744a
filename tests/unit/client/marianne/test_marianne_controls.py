"""Job control against a Marianne conductor: the truth about each action, and nothing that would harm the job."""

import pytest

from podium.client.job_control import JobControlService
from podium.contract.methods import ModifyParams, ResumeParams
from podium.errors import JobNotFound, UnsupportedByConductor, WrongState
from tests.unit.client.marianne.recordings import FakeMarianne

pytestmark = pytest.mark.anyio

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled", "paused", "queued"])
async def test_a_refused_pause_tells_the_true_state(
    service: JobControlService, marianne: FakeMarianne, status: str
) -> None:
    marianne.add("x", status)
    result = await service.pause_job("x")
    assert (result.success, result.status) == (False, status)
    assert f"is {status}, not running" in result.message


@pytest.mark.parametrize("action", ["pause_job", "resume_job", "cancel_job"])
async def test_a_control_of_an_unknown_job_fails(
    service: JobControlService, marianne: FakeMarianne, action: str
) -> None:
    marianne.add("audit", "running")
    result = await getattr(service, action)("audot")
    assert (result.success, result.status) == (False, "unknown")
    with pytest.raises(JobNotFound) as caught:
        await service.cancel("audot")
    assert caught.value.facts["near"] == ["audit"]


async def test_pause_resume_and_cancel_report_what_became_of_the_job(
    service: JobControlService, marianne: FakeMarianne
) -> None:
    marianne.add("x", "running")
    results = [await service.pause_job("x"), await service.resume_job("x"), await service.cancel_job("x")]
    assert [(result.success, result.status) for result in results] == [
        (True, "paused"),
        (True, "running"),
        (True, "cancelled"),
    ]


async def test_a_resume_that_shows_no_effect_is_pending(service: JobControlService, marianne: FakeMarianne) -> None:
    marianne.add("x", "paused")
    marianne.loses_resumes = True
    done = await service.resume(ResumeParams("x"))
    assert (done.pending, done.job.status) == (True, "paused")


async def test_a_running_job_is_not_modified_since_that_loses_it(
    service: JobControlService, marianne: FakeMarianne, score: str
) -> None:
    marianne.add("x", "running")
    with pytest.raises(WrongState, match="pause it first"):
        await service.modify(ModifyParams("x", config_path=score))
    assert not marianne.asked("job.modify")


async def test_a_job_that_runs_is_not_deleted(service: JobControlService, marianne: FakeMarianne) -> None:
    marianne.add("x", "running")
    assert await service.delete_job("x") is False
    assert await service.delete_job("y") is False
    with pytest.raises(WrongState):
        await service.delete("x")


@pytest.mark.parametrize("params", [ResumeParams, ModifyParams])
async def test_an_edit_is_refused_and_asks_for_the_whole_score(
    service: JobControlService, marianne: FakeMarianne, params: type[ResumeParams]
) -> None:
    marianne.add("x", "paused")
    call = params("x", find="a", replace="b")
    with pytest.raises(UnsupportedByConductor, match="does not edit scores") as caught:
        await (service.modify(call) if isinstance(call, ModifyParams) else service.resume(call))
    assert "Pass the whole changed score" in caught.value.fix
    assert not marianne.asked("job.resume")
    assert not marianne.asked("job.modify")
