"""What ends a wait, and what it tells meanwhile, by a source that a test scripts; the real one is tested against the conductor."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import anyio
import pytest

from podium.client import waiting
from podium.contract.models import JobView
from podium.errors import JobNotFound
from tests.unit.client.scripted import Script, job, wait

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled", "paused"])
async def test_a_settled_job_is_returned_at_once(status: str) -> None:
    script = Script(job("a", status))
    done = await wait(script, "a")
    assert (done.woke_for, done.jobs[0].status, script.looks) == ("settled", status, 1)


async def test_a_stuck_job_is_settled() -> None:
    assert (await wait(Script(job("a", stuck=True)), "a")).woke_for == "settled"


async def test_a_job_with_a_pending_pause_is_not_settled() -> None:
    assert (await wait(Script(job("a", pause_requested=True)), "a", timeout_seconds=0)).woke_for == "timeout"


async def test_the_time_out_gives_the_present_state() -> None:
    script = Script(job("a"))

    async def go_on() -> None:
        while not script.looks:
            await anyio.lowlevel.checkpoint()
        script.happens("sheet.completed", "a", sheets_completed=1)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(go_on)
        done = await wait(script, "a", timeout_seconds=0.05)
    assert (done.woke_for, done.jobs[0].sheets_completed) == ("timeout", 1)
    assert [event.type for event in done.events] == ["sheet.completed"]


async def test_an_end_wakes_the_wait() -> None:
    script = Script(job("a"), job("b"))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_after_the_first_look, script, "job.completed", "b", {"status": "completed"})
        done = await wait(script, "a", "b")
    assert done.woke_for == "settled"
    assert [each.status for each in done.jobs] == ["running", "completed"]


async def _after_the_first_look(script: Script, type_: str, job_id: str, changes: dict[str, Any]) -> None:
    while not script.looks:
        await anyio.lowlevel.checkpoint()
    script.happens(type_, job_id, **changes)


@pytest.mark.parametrize(
    "type_", ["sheet.failed", "sheet.retrying", "sheet.rate_limited", "sheet.fallback", "healing.applied"]
)
async def test_a_passing_event_wakes_once(type_: str) -> None:
    script = Script(job("a"))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_after_the_first_look, script, type_, "a", {})
        first = await wait(script, "a")
    assert (first.woke_for, [event.type for event in first.events]) == ("event", [type_])
    second = await wait(script, "a", timeout_seconds=0, after=first.after)
    assert (second.woke_for, second.events) == ("timeout", [])


async def test_a_passing_event_between_two_waits_wakes_the_second_at_once() -> None:
    script = Script(job("a"))
    first = await wait(script, "a", timeout_seconds=0)
    script.happens("sheet.failed", "a")
    assert (await wait(script, "a", after=first.after)).woke_for == "event"


async def test_an_event_before_the_first_wait_does_not_wake_it() -> None:
    script = Script(job("a"))
    script.happens("sheet.failed", "a")
    assert (await wait(script, "a", timeout_seconds=0)).woke_for == "timeout"


async def test_another_jobs_event_does_not_wake() -> None:
    script = Script(job("a"), job("b"))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_after_the_first_look, script, "sheet.failed", "b", {})
        assert (await wait(script, "a", timeout_seconds=0.05)).woke_for == "timeout"


async def test_waiting_for_all_ends_when_all_are_settled_and_not_at_passing_events() -> None:
    script = Script(job("a"), job("b", "completed"))

    async def go_on() -> None:
        await _after_the_first_look(script, "sheet.failed", "a", {})
        looks = script.looks
        while script.looks == looks:
            await anyio.lowlevel.checkpoint()
        script.happens("job.failed", "a", status="failed")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(go_on)
        done = await wait(script, "a", "b", until="all")
    assert done.woke_for == "settled"
    assert [event.type for event in done.events] == ["sheet.failed", "job.failed"]


async def test_of_many_events_those_that_need_attention_are_kept() -> None:
    script = Script(job("a"))
    script.happens("sheet.failed", "a")
    for _ in range(100):
        script.happens("sheet.completed", "a")
    done = await wait(script, "a", until="all", timeout_seconds=0, after="h:0")
    assert len(done.events) == 50
    assert [event.type for event in done.events[:2]] == ["sheet.failed", "sheet.completed"]
    assert done.events[-1].seq == 101


async def test_an_unknown_id_fails_the_wait() -> None:
    with pytest.raises(JobNotFound):
        await wait(Script(job("a")), "a", "nope")


async def test_progress_is_told_at_once_and_at_looks_with_elapsed_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "LOOK_SECONDS", 0.01)
    told = list[tuple[float, int]]()
    script = Script(job("a"))

    async def progress(elapsed: float, jobs: Sequence[JobView]) -> None:
        told.append((elapsed, jobs[0].sheets_completed))
        if len(told) == 3:
            script.happens("job.completed", "a", status="completed")

    assert (await wait(script, "a", progress=progress)).woke_for == "settled"
    elapsed = [each for each, _ in told]
    assert len(told) == 3
    assert elapsed == sorted(elapsed)


async def test_progress_is_told_at_most_once_a_second_however_much_happens() -> None:
    told = list[float]()
    script = Script(job("a"))

    async def progress(elapsed: float, jobs: Sequence[JobView]) -> None:
        told.append(elapsed)

    async def churn() -> None:
        for n in range(10):
            looks = script.looks
            script.happens("sheet.completed", "a", sheets_completed=n)
            while script.looks == looks:
                await anyio.lowlevel.checkpoint()
        script.happens("job.completed", "a", status="completed")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(churn)
        await wait(script, "a", progress=progress)
    assert told
    assert all(later - earlier > 0.99 for earlier, later in pairwise(told))
