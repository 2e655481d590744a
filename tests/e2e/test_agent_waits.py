"""`wait_for_job` from an agent's side: what wakes it, what it tells meanwhile, and what its end does to a job: nothing."""

from typing import Any

import anyio
import pytest
from mcp import MCPError

from tests.support.agent import BOTH_ERAS, Agent, agent
from tests.support.podium_home import Conductor

pytestmark = pytest.mark.anyio


def gated(name: str, *more: str) -> str:
    """Return a score whose first sheet runs until the workspace has a file `go`."""
    rest = "".join(f"  - {each}\n" for each in more)
    return f"name: {name}\nsheets:\n  - {{name: gate, run: 'until [ -e go ]; do sleep 0.1; done'}}\n{rest}"


async def let_go(job: dict[str, Any]) -> None:
    await anyio.Path(job["workspace"], "go").touch()


async def start(user: Agent, name: str, *more: str) -> dict[str, Any]:
    return await user.call("start_job", config_content=gated(name, *more))


@pytest.mark.parametrize("mode", BOTH_ERAS)
async def test_any_ends_with_the_first_job_and_all_with_the_last(user: Agent) -> None:
    one, two = await start(user, "one"), await start(user, "two")
    ids = [one["job_id"], two["job_id"]]
    await let_go(one)
    first = await user.call("wait_for_job", job_ids=ids)
    assert first["woke_for"] == "settled"
    assert [job["settled"] for job in first["jobs"]] == [True, False]
    assert first["next"].startswith(f'wait_for_job(job_ids=["{two["job_id"]}"]')
    await let_go(two)
    last = await user.call("wait_for_job", job_ids=ids, until="all", after=first["after"])
    assert [job["status"] for job in last["jobs"]] == ["completed", "completed"]


@pytest.mark.parametrize("mode", BOTH_ERAS)
async def test_a_time_out_is_an_answer_and_the_wait_can_be_repeated_without_a_gap(user: Agent) -> None:
    job = await start(
        user,
        "slow",
        "{name: bad, needs: [], run: 'until [ -e fail ]; do sleep 0.1; done; exit 1'}",
        "{name: end, run: 'true'}",
    )
    quiet = await user.call("wait_for_job", job_ids=[job["job_id"]], timeout_seconds=0)
    assert (quiet["woke_for"], quiet["jobs"][0]["settled"]) == ("timeout", False)
    await anyio.Path(job["workspace"], "fail").touch()
    while (await user.call("get_job", job_id=job["job_id"])).get("sheets_failed", 0) == 0:
        pass  # the failure lies between the two waits
    woken = await user.call("wait_for_job", job_ids=[job["job_id"]], after=quiet["after"])
    assert woken["woke_for"] == "event"
    assert any("sheet.failed" in event and "name=bad" in event for event in woken["events"])
    again = await user.call("wait_for_job", job_ids=[job["job_id"]], after=woken["after"], timeout_seconds=0)
    assert (again["woke_for"], again["events"]) == ("timeout", [])
    await let_go(job)
    assert (await user.settled(job["job_id"]))["status"] == "failed"


async def test_a_pause_and_a_retry_wake_a_wait(user: Agent) -> None:
    flaky = "name: flaky\nsheets:\n  - {name: a, run: exit 1, retry: {max_retries: 1, base_delay_seconds: 600}}\n"
    job = await user.call("start_job", config_content=flaky)
    cursor = job["next"].partition('after="')[2].rstrip('")')
    found = await user.call("wait_for_job", job_ids=[job["job_id"]], after=cursor)
    assert found["woke_for"] == "event"
    assert any("sheet.retrying" in event for event in found["events"])
    await user.call("pause_job", job_id=job["job_id"])
    paused = await user.call("wait_for_job", job_ids=[job["job_id"]], after=found["after"])
    assert (paused["woke_for"], paused["jobs"][0]["status"]) == ("settled", "paused")


@pytest.mark.parametrize("mode", BOTH_ERAS)
async def test_progress_is_elapsed_time_that_grows_with_counts_and_names(user: Agent) -> None:
    told = list[tuple[float, float | None, str | None]]()
    job = await start(user, "told", "{name: last, run: 'until [ -e end ]; do sleep 0.1; done'}")
    await user.running(job["job_id"])

    first = f"{job['job_id']}: running, 0 of 2 sheets completed, running: gate"
    second = f"{job['job_id']}: running, 1 of 2 sheets completed, running: last"

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total, message))  # without news it comes again, on a busy machine before the next sheet
        await anyio.Path(job["workspace"], "end" if message == second else "go").touch()

    await user.reported("wait_for_job", on_progress, job_ids=[job["job_id"]], until="all")
    values = [progress for progress, _, _ in told]
    assert len(values) >= 2
    assert values == sorted(set(values))
    assert {total for _, total, _ in told} == {45.0}
    messages = [message for _, _, message in told]
    assert messages[0] == first
    assert second in messages


@pytest.mark.parametrize("mode", BOTH_ERAS)
async def test_a_wait_that_its_client_gives_up_leaves_the_job_alone(user: Agent) -> None:
    job = await start(user, "alone")
    await user.running(job["job_id"])
    with pytest.raises(MCPError):
        await user.client.call_tool("wait_for_job", {"job_ids": [job["job_id"]]}, read_timeout_seconds=0.2)
    assert (await user.call("get_job", job_id=job["job_id"]))["status"] == "running"
    await let_go(job)
    assert (await user.settled(job["job_id"]))["status"] == "completed"


@pytest.mark.parametrize("mode", BOTH_ERAS)
async def test_a_client_that_is_lost_in_a_wait_leaves_the_job_alone(
    user: Agent, shared_conductor: Conductor, mode: str
) -> None:
    job = await start(user, "left")
    async with anyio.create_task_group() as tasks, agent(shared_conductor.settings, mode) as lost:
        tasks.start_soon(lost.client.call_tool, "wait_for_job", {"job_ids": [job["job_id"]]})
        await lost.running(job["job_id"])
        tasks.cancel_scope.cancel()
    assert (await user.call("get_job", job_id=job["job_id"]))["status"] == "running"
    await let_go(job)
    assert (await user.settled(job["job_id"]))["status"] == "completed"


@pytest.mark.parametrize("mode", BOTH_ERAS)
async def test_a_conductor_that_comes_back_inside_a_wait_is_bridged(user: Agent, revived_conductor: Conductor) -> None:
    found = list[dict[str, Any]]()
    job = await start(user, "bridged")
    await user.running(job["job_id"])
    waiting = anyio.Event()

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        waiting.set()

    async def wait() -> None:
        found.append(await user.reported("wait_for_job", on_progress, job_ids=[job["job_id"]]))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        await waiting.wait()
        await anyio.to_thread.run_sync(revived_conductor.kill)
        await let_go(job)
        await anyio.to_thread.run_sync(revived_conductor.start)
    assert [(each["woke_for"], each["jobs"][0]["status"]) for each in found] == [("settled", "completed")]


async def test_an_unknown_id_among_known_ones_fails_the_call(user: Agent) -> None:
    job = await start(user, "known")
    error = await user.refused("wait_for_job", job_ids=[job["job_id"], job["job_id"][:-1] + "0"])
    assert (error["code"], error["near"][0]) == ("JOB_NOT_FOUND", job["job_id"])
    await user.call("cancel_job", job_id=job["job_id"])
