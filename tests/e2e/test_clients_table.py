"""What the clients of agents are known to do, one test a fact: each on a real server process, in both eras where both matter.

The facts about TypeScript clients and the Inspector are tested with those programs, in tests/clients.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import MCPError
from mcp.types import TextContent

from podium.settings import Settings
from podium_tools import ALL_TOOLS
from tests.support.agent import BOTH_ERAS, Agent, agent
from tests.support.podium_home import Conductor

pytestmark = pytest.mark.anyio
EITHER_ERA = pytest.mark.parametrize("mode", BOTH_ERAS)

GATED = "name: gated\nsheets:\n  - name: gate\n    run: echo here; until [ -e go ]; do sleep 0.1; done\n"
QUICK = "name: quick\nsheets:\n  - name: only\n    run: echo done\n"
LOUD = "name: loud\nsheets:\n  - name: flood\n    run: seq -f 'line %.0f with a text that is long enough to count' 200000\n"
SHORTEST_CUT_SECONDS = 60  # at which the TypeScript SDK cuts a call by default
MOST_CHARACTERS = 40_000  # some 10,000 tokens, at which clients warn
HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
STATELESS = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "t", "version": "1"},
}


def let_go(job: dict[str, Any]) -> None:
    """Let the gate of a job open."""
    Path(job["workspace"], "go").touch()


@EITHER_ERA
async def test_a_client_that_shows_one_half_of_a_result_shows_all_of_it(user: Agent) -> None:
    job_id = (await user.call("start_job", config_content=QUICK))["job_id"]
    await user.settled(job_id)
    for tool in ("get_job", "explain_job", "read_job_log", "list_artifacts", "verify_process_health"):
        await user.call(tool, job_id=job_id)  # which compares both halves
    result = await user.client.call_tool("pause_job", {"job_id": job_id})
    (block,) = result.content
    assert isinstance(block, TextContent)
    error = json.loads(block.text)["error"]
    assert {"code", "message", "retryable", "fix", "state", "allowed"} <= set(error)
    assert job_id in error["message"]


@EITHER_ERA
async def test_an_error_has_no_structured_half_that_could_miss_its_schema(user: Agent) -> None:
    assert all(tool.output_schema for tool in (await user.client.list_tools()).tools)
    result = await user.client.call_tool("get_job", {"job_id": "nobody"})
    assert (result.is_error, result.structured_content, len(result.content)) == (True, None, 1)


@EITHER_ERA
async def test_a_wait_ends_before_clients_cut_it_and_a_time_out_is_an_answer(user: Agent) -> None:
    seen: list[float] = []

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        assert message is not None
        assert "gated" in message
        seen.append(progress)

    (wait,) = [tool for tool in (await user.client.list_tools()).tools if tool.name == "wait_for_job"]
    assert wait.input_schema["properties"]["timeout_seconds"]["default"] < SHORTEST_CUT_SECONDS
    job = await user.call("start_job", config_content=GATED)
    await user.running(job["job_id"])
    found = await user.reported("wait_for_job", on_progress, job_ids=[job["job_id"]], timeout_seconds=2)
    let_go(job)
    assert found["woke_for"] == "timeout"
    assert found["next"].startswith("wait_for_job(")
    assert seen
    assert seen == sorted(set(seen))


@EITHER_ERA
async def test_no_default_result_is_larger_than_clients_take(user: Agent) -> None:
    job_id = (await user.call("start_job", config_content=LOUD))["job_id"]
    await user.settled(job_id)
    for tool in ("get_job", "explain_job", "read_job_log"):
        assert len(json.dumps(await user.call(tool, job_id=job_id))) < MOST_CHARACTERS, tool
    log = await user.call("read_job_log", job_id=job_id, mode="head", max_lines=2000)
    assert len(json.dumps(log)) < MOST_CHARACTERS
    assert (log["truncated"], log["total_bytes"] > MOST_CHARACTERS) == (True, True)
    assert log["next"].startswith("read_job_log(")


@EITHER_ERA
async def test_schemas_are_flat_enough_for_every_client(user: Agent) -> None:
    tools = (await user.client.list_tools()).tools
    assert [tool.name for tool in tools] == [tool.name for tool in ALL_TOOLS]
    for tool in tools:
        assert "$ref" not in json.dumps(tool.input_schema) + json.dumps(tool.output_schema)
        assert not {"anyOf", "oneOf", "allOf", "$defs"} & set(tool.input_schema)
        assert tool.input_schema["type"] == (tool.output_schema or {})["type"] == "object"
        assert tool.input_schema["additionalProperties"] is False
        kinds = {part["type"] for part in tool.input_schema["properties"].values()}
        assert kinds <= {"string", "integer", "number", "boolean", "array"}


@EITHER_ERA
async def test_what_a_model_means_well_is_understood(user: Agent) -> None:
    started = await user.call("start_job", config_content=QUICK, start_sheet=1, dry_run="false", workspace=None)
    found = await user.call("wait_for_job", job_ids=f'["{started["job_id"]}"]', timeout_seconds="30", until="all")
    assert found["woke_for"] == "settled"
    assert (await user.call("read_job_log", job_id=started["job_id"], max_lines="7", sheet=1))["lines"] == 1
    error = await user.refused("start_job", config_contents=QUICK)
    assert error["code"] == "INVALID_ARGUMENTS"
    assert "config_content" in error["message"]


def test_a_client_that_shakes_hands_after_discovering_is_served(home: Settings) -> None:
    lines = [
        line("server/discover", {"_meta": STATELESS}, 1),
        line("initialize", HELLO, 2),
        line("notifications/initialized", {}),
        line("tools/list", {}, 3),
    ]
    command = [sys.executable, "-m", "podium", "serve", "--home", str(home.home)]
    done = subprocess.run(command, input=b"".join(lines), capture_output=True, check=True, timeout=100)
    answers = {answer["id"]: answer for answer in map(json.loads, done.stdout.splitlines()) if "id" in answer}
    assert "2026-07-28" in answers[1]["result"]["supportedVersions"]
    assert answers[2]["result"]["protocolVersion"] == "2025-11-25"
    assert len(answers[3]["result"]["tools"]) == len(ALL_TOOLS)


async def _start_and_vanish(settings: Settings, mode: str, key: str) -> str:
    """Start a job and lose the connection while a wait for it is open."""
    async with agent(settings, mode) as user:
        job_id: str = (await user.call("start_job", config_content=GATED, idempotency_key=key))["job_id"]
        await user.running(job_id)
        with pytest.raises(MCPError):
            await user.client.call_tool("wait_for_job", {"job_ids": [job_id]}, read_timeout_seconds=0.5)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_wait, user, job_id)
            await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()
    return job_id


async def _wait(user: Agent, job_id: str) -> None:
    await user.call("wait_for_job", job_ids=[job_id])


@EITHER_ERA
async def test_a_client_that_gives_up_or_vanishes_and_starts_again_touches_no_job(
    shared_conductor: Conductor, mode: str
) -> None:
    key = f"once-{mode}"
    job_id = await _start_and_vanish(shared_conductor.settings, mode, key)
    async with agent(shared_conductor.settings, mode) as user:
        before = (await user.call("list_jobs"))["total"]
        job = await user.call("start_job", config_content=GATED, idempotency_key=key)
        assert (job["job_id"], job["replayed"], job["status"]) == (job_id, True, "running")
        assert (await user.call("list_jobs"))["total"] == before
        let_go(job)
        assert (await user.settled(job_id))["status"] == "completed"


def start_and_kill_the_server(settings: Settings, mode: str) -> dict[str, Any]:
    """Start a job through a server, and kill the server as soon as it has answered."""
    command = [sys.executable, "-m", "podium", "serve", "--home", str(settings.home), "--socket", str(settings.socket)]
    start: dict[str, Any] = {"name": "start_job", "arguments": {"config_content": GATED}}
    lines = [line("tools/call", {**start, "_meta": STATELESS}, 2)]
    if mode == "legacy":
        shaken = [line("initialize", HELLO, 1), line("notifications/initialized", {})]
        lines = [*shaken, line("tools/call", start, 2)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(b"".join(lines))
        server.stdin.flush()
        answers = map(json.loads, iter(server.stdout.readline, b""))
        job: dict[str, Any] = next(each for each in answers if each.get("id") == 2)["result"]["structuredContent"]
        server.kill()
    return job


def line(method: str, params: dict[str, Any], request_id: int | None = None) -> bytes:
    """Return a message as a line; without an id it is a notification."""
    identity = {} if request_id is None else {"id": request_id}
    return json.dumps({"jsonrpc": "2.0", **identity, "method": method, "params": params}).encode() + b"\n"


@EITHER_ERA
async def test_a_server_that_is_killed_leaves_the_job_running(
    user: Agent, shared_conductor: Conductor, mode: str
) -> None:
    job = await anyio.to_thread.run_sync(start_and_kill_the_server, shared_conductor.settings, mode)
    await user.running(job["job_id"])
    let_go(job)
    assert (await user.settled(job["job_id"]))["status"] == "completed"
