"""Following what happens to jobs, from a cursor: the long question that updates of resources are made of."""

from pathlib import Path

import anyio
import pytest

from podium.client.job_control import JobControlService
from podium.contract.methods import SubmitParams
from podium.errors import ConductorError, InvalidArguments
from tests.support.podium_home import Conductor

pytestmark = pytest.mark.anyio

SCORE = "name: gated\nsheets:\n  - name: gate\n    run: until [ -e go ]; do sleep 0.1; done\n"


async def started(service: JobControlService) -> tuple[str, Path]:
    """Start a job that waits for its gate, and return its id and gate."""
    job = (await service.start(SubmitParams(config_content=SCORE))).job
    return job.job_id, Path(job.workspace) / "go"


async def until(service: JobControlService, job_ids: list[str] | None, after: str, kind: str) -> str:
    """Follow until an event of a kind comes, and return the cursor after it."""
    while True:
        events, after = await service.changes(job_ids, after=after)
        assert events
        assert job_ids is None or {event.job_id for event in events} <= set(job_ids)
        if any(event.type == kind for event in events):
            return after


async def test_it_begins_at_once_with_nothing_and_the_cursor_of_now(service: JobControlService) -> None:
    await started(service)
    events, after = await service.changes(None, after="")
    assert events == []
    assert after


async def test_what_happened_since_the_cursor_is_told_without_waiting(service: JobControlService) -> None:
    _, after = await service.changes(None, after="")
    job_id, _ = await started(service)
    events, _ = await service.changes([job_id], after=after)
    assert events[0].type == "job.submitted"


async def test_it_waits_for_the_jobs_that_were_asked_for(service: JobControlService) -> None:
    job_id, gate = await started(service)
    other_id, other_gate = await started(service)
    _, after = await service.changes(None, after="")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(until, service, [job_id], after, "job.completed")
        tasks.start_soon(until, service, None, after, "job.completed")
        other_gate.touch()
        await until(service, [other_id], after, "job.completed")
        gate.touch()


async def test_a_crash_of_the_conductor_ends_the_question_and_the_cursor_goes_on(
    service: JobControlService, revived_conductor: Conductor
) -> None:
    _, after = await service.changes(None, after="")
    job_id, gate = await started(service)
    after = await until(service, [job_id], after, "sheet.started")
    await anyio.to_thread.run_sync(revived_conductor.kill)
    with pytest.raises(ConductorError):
        await service.changes([job_id], after=after)
    gate.touch()
    await anyio.to_thread.run_sync(revived_conductor.start)
    await until(service, [job_id], after, "job.completed")


async def test_a_cursor_of_another_home_is_refused(service: JobControlService) -> None:
    with pytest.raises(InvalidArguments, match="does not belong to this conductor"):
        await service.changes(None, after="0123456789abcdef:7")
