"""The server through the official client, in memory, in both eras of the protocol."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from mcp import Client, MCPError
from mcp.types import INVALID_PARAMS, CallToolResult, ErrorData, TextContent
from structlog.testing import capture_logs

from podium import __version__
from podium.errors import ConductorNotRunning
from podium.mcp.app import build_server
from podium.mcp.sdk import low_level
from podium.mcp.transports.eras import serve_lines
from podium_tools import ALL_TOOLS
from tests.support.port import ScriptedPort, job

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("mode", ["auto", "legacy"]),
    pytest.mark.filterwarnings("error::mcp.MCPDeprecationWarning"),
]

ID = "build-x7k2q"
MINIMAL: dict[str, dict[str, Any]] = {
    "start_job": {"config_path": "a.yaml"},
    "clear_jobs": {},
    "list_jobs": {},
    "modify_job": {"job_id": ID, "config_path": "a.yaml"},
    "wait_for_job": {"job_ids": [ID], "timeout_seconds": 0},
    "read_artifact": {"job_id": ID, "path": "report.md"},
    "validate_score": {"config_path": "a.yaml"},
    "conductor_status": {},
}


@asynccontextmanager
async def client(port: ScriptedPort, mode: str) -> AsyncIterator[Client]:
    with anyio.fail_after(20):
        async with Client(build_server(port.opened), mode=mode) as connected:
            yield connected


META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}
HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}


async def exchange(mode: str, method: str, params: dict[str, Any]) -> list[dict[str, Any]]:
    """Send what no official client would send, as request 2, and return all that the server writes until its answer."""
    written: list[dict[str, Any]] = []
    answered = anyio.Event()

    async def lines() -> AsyncIterator[bytes]:
        if mode == "legacy":
            yield json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": HELLO}).encode()
            yield b'{"jsonrpc":"2.0","method":"notifications/initialized"}'
        meta = {**params.get("_meta", {}), **({} if mode == "legacy" else META)}
        sent = {**params, **({"_meta": meta} if meta else {})}
        yield json.dumps({"jsonrpc": "2.0", "id": 2, "method": method, "params": sent}).encode()
        await answered.wait()

    async def write(data: bytes) -> None:
        written.append(json.loads(data))
        if written[-1].get("id") == 2:
            answered.set()

    with anyio.fail_after(20):
        await serve_lines(low_level(build_server(ScriptedPort().opened)), lines(), write)
    return written


async def refused(mode: str, method: str, params: dict[str, Any]) -> ErrorData:
    """Return the protocol's error for such a request."""
    (answer,) = [each for each in await exchange(mode, method, params) if each.get("id") == 2]
    return ErrorData(**answer["error"])


def error_of(result: CallToolResult) -> dict[str, Any]:
    (block,) = result.content
    assert isinstance(block, TextContent)
    assert result.is_error
    assert result.structured_content is None
    facts: dict[str, Any] = json.loads(block.text)["error"]
    return facts


def text_of(result: CallToolResult) -> str:
    (block,) = result.content
    assert isinstance(block, TextContent)
    return block.text


async def test_the_server_says_who_it_is(mode: str) -> None:
    async with client(ScriptedPort(), mode) as connected:
        info = connected.server_info
        assert info is not None
        assert (info.name, info.version) == ("podium", __version__)
        assert (connected.protocol_version == "2026-07-28") == (mode == "auto")
        assert connected.instructions
        assert "start_job" in connected.instructions


async def test_the_tools_come_in_the_order_of_the_inventory_with_all_hints(mode: str) -> None:
    async with client(ScriptedPort(), mode) as connected:
        tools = (await connected.list_tools()).tools
    assert [tool.name for tool in tools] == [spec.name for spec in ALL_TOOLS]
    for tool, spec in zip(tools, ALL_TOOLS, strict=True):
        hints = tool.annotations
        assert hints is not None
        assert hints.read_only_hint == spec.hints.read_only
        assert hints.destructive_hint == spec.hints.destructive
        assert hints.idempotent_hint == spec.hints.idempotent
        assert hints.open_world_hint == spec.hints.open_world
        assert tool.description == spec.description


@pytest.mark.parametrize("name", [spec.name for spec in ALL_TOOLS])
async def test_every_tool_answers_with_the_same_facts_in_both_halves(mode: str, name: str) -> None:
    async with client(ScriptedPort(), mode) as connected:
        result = await connected.call_tool(name, MINIMAL.get(name, {"job_id": ID}))
    assert not result.is_error
    (block,) = result.content
    assert isinstance(block, TextContent)
    assert json.loads(block.text) == result.structured_content
    assert result.structured_content["summary"]


async def test_text_of_a_job_reaches_the_client_cleaned(mode: str) -> None:
    port = ScriptedPort(jobs={ID: job(reason="\x1b[31mexit\u202e code 1")})
    async with client(port, mode) as connected:
        result = await connected.call_tool("get_job", {"job_id": ID})
    assert result.structured_content["reason"] == "exit code 1"


async def test_an_error_is_one_text_block_and_nothing_structured(mode: str) -> None:
    async with client(ScriptedPort(), mode) as connected:
        facts = error_of(await connected.call_tool("get_job", {"job_id": "bild-x7k2q"}))
    assert facts.pop("now").endswith("Z")
    assert facts == {
        "code": "JOB_NOT_FOUND",
        "message": "Job bild-x7k2q does not exist.",
        "retryable": False,
        "fix": "list_jobs() shows the jobs.",
        "near": [ID],
    }


async def test_no_conductor_is_an_error_of_the_call_not_of_the_server(mode: str) -> None:
    port = ScriptedPort(error=ConductorNotRunning("Nobody listens on /run/podium.sock.", fix="podium start"))
    async with client(port, mode) as connected:
        assert (await connected.list_tools()).tools
        facts = error_of(await connected.call_tool("list_jobs", {}))
    assert (facts["code"], facts["retryable"], facts["fix"]) == ("CONDUCTOR_NOT_RUNNING", True, "podium start")


async def test_arguments_are_checked_before_anything_is_asked(mode: str) -> None:
    port = ScriptedPort()
    async with client(port, mode) as connected:
        facts = error_of(await connected.call_tool("start_job", {"config": "a.yaml", "dry_run": "perhaps"}))
    assert facts["code"] == "INVALID_ARGUMENTS"
    assert facts["arguments"] == ["config", "dry_run"]
    assert port.calls == []


async def test_arguments_that_are_meant_well_are_accepted(mode: str) -> None:
    port = ScriptedPort()
    async with client(port, mode) as connected:
        arguments = {"job_ids": f'["{ID}"]', "timeout_seconds": "0", "after": None}
        assert not (await connected.call_tool("wait_for_job", arguments)).is_error
    assert port.calls[0] == ("wait", ([ID], "any", 0.0, ""))


async def test_an_answer_says_which_arguments_were_ignored(mode: str) -> None:
    async with client(ScriptedPort(), mode) as connected:
        result = await connected.call_tool("conductor_status", {"random_string": "dummy"})
        wrong = error_of(await connected.call_tool("list_jobs", {"_": 1, "limit": 500}))
    note = "Ignored: unknown argument 'random_string' (conductor_status takes no arguments)."
    assert result.structured_content["summary"].endswith(note)
    assert json.loads(text_of(result))["summary"].endswith(note)
    assert wrong["arguments"] == ["limit"]
    assert wrong["note"].startswith("Ignored: unknown argument '_' (list_jobs takes status,")


async def test_a_score_that_is_json_text_stays_text(mode: str) -> None:
    port = ScriptedPort()
    async with client(port, mode) as connected:
        await connected.call_tool("start_job", {"config_content": '{"name": "x"}'})
    assert port.calls[0][1].config_content == '{"name": "x"}'


async def test_an_unknown_tool_is_the_protocol_s_error(mode: str) -> None:
    async with client(ScriptedPort(), mode) as connected:
        with pytest.raises(MCPError) as caught:
            await connected.call_tool("explode", {})
    assert caught.value.error.code == INVALID_PARAMS
    assert "Unknown tool: explode" in caught.value.error.message


async def test_a_fault_of_ours_shows_nothing_internal(mode: str) -> None:
    port = ScriptedPort(error=KeyError("/home/me/secret"))
    with capture_logs() as logs:
        async with client(port, mode) as connected:
            facts = error_of(await connected.call_tool("list_jobs", {}))
    assert facts["code"] == "INTERNAL"
    assert "secret" not in json.dumps(facts)
    crashed = [entry for entry in logs if entry["event"] == "call_crashed"]
    assert [entry["request_id"] for entry in crashed] == [facts["request_id"]]


async def test_every_call_is_logged_with_its_outcome(mode: str) -> None:
    with capture_logs() as logs:
        async with client(ScriptedPort(), mode) as connected:
            await connected.call_tool("list_jobs", {})
            await connected.call_tool("get_job", {"job_id": "nope"})
    called = [(entry["tool"], entry["outcome"]) for entry in logs if entry["event"] == "tool_called"]
    assert called == [("list_jobs", "ok"), ("get_job", "JOB_NOT_FOUND")]


async def test_a_wait_reports_progress_that_grows(mode: str) -> None:
    seen: list[tuple[float, float | None, str | None]] = []
    arrived = anyio.Event()

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        seen.append((progress, total, message))
        if len(seen) == 2:
            arrived.set()

    async with client(ScriptedPort(), mode) as connected:
        arguments = {"job_ids": [ID], "timeout_seconds": 0}
        await connected.call_tool("wait_for_job", arguments, progress_callback=on_progress)
        await arrived.wait()
    assert [progress for progress, _, _ in seen] == [1.0, 2.0]
    assert seen[0][2] == f"{ID}: running, 1 of 3 sheets completed, running: 2 tests"


@pytest.mark.parametrize(("sent", "kind"), [([1], "a list"), ("{}", "text"), (5, "a number"), (True, "true or false")])
async def test_arguments_that_are_no_object_are_told_what_to_send(mode: str, sent: Any, kind: str) -> None:
    params = {"name": "list_jobs", "arguments": sent}
    error = await refused(mode, "tools/call", params)
    assert error.code == INVALID_PARAMS
    assert error.message.startswith("list_jobs: arguments must be a JSON object, such as")
    assert error.message.endswith(f"what came is {kind}.")


@pytest.mark.parametrize(
    ("method", "params", "message"),
    [
        ("tools/call", {}, "tools/call: params.name: Field required."),
        ("resources/read", {}, "resources/read: params.uri: Field required."),
        (
            "prompts/get",
            {"name": "write_score", "arguments": {"goal": 5}},
            "prompts/get: params.arguments.goal: Input should be a valid string.",
        ),
    ],
)
async def test_parameters_that_are_wrong_are_named(
    mode: str, method: str, params: dict[str, Any], message: str
) -> None:
    error = await refused(mode, method, params)
    assert (error.code, error.message) == (INVALID_PARAMS, message)


@pytest.mark.parametrize("token", [1.5, 2.0])
async def test_a_progress_token_may_be_a_fraction(mode: str, token: float) -> None:
    wait = {
        "name": "wait_for_job",
        "arguments": {"job_ids": [ID], "timeout_seconds": 0},
        "_meta": {"progressToken": token},
    }
    answers = await exchange(mode, "tools/call", wait)
    *progress, answer = [each for each in answers if each.get("method") or each.get("id") == 2]
    assert [each["params"]["progressToken"] for each in progress] == [token, token]
    assert [each["params"]["progress"] for each in progress] == [1.0, 2.0]
    assert not answer["result"]["isError"]


async def test_a_progress_token_that_is_null_is_none(mode: str) -> None:
    params = {"name": "list_jobs", "arguments": {}, "_meta": {"progressToken": None}}
    assert not (await exchange(mode, "tools/call", params))[-1]["result"]["isError"]


async def test_a_client_that_gives_up_ends_its_wait(mode: str) -> None:
    port = ScriptedPort()
    async with client(port, mode) as connected:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(connected.call_tool, "wait_for_job", {"job_ids": [ID]})
            await port.waiting.wait()
            tasks.cancel_scope.cancel()
        await port.left.wait()
        assert not (await connected.call_tool("list_jobs", {})).is_error


async def test_a_long_wait_holds_up_no_other_call(mode: str) -> None:
    port = ScriptedPort()
    async with client(port, mode) as connected, anyio.create_task_group() as tasks:
        tasks.start_soon(connected.call_tool, "wait_for_job", {"job_ids": [ID]})
        await port.waiting.wait()
        assert not (await connected.call_tool("list_jobs", {})).is_error
        port.released.set()


async def test_the_port_is_open_as_long_as_the_server_runs(mode: str) -> None:
    port = ScriptedPort()
    async with client(port, mode) as connected:
        await connected.list_tools()
        assert not port.closed
    assert port.closed
