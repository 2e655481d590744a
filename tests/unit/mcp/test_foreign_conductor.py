"""What an agent is told by the server of a Marianne conductor, in both eras of the protocol."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, MCPError
from mcp.types import CallToolResult, TextContent

from podium.client.job_control import JobControlService
from podium.contract.ports import JobControl
from podium.mcp.app import build_server
from tests.unit.client.link.stand_in import MARIANNE_STATUS, client_for, stand_in
from tests.unit.client.marianne.recordings import FakeMarianne
from tests.unit.client.marianne.test_marianne_changes import BAD, CRASH, with_sheets

pytestmark = [
    pytest.mark.anyio,
    # the handshake era is what is tested here
    pytest.mark.filterwarnings("ignore:resources/(un)?subscribe:mcp.MCPDeprecationWarning"),
]


@pytest.fixture
def marianne() -> FakeMarianne:
    return FakeMarianne()


@pytest.fixture(params=["auto", "legacy"])
async def agent(request: pytest.FixtureRequest, short_tmp: Path, marianne: FakeMarianne) -> AsyncIterator[Client]:
    @asynccontextmanager
    async def port() -> AsyncIterator[JobControl]:
        async with client_for(short_tmp / "c.sock", effect_seconds=0.2) as client:
            yield JobControlService(client)

    async with (
        stand_in(short_tmp, marianne.handlers(), status=MARIANNE_STATUS),
        Client(build_server(port), mode=request.param) as client,
    ):
        yield client


async def told(agent: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """Return what a tool answers, an error too."""
    result = await agent.call_tool(tool, arguments)
    assert isinstance(result, CallToolResult)
    assert isinstance(result.content[0], TextContent)
    facts: dict[str, Any] = json.loads(result.content[0].text)
    return facts


async def subscribe(agent: Client, uri: str) -> None:
    """Subscribe the way the client's era does."""
    if agent.protocol_version != "2026-07-28":
        await agent.subscribe_resource(uri)
        return
    async with agent.listen(resource_subscriptions=[uri]):
        pass


async def test_a_subscription_that_would_never_be_notified_is_refused(agent: Client, marianne: FakeMarianne) -> None:
    marianne.add("x", "running")
    with anyio.fail_after(20), pytest.raises(MCPError, match="would never be notified") as caught:
        await subscribe(agent, "job://x")
    assert caught.value.error.data["code"] == "UNSUPPORTED_BY_CONDUCTOR"
    assert "wait_for_job" in caught.value.error.data["fix"]


async def test_no_process_without_a_number_is_alive(agent: Client, marianne: FakeMarianne) -> None:
    with_sheets(marianne, "x", "running", "dispatched")
    health = await told(agent, "verify_process_health", job_id="x")
    assert health["summary"] == (
        "x is running. This conductor tells nothing about processes: whether the job counts as alive follows from its status."
    )
    assert (health["pid"], health["is_alive"], "processes" in health) == (None, True, False)


async def test_a_bad_changed_score_is_an_error_that_names_the_place(agent: Client, marianne: FakeMarianne) -> None:
    marianne.add("x", "paused")
    for tool in ("resume_job", "modify_job"):
        refused = (await told(agent, tool, job_id="x", config_content=BAD))["error"]
        assert (refused["code"], refused["problems"][0]["field"]) == ("SCORE_INVALID", "sheet.size")
    assert not marianne.asked("job.modify")


async def test_a_pause_says_what_runs_on_and_what_a_resume_would_do(agent: Client, marianne: FakeMarianne) -> None:
    with_sheets(marianne, "x", "running", "completed", "dispatched")
    paused = await told(agent, "pause_job", job_id="x")
    assert (paused["success"], paused["status"], paused["running"]) == (True, "paused", ["2"])
    assert "the last of the job, which then completes by itself" in paused["summary"]
    assert "Use resume_job" not in paused["summary"]
    assert paused["next"] == 'wait_for_job(job_ids=["x"])'
    options = (await told(agent, "explain_job", job_id="x"))["options"]
    assert any("kills the running sheets (2), starts them again" in option for option in options)


async def test_a_job_that_fails_as_it_goes_on_is_an_error(agent: Client, marianne: FakeMarianne) -> None:
    with_sheets(marianne, "x", "paused", "completed", "pending")
    marianne.after_resume = "failed"
    failed = (await told(agent, "resume_job", job_id="x"))["error"]
    assert (failed["code"], failed["state"]) == ("WRONG_STATE", "failed")
    assert "failed the job at once" in failed["message"]


async def test_a_job_that_ended_with_its_conductor_is_to_be_resumed(agent: Client, marianne: FakeMarianne) -> None:
    with_sheets(marianne, "x", "failed", "completed", "dispatched")["error_message"] = CRASH
    for tool in ("get_job", "explain_job"):
        assert (await told(agent, tool, job_id="x"))["next"] == 'resume_job(job_id="x")'
    resumed = await told(agent, "resume_job", job_id="x")
    assert (resumed["success"], resumed["status"]) == (True, "running")
    assert "perhaps beside its old processes" in resumed["summary"]


async def test_the_status_lists_what_is_not_there(agent: Client, marianne: FakeMarianne) -> None:
    status = await told(agent, "conductor_status")
    assert status["missing"] == ["read_job_log", "validate_score"]
    assert any(each.startswith("resources: subscriptions") for each in status["not_available"])
