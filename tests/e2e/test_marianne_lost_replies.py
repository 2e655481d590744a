"""Replies of a Marianne conductor that are lost, late or nonsense: no tool calls that a success, or waits for ever."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.agent import Agent
from tests.support.mcp_clients import plain_agent
from tests.support.podium_home import make_home
from tests.support.replay.conductor import ReplayConductor, replay
from tests.support.replay.faults import WireFault

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("no_jobs_left")]

# A state in which each call would do something, by the tool, and the method that it is about.
CHANGING = {
    "pause_job": ("running", "job.pause"),
    "resume_job": ("paused", "job.resume"),
    "cancel_job": ("running", "job.cancel"),
    "delete_job": ("completed", "job.clear"),
}
LOOKING = {"get_job": "job.status", "list_jobs": "job.list", "explain_job": "job.list", "wait_for_job": "job.list"}
CODES = {"CONDUCTOR_UNREACHABLE", "CONDUCTOR_TIMEOUT", "CONDUCTOR_MISMATCH", "CONDUCTOR_BUSY"}


@pytest.fixture(scope="module")
async def hasty(marianne: ReplayConductor, folder: Path) -> AsyncIterator[Agent]:
    """An agent that waits half a second for a reply."""
    settings = make_home(folder, socket=marianne.path)
    async with plain_agent(
        settings, "auto", cwd=folder, PODIUM_CALL_SECONDS="0.5", PODIUM_CONNECT_SECONDS="0.5"
    ) as connected:
        yield connected


@pytest.mark.parametrize("how", list(WireFault))
@pytest.mark.parametrize("tool", CHANGING)
async def test_a_change_whose_reply_goes_wrong_is_no_success(
    marianne: ReplayConductor, hasty: Agent, tool: str, how: WireFault
) -> None:
    """It may have been made: the error says so, and which call tells."""
    state, method = CHANGING[tool]
    job_id = f"{tool}-{how}".replace("_", "-")
    marianne.put(job_id, state)
    marianne.server.released.clear()
    with marianne.spoiled(method, how):
        error = await hasty.refused(tool, job_id=job_id)
    assert error["code"] in CODES, error
    assert len([each for each in marianne.asked(method) if job_id in json.dumps(each)]) == 1, "it was asked twice"
    if how in {WireFault.LOST, WireFault.SLOW}:
        assert error["outcome"] == "unknown"
        assert job_id in error["fix"] + error["check"]


@pytest.mark.parametrize("how", list(WireFault))
@pytest.mark.parametrize("tool", LOOKING)
async def test_a_look_whose_reply_goes_wrong_is_an_error(
    marianne: ReplayConductor, hasty: Agent, tool: str, how: WireFault
) -> None:
    job_id = f"{tool}-{how}".replace("_", "-")
    marianne.put(job_id, "failed")
    given = {"job_ids": [job_id]} if tool == "wait_for_job" else {} if tool == "list_jobs" else {"job_id": job_id}
    marianne.server.released.clear()
    with marianne.spoiled(LOOKING[tool], how):
        error = await hasty.refused(tool, **given)
    assert error["code"] in CODES, error
    assert not [word for word in ("pydantic", "Traceback") if word in json.dumps(error)], error
    await hasty.call(tool, **given)  # and the next call works


@pytest.mark.parametrize("how", [WireFault.LOST, WireFault.GARBAGE])
async def test_a_start_that_was_accepted_is_no_error_if_nothing_is_heard_of_it_then(
    marianne: ReplayConductor, hasty: Agent, how: WireFault
) -> None:
    """An error would have the caller start a second job."""
    workspace = marianne.folder / "ws" / "unseen"
    score = f"name: unseen\nworkspace: {workspace}\nsheet: {{size: 1, total_items: 1}}\nprompt: {{template: 'true'}}\n"
    with marianne.spoiled("job.list", how):
        found = await hasty.call("start_job", config_content=score)
    assert found["next"] == f'wait_for_job(job_ids=["{found["job_id"]}"])'
    assert "accepted" in found["reason"]
    assert (await hasty.call("get_job", job_id=found["job_id"]))["status"] == "running"


async def test_a_crash_between_two_calls_is_not_noticed(marianne: ReplayConductor, hasty: Agent) -> None:
    job = marianne.put("survives", "completed")
    await hasty.call("get_job", job_id="survives")
    marianne.crash()
    assert (await hasty.call("get_job", job_id="survives"))["status"] == job.state == "completed"


async def test_a_conductor_that_has_ended_is_started_again_by_its_own_command(short_tmp: Path) -> None:
    """Ours, started at its socket, would take its place."""
    with replay(short_tmp) as conductor:
        conductor.put("runs", "running")
        async with plain_agent(make_home(short_tmp, socket=conductor.path), "auto", cwd=short_tmp) as agent:
            await agent.call("get_job", job_id="runs")
            conductor.close()
            for tool, given in (("get_job", {"job_id": "runs"}), ("conductor_status", {})):
                error = await agent.refused(tool, **given)
                assert error["code"] == "CONDUCTOR_NOT_RUNNING"
                assert "mzt start" in error["fix"]
                assert str(conductor.path) not in error["fix"]
