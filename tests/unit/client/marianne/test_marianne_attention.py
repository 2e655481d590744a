"""A wait wakes for failed sheets of a Marianne conductor's jobs: it has no events, so somebody has to look."""

import time
from typing import Any

import anyio
import pytest

from podium.client.job_control import JobControlService
from podium.client.marianne import listing
from tests.unit.client.marianne.recordings import FakeMarianne
from tests.unit.client.marianne.test_marianne_changes import sheets, with_sheets

pytestmark = pytest.mark.anyio


def running(marianne: FakeMarianne, job_id: str, *states: str) -> dict[str, Any]:
    job = with_sheets(marianne, job_id, "running", *states)
    job.update(started_at=time.time() - 60, progress_completed=states.count("completed"), progress_total=len(states))
    return job


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every look be a new one."""
    monkeypatch.setattr(listing, "_LOOK_SECONDS", 0.0)
    monkeypatch.setattr(listing, "_SHEETS_A_SECOND", 1e9)


@pytest.mark.usefixtures("at_once")
async def test_a_sheet_that_fails_while_others_go_on_ends_a_wait_once(
    service: JobControlService, marianne: FakeMarianne
) -> None:
    running(marianne, "a~b=1", "failed", "dispatched", "dispatched")

    async def fail() -> None:
        while len(marianne.asked("job.status")) < 2:
            await anyio.lowlevel.checkpoint()
        marianne.status_objects["a~b=1"]["sheets"] = sheets("failed", "failed", "dispatched")

    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(fail)
            done = await service.wait(["a~b=1"], until="any", timeout_seconds=15, after="")
    assert done.woke_for == "event"
    assert [(event.type, event.data["sheet"]) for event in done.events] == [("sheet.failed", 2)]
    again = await service.wait(["a~b=1"], until="any", timeout_seconds=0, after=done.after)
    assert (again.woke_for, again.events) == ("timeout", [])


@pytest.mark.usefixtures("at_once")
async def test_what_failed_between_two_waits_is_told_by_the_second(
    service: JobControlService, marianne: FakeMarianne
) -> None:
    running(marianne, "x", "dispatched", "dispatched")
    first = await service.wait(["x"], until="any", timeout_seconds=0, after="")
    marianne.status_objects["x"]["sheets"] = sheets("failed", "dispatched")
    second = await service.wait(["x"], until="any", timeout_seconds=0, after=first.after)
    assert (second.woke_for, [event.data["sheet"] for event in second.events]) == ("event", [1])


async def test_a_wait_for_a_job_that_was_paused_in_its_last_sheet_ends_when_that_does(
    service: JobControlService, marianne: FakeMarianne
) -> None:
    with_sheets(marianne, "x", "paused", "completed", "dispatched")

    async def end() -> None:
        while len(marianne.asked("job.status")) < 2:
            await anyio.lowlevel.checkpoint()
        with_sheets(marianne, "x", "completed", "completed", "completed")

    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(end)
            done = await service.wait(["x"], until="any", timeout_seconds=15, after="")
    assert (done.woke_for, done.jobs[0].status) == ("settled", "completed")


@pytest.mark.parametrize("after", ["h1:7", "failed:=", "failed:x=zz,=,y", "failed:" + "f" * 300_000, "~p"])
async def test_a_cursor_that_was_not_given_for_this_job_ends_no_wait_of_a_sound_job(
    service: JobControlService, marianne: FakeMarianne, after: str
) -> None:
    running(marianne, "x", "completed", "dispatched")
    done = await service.wait(["x"], until="any", timeout_seconds=0, after=after)
    assert (done.woke_for, done.events, done.after.split("~")[0]) == ("timeout", [], "failed:x=0")


async def test_a_wait_looks_at_the_sheets_now_and_then_and_never_at_those_of_a_job_that_has_just_begun(
    service: JobControlService, marianne: FakeMarianne
) -> None:
    running(marianne, "x", "dispatched")
    running(marianne, "young", "dispatched")["started_at"] = time.time()
    for _ in range(3):
        await service.wait(["x", "young"], until="any", timeout_seconds=0, after="")
    assert marianne.asked("job.status") == [{"job_id": "x"}]
