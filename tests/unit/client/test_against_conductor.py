"""The proxy against a real conductor in a process of its own."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import anyio
import anyio.to_thread
import pytest

from podium.client.job_control import JobControlService
from podium.client.link.daemon_client import DaemonClient
from podium.contract.methods import LogParams, ResumeParams, SubmitParams
from podium.contract.models import JobView
from podium.contract.results import ProcessHealth
from podium.errors import IdempotencyConflict, JobNotFound, ScoreInvalid, WrongState
from tests.support.podium_home import Conductor

pytestmark = pytest.mark.anyio

QUICK = "name: quick\nsheets:\n  - name: one\n    run: echo hello; echo done > out.txt\n"
BROKEN = "name: broken\nsheets:\n  - name: one\n    run: exit 3\n"


def gated(*names: str) -> str:
    """Return a score whose sheets each wait for a file of their name in the workspace."""
    sheets = [f"  - name: {name}\n    run: until [ -e {name} ]; do sleep 0.1; done\n" for name in names]
    return "name: gated\nsheets:\n" + "".join(sheets)


@pytest.fixture
def effect_seconds() -> float:
    """How long a control call waits for its effect, where it comes; a test whose effect does not come has its own."""
    return 20


@pytest.fixture
async def service(shared_conductor: Conductor, effect_seconds: float) -> AsyncIterator[JobControlService]:
    """A service of its own for each test; the conductor is shared, and some of its jobs are other tests'."""
    settings = shared_conductor.settings.model_copy(update={"effect_seconds": effect_seconds})
    with anyio.fail_after(50):
        async with DaemonClient(settings.socket, settings=settings) as client:
            yield JobControlService(client)


async def open_gate(workspace: str, name: str) -> None:
    await (anyio.Path(workspace) / name).touch()


async def until(service: JobControlService, job_id: str, running: str) -> None:
    """Wait until a sheet runs, on the events of the job."""
    cursor = ""
    with anyio.fail_after(20):
        while running not in (view := (await service.detail(job_id, sheets=False)).job).running:
            cursor = cursor or view.cursor
            await anyio.lowlevel.checkpoint()


async def test_a_job_from_its_start_to_its_deletion(service: JobControlService) -> None:
    started = await service.start_job(config_content=QUICK)
    assert (started.job_name, started.total_sheets, started.via_daemon) == ("quick", 1, True)
    done = await service.wait([started.job_id], until="any", timeout_seconds=20, after="")
    assert (done.woke_for, done.jobs[0].status) == ("settled", "completed")
    detail = await service.detail(started.job_id, sheets=True)
    assert [(sheet.name, sheet.status, sheet.exit_code) for sheet in detail.sheets] == [("one", "completed", 0)]
    page = await service.artifacts(started.job_id, path="", limit=10, cursor="")
    assert [entry.path for entry in page.entries] == ["out.txt"]
    assert (await service.artifact(started.job_id, path="out.txt", offset=0, max_bytes=99)).text == "done\n"
    assert [line.text for line in (await service.log(LogParams(started.job_id))).lines] == ["hello"]
    assert await service.delete_job(started.job_id) is True
    assert await service.delete_job(started.job_id) is False
    with pytest.raises(JobNotFound):
        await service.detail(started.job_id, sheets=False)


async def test_a_pause_that_takes_effect_soon_is_answered_with_it(service: JobControlService) -> None:
    job = await service.start_job(config_content=gated("one", "two"))
    await until(service, job.job_id, "one")
    results = list[tuple[bool, str]]()

    async def pause() -> None:
        result = await service.pause_job(job.job_id)
        results.append((result.success, result.status))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(pause)
        while not (await service.detail(job.job_id, sheets=False)).job.pause_requested:
            await anyio.lowlevel.checkpoint()
        await open_gate(job.workspace, "one")
    assert results == [(True, "paused")]
    again = await service.pause_job(job.job_id)
    assert (again.success, again.status) == (False, "paused")
    assert (await service.cancel_job(job.job_id)).status == "cancelled"


@pytest.mark.parametrize("effect_seconds", [0.3])
async def test_a_pause_whose_effect_takes_long_is_pending_and_can_be_withdrawn(service: JobControlService) -> None:
    job = await service.start_job(config_content=gated("one"))
    await until(service, job.job_id, "one")
    done = await service.pause(job.job_id)
    assert (done.pending, done.job.status, done.job.pause_requested) == (True, "running", True)
    resumed = await service.resume(ResumeParams(job.job_id))
    assert (resumed.job.status, resumed.job.pause_requested) == ("running", False)
    assert (await service.cancel_job(job.job_id)).success


async def test_a_refusal_of_the_port_raises_with_state_and_allowed_actions(service: JobControlService) -> None:
    job = await service.start_job(config_content=QUICK.replace("quick", "refused"))
    await service.wait([job.job_id], until="any", timeout_seconds=20, after="")
    with pytest.raises(WrongState) as caught:
        await service.pause(job.job_id)
    assert caught.value.facts["state"] == "completed"
    assert caught.value.facts["allowed"] == ["delete"]
    with pytest.raises(JobNotFound) as unknown:
        await service.cancel(job.job_id + "x")
    assert unknown.value.facts["near"][0] == job.job_id


async def test_a_running_job_cannot_be_deleted(service: JobControlService) -> None:
    job = await service.start_job(config_content=gated("one"))
    assert await service.delete_job(job.job_id) is False
    await service.cancel_job(job.job_id)


async def test_health_has_the_numbers_of_the_running_attempt(service: JobControlService) -> None:
    job = await service.start_job(config_content=gated("one"))
    await until(service, job.job_id, "one")
    with anyio.fail_after(20):
        while (health := await service.verify_process_health(job.job_id)).pid is None:
            await anyio.lowlevel.checkpoint()
    assert (health.is_alive, health.process_exists, health.is_zombie_state) == (True, True, False)
    assert health.memory_mb is not None
    assert health.memory_mb > 0
    await service.cancel_job(job.job_id)
    assert await service.verify_process_health(job.job_id) == ProcessHealth(None, False, False, False)


async def test_without_a_conductor_health_is_that_of_a_dead_job(
    service: JobControlService, revived_conductor: Conductor
) -> None:
    await anyio.to_thread.run_sync(revived_conductor.kill)
    assert await service.verify_process_health("any") == ProcessHealth(None, False, False, False)
    with pytest.raises(RuntimeError):
        await service.pause_job("any")
    with pytest.raises(RuntimeError):
        await service.delete_job("any")


async def test_the_same_key_returns_the_first_job_and_another_score_is_refused(service: JobControlService) -> None:
    request = SubmitParams(config_content=QUICK, idempotency_key="k1")
    first, second = await service.start(request), await service.start(request)
    assert (first.replayed, second.replayed) == (False, True)
    assert first.job.job_id == second.job.job_id
    with pytest.raises(IdempotencyConflict):
        await service.start(replace(request, config_content=BROKEN))


async def test_a_bad_score_lists_its_problems_and_is_a_value_error(service: JobControlService) -> None:
    bad = "name: x\nsheets:\n  - run: true\n    retri: 1\n"
    for call in (service.start, service.plan):
        with pytest.raises(ScoreInvalid) as caught:
            await call(SubmitParams(config_content=bad))
        assert any(problem["line"] == 4 for problem in caught.value.facts["problems"])
    assert issubclass(ScoreInvalid, ValueError)


async def test_a_plan_runs_nothing(service: JobControlService) -> None:
    before = (await service.list_page(status=None, name="", limit=10, cursor="")).total
    plan = await service.plan(SubmitParams(config_content=gated("one", "two")))
    assert [sheet.name for sheet in plan.sheets] == ["one", "two"]
    assert (await service.list_page(status=None, name="", limit=10, cursor="")).total == before


async def test_a_failed_sheet_wakes_a_wait_once_while_its_job_goes_on(service: JobControlService) -> None:
    score = (
        "name: two\nsheets:\n  - name: bad\n    needs: []\n    run: exit 1\n"
        "  - name: long\n    needs: []\n    run: until [ -e long ]; do sleep 0.1; done\n"
        "  - name: last\n    needs: [long]\n    run: 'true'\n"
    )
    job = await service.start_job(config_content=score)
    # The sheet may have failed before the wait begins: what happened since the start counts.
    started = (await service.list_page(status=None, name="", limit=1, cursor="")).jobs[0].cursor
    home = started.partition(":")[0]
    first = await service.wait([job.job_id], until="any", timeout_seconds=60, after=f"{home}:0")
    assert first.woke_for == "event"
    assert "sheet.failed" in [event.type for event in first.events]
    second = await service.wait([job.job_id], until="any", timeout_seconds=0.1, after=first.after)
    assert second.woke_for == "timeout"
    await open_gate(job.workspace, "long")
    last = await service.wait([job.job_id], until="all", timeout_seconds=60, after=second.after)
    assert (last.woke_for, last.jobs[0].status) == ("settled", "failed")


async def test_many_waits_at_once_all_end(service: JobControlService) -> None:
    job = await service.start_job(config_content=gated("one"))
    ended = list[str]()
    told = anyio.Event()

    async def progress(elapsed: float, jobs: Sequence[JobView]) -> None:
        told.set()

    async def wait() -> None:
        done = await service.wait([job.job_id], until="all", timeout_seconds=20, after="", progress=progress)
        ended.append(done.jobs[0].status)

    async with anyio.create_task_group() as tasks:
        for _ in range(30):
            tasks.start_soon(wait)
        await told.wait()
        await open_gate(job.workspace, "one")
    assert ended == ["completed"] * 30


async def test_a_conductor_that_is_killed_and_started_again_inside_a_wait_is_bridged(
    service: JobControlService, revived_conductor: Conductor
) -> None:
    job = await service.start_job(config_content=gated("one"))
    await until(service, job.job_id, "one")
    told = anyio.Event()

    async def progress(elapsed: float, jobs: Sequence[JobView]) -> None:
        told.set()

    async def restart() -> None:
        await told.wait()
        await anyio.to_thread.run_sync(revived_conductor.kill)
        await open_gate(job.workspace, "one")
        await anyio.to_thread.run_sync(revived_conductor.start)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(restart)
        done = await service.wait([job.job_id], until="any", timeout_seconds=600, after="", progress=progress)
    assert (done.woke_for, done.jobs[0].status) == ("settled", "completed")


async def test_a_job_goes_on_with_a_changed_score(service: JobControlService) -> None:
    job = await service.start_job(config_content=BROKEN)
    await service.wait([job.job_id], until="any", timeout_seconds=20, after="")
    fixed = BROKEN.replace("exit 3", "exit 0")
    await service.resume(ResumeParams(job.job_id, config_content=fixed))
    done = await service.wait([job.job_id], until="any", timeout_seconds=20, after="")
    assert done.jobs[0].status == "completed"


async def test_a_program_mends_a_job_with_an_edit(service: JobControlService) -> None:
    job = await service.start_job(config_content=BROKEN)
    await service.wait([job.job_id], until="any", timeout_seconds=20, after="")
    with pytest.raises(ValueError, match="does not occur in the score"):
        await service.resume_job(job.job_id, find="exit 5", replace="exit 0")
    mended = await service.resume_job(job.job_id, find="exit 3", replace="exit 0")
    assert (mended.success, mended.job_id) == (True, job.job_id)
    done = await service.wait([job.job_id], until="any", timeout_seconds=20, after="")
    assert done.jobs[0].status == "completed"
    again = await service.resume_job(job.job_id, find="exit 0")
    assert (again.success, again.status) == (False, "completed")


async def test_the_conductor_says_what_it_is(service: JobControlService, shared_conductor: Conductor) -> None:
    view = await service.conductor()
    assert (view.product, view.pid, view.missing) == ("podium", shared_conductor.pid, [])
    assert view.socket == str(shared_conductor.settings.socket)
