"""Resources, their updates, and tasks, from an agent's side: real server processes and a real conductor."""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import MCPError
from mcp.types import (
    BlobResourceContents,
    CallToolResult,
    ResourceTemplateReference,
    ResourceUpdatedNotification,
    TextResourceContents,
)

from tests.support.agent import BOTH_ERAS, Agent, agent, standing_agent
from tests.support.podium_home import Conductor
from tests.support.tasks import DetailedTask, TasksClient, begin, cancel, look, task_of

pytestmark = [
    pytest.mark.anyio,
    # the handshake era is one of the two that are tested here
    pytest.mark.filterwarnings("ignore:resources/(un)?subscribe:mcp.MCPDeprecationWarning"),
]
EITHER_ERA = pytest.mark.parametrize("mode", BOTH_ERAS)

MADE = r"""
name: made
sheets:
  - name: unit tests
    run: printf 'All \033[31mgood\033[0m'; printf '\211PNG\000' > plot.png; mkdir out; echo '# Report' > out/report.md
  - name: leave
    needs: [unit tests]
    run: ln -s /etc/hostname out/secret
"""
GATED = "name: gated\nsheets:\n  - name: gate\n    run: until [ -e go ]; do sleep 0.1; done\n"


def let_go(job: dict[str, Any]) -> None:
    """Let the gate of a job open."""
    Path(job["workspace"], "go").touch()


async def text(user: Agent, uri: str) -> str:
    (contents,) = (await user.client.read_resource(uri)).contents
    assert isinstance(contents, TextResourceContents)
    return contents.text


@EITHER_ERA
async def test_a_job_its_output_and_its_files_are_resources(user: Agent, shared_conductor: Conductor) -> None:
    job_id = (await user.call("start_job", config_content=MADE))["job_id"]
    await user.settled(job_id)
    job = json.loads(await text(user, f"job://{job_id}"))
    assert {**await user.call("get_job", job_id=job_id, detail="full"), "now": job["now"]} == job
    log = json.loads(await text(user, f"job://{job_id}/log/unit%20tests"))
    assert log["job_output"] == "All good"
    assert await text(user, f"job://{job_id}/artifact/out/report.md") == "# Report\n"
    (plot,) = (await user.client.read_resource(f"job://{job_id}/artifact/plot.png")).contents
    assert isinstance(plot, BlobResourceContents)
    assert (base64.b64decode(plot.blob), plot.mime_type) == (b"\x89PNG\0", "image/png")
    assert json.loads(await text(user, "conductor://status"))["pid"] == shared_conductor.pid


@EITHER_ERA
async def test_an_example_that_needs_no_agent_runs_as_it_is(user: Agent) -> None:
    for name in ("hello", "checks"):
        score = await text(user, f"score://examples/{name}")
        job_id = (await user.call("start_job", config_content=score))["job_id"]
        assert (await user.settled(job_id))["status"] == "completed", name


@EITHER_ERA
async def test_no_resource_is_outside_of_the_workspace(user: Agent) -> None:
    job_id = (await user.call("start_job", config_content=MADE))["job_id"]
    await user.settled(job_id)
    for path in ("out/secret", "../podium.db", "%2E%2E/podium.db", "/etc/hostname", "out/none", "out"):
        with pytest.raises(MCPError) as caught:
            await user.client.read_resource(f"job://{job_id}/artifact/{path}")
        assert caught.value.error.code == -32602, path
        assert caught.value.error.data["code"] in {"PATH_NOT_ALLOWED", "ARTIFACT_NOT_FOUND"}, path


@EITHER_ERA
async def test_ids_sheets_and_paths_are_completed(user: Agent, mode: str) -> None:
    job_id = (await user.call("start_job", config_content=MADE.replace("made", f"{mode}-made")))["job_id"]
    await user.settled(job_id)

    async def completed(uri: str, name: str, value: str) -> list[str]:
        ref = ResourceTemplateReference(type="ref/resource", uri=uri)
        argument = {"name": name, "value": value}
        found = await user.client.complete(ref, argument, context_arguments={"job_id": job_id})
        return found.completion.values

    assert await completed("job://{job_id}", "job_id", f"{mode}-m") == [job_id]
    assert await completed("job://{job_id}/log/{sheet}", "sheet", "un") == ["unit tests"]
    assert await completed("job://{job_id}/artifact/{+path}", "path", "out/r") == ["out/report.md"]


class Updates:
    """What a client of either era is told of its subscriptions."""

    def __init__(self) -> None:
        self._told: list[str] = []
        self._arrived = anyio.Event()

    def add(self, uri: str) -> None:
        self._told.append(uri)
        self._arrived.set()

    async def next(self) -> str:
        """Return the next URI; the caller's time limit bounds this."""
        while not self._told:
            self._arrived = anyio.Event()
            await self._arrived.wait()
        return self._told.pop(0)

    async def on_message(self, message: object) -> None:
        if isinstance(message, ResourceUpdatedNotification):
            self.add(message.params.uri)

    @asynccontextmanager
    async def of(self, user: Agent, uri: str) -> AsyncIterator[None]:
        """Subscribe in the way of the client's era."""
        if user.client.protocol_version != "2026-07-28":
            await user.client.subscribe_resource(uri)
            yield
            return
        async with user.client.listen(resource_subscriptions=[uri]) as stream, anyio.create_task_group() as tasks:

            async def read() -> None:
                async for event in stream:
                    self.add(str(getattr(event, "uri", event)))

            tasks.start_soon(read)
            yield
            tasks.cancel_scope.cancel()


@EITHER_ERA
async def test_a_subscriber_follows_its_job_to_the_end(shared_conductor: Conductor, mode: str) -> None:
    updates = Updates()
    async with agent(shared_conductor.settings, mode, message_handler=updates.on_message) as user:
        job = await user.call("start_job", config_content=GATED)
        uri = f"job://{job['job_id']}"
        await user.running(job["job_id"])
        async with updates.of(user, uri):
            await user.call("start_job", config_content=GATED)  # another job is of no interest
            let_go(job)
            status = ""
            while status != "completed":
                assert await updates.next() == uri
                status = json.loads(await text(user, uri))["status"]


@EITHER_ERA
async def test_updates_go_on_after_a_crash_of_the_conductor(revived_conductor: Conductor, mode: str) -> None:
    updates = Updates()
    async with agent(revived_conductor.settings, mode, message_handler=updates.on_message) as user:
        job = await user.call("start_job", config_content=GATED)
        uri = f"job://{job['job_id']}"
        await user.running(job["job_id"])
        async with updates.of(user, uri):
            await anyio.to_thread.run_sync(revived_conductor.kill)
            let_go(job)
            await anyio.to_thread.run_sync(revived_conductor.start)
            assert await updates.next() == uri


@asynccontextmanager
async def tasker(conductor: Conductor, polled: Any = None) -> AsyncIterator[Agent]:
    """Connect a client that takes tasks."""
    async with agent(conductor.settings, "auto", extensions=[TasksClient(polled)]) as user:
        yield user


@pytest.fixture(scope="module")
async def standing(shared_conductor: Conductor) -> AsyncIterator[Agent]:
    """A client that takes tasks, which the tests share: the other server where a test ends its own."""
    async with standing_agent(shared_conductor.settings, "auto", extensions=[TasksClient(None)]) as connected:
        yield connected


async def test_a_wait_as_a_task_ends_with_the_result_of_the_tool(shared_conductor: Conductor) -> None:
    job: dict[str, Any] = {}

    async def polled(task: DetailedTask) -> None:
        if task.status == "working":
            let_go(job)

    async with tasker(shared_conductor, polled) as user:
        job |= await user.call("start_job", config_content=GATED)
        result = await user.client.call_tool("wait_for_job", {"job_ids": [job["job_id"]]})
    assert not result.is_error
    assert result.structured_content["woke_for"] == "settled"
    assert result.structured_content["jobs"][0]["status"] == "completed"


async def test_a_task_that_waits_for_a_pattern_ends_with_the_line(standing: Agent, shared_conductor: Conductor) -> None:
    said = (
        "name: said\nsheets:\n  - {name: a, run: 'echo one; until [ -e go ]; do sleep 0.1; done; echo two; sleep 60'}\n"
    )
    async with tasker(shared_conductor) as user:
        job = await user.call("start_job", config_content=said)
        ids = [job["job_id"]]
        first = await user.call("wait_for_job", job_ids=ids, pattern="one|two")
        task = await task_of(user.client, "wait_for_job", job_ids=ids, pattern="one|two", after=first["after"])
        assert (await look(user.client, task.task_id)).status == "working"
    let_go(job)
    while (found := await look(standing.client, task.task_id)).status == "working":
        pass
    assert found.result is not None
    end = found.result["structuredContent"]
    assert (end["woke_for"], end["job_output"], end["match_line"]) == ("pattern", "two", 2)
    assert (await look(standing.client, task.task_id)).result == found.result
    await standing.call("cancel_job", job_id=job["job_id"])


async def test_a_task_outlives_its_server_and_a_crash_of_the_conductor(
    standing: Agent, revived_conductor: Conductor
) -> None:
    async with tasker(revived_conductor) as user:
        job = await user.call("start_job", config_content=GATED)
        task = await task_of(user.client, "wait_for_job", job_ids=[job["job_id"]], timeout_seconds=300)
    assert (await look(standing.client, task.task_id)).status == "working"
    await anyio.to_thread.run_sync(revived_conductor.kill)
    down = await look(standing.client, task.task_id)
    assert (down.status, "podium.sock" in down.status_message) == ("working", True)
    let_go(job)
    await anyio.to_thread.run_sync(revived_conductor.start)
    while (found := await look(standing.client, task.task_id)).status == "working":
        pass
    assert found.status == "completed"
    assert found.result is not None
    assert found.result["structuredContent"]["jobs"][0]["status"] == "completed"


async def test_cancelling_a_task_ends_the_wait_for_good_and_never_the_job(
    standing: Agent, revived_conductor: Conductor
) -> None:
    async with tasker(revived_conductor) as user:
        job = await user.call("start_job", config_content=GATED)
        task = await task_of(user.client, "wait_for_job", job_ids=[job["job_id"]], timeout_seconds=300)
        await cancel(user.client, task.task_id)
        assert (await user.call("get_job", job_id=job["job_id"]))["status"] in {"queued", "running"}
    await anyio.to_thread.run_sync(revived_conductor.kill)
    await anyio.to_thread.run_sync(revived_conductor.start)
    assert (await look(standing.client, task.task_id)).status == "cancelled"
    let_go(job)
    while (await standing.call("get_job", job_id=job["job_id"]))["status"] != "completed":
        pass
    assert (await look(standing.client, task.task_id)).status == "cancelled"


async def test_what_is_over_or_wrong_is_no_task(standing: Agent) -> None:
    job = await standing.call("start_job", config_content=GATED)
    let_go(job)
    while (await standing.call("get_job", job_id=job["job_id"]))["status"] != "completed":
        pass
    done = await begin(standing.client, "wait_for_job", job_ids=[job["job_id"]])
    wrong = await begin(standing.client, "wait_for_job", job_ids=["nothing-abcde"])
    assert isinstance(done, CallToolResult)
    assert done.structured_content["woke_for"] == "settled"
    assert isinstance(wrong, CallToolResult)
    assert wrong.is_error
