"""The whole way from an agent: `get_job` through server, socket and conductor and back, and the first list of tools."""

import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from tests.bench.machine import ONE_SHEET, Bench
from tests.bench.measuring import Usage, children_of, in_turn, mean_ms, seconds_of
from tests.bench.peers import Ends, Line, Piped
from tests.bench.report import Row, Target
from tests.support.podium_home import Conductor

SERVE = [sys.executable, "-m", "podium", "serve"]
BARE = [sys.executable, "-m", "tests.bench.baselines.mcp_server"]
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
}


def tools_call(tool: str, arguments: dict[str, Any]) -> bytes:
    """Return the line of a tool call in the stateless era."""
    return _line("tools/call", {"name": tool, "arguments": arguments})


def _line(method: str, params: dict[str, Any]) -> bytes:
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": META}}
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def environment(conductor: Conductor) -> dict[str, str]:
    """Return what `podium serve` needs to find a conductor."""
    return {**os.environ, "PODIUM_HOME": str(conductor.settings.home), "PODIUM_SOCKET": str(conductor.settings.socket)}


def get_job(bench: Bench) -> list[Row]:
    """Measure `get_job` against a bare tool that returns the same result as a constant, over the same pipes."""
    with bench.conductor() as conductor:
        call = tools_call("get_job", {"job_id": _ended_job(conductor)})
        env = environment(conductor)
        with Piped(SERVE, env) as ours:
            answer = ours.exchange(call)
            constant_result = json.loads(answer)["result"]["structuredContent"]
            bare_command = _bare(bench, constant_result)
            with Piped(bare_command, env) as bare:
                assert json.loads(bare.exchange(call))["result"]["structuredContent"] == constant_result
                calls = bench.size(100, 30)
                asked, constant = in_turn(
                    bench.rounds,
                    lambda: mean_ms(lambda: ours.exchange(call), calls),
                    lambda: mean_ms(lambda: bare.exchange(call), calls),
                )
                used = _cpu_ms(lambda: ours.exchange(call), bench.size(1000, 100), ours.pid, conductor.pid)
                bare_used = _cpu_ms(lambda: bare.exchange(call), bench.size(1000, 100), bare.pid)
        arguments = json.loads(call)["params"]["arguments"]
        official = anyio.run(_official, bench, env, bare_command, arguments, conductor.pid)
    limit = Target("at most", 1.3)  # as agents have it; on raw pipes nothing of the client dilutes the difference
    return [
        Row("get_job", "get_job with the official client", official[0], "ms", official[1], "bare SDK tool", limit),
        Row("get_job", "get_job on raw pipes", asked, "ms", constant, "bare SDK tool"),
        Row("get_job", "CPU of client, server and conductor", official[2], "ms", official[3], "bare SDK tool", limit),
        Row("get_job", "CPU of server and conductor, raw pipes", used, "ms", bare_used, "bare SDK tool"),
    ]


def _ended_job(conductor: Conductor) -> str:
    with Ends(conductor.settings.socket) as ends, Line(conductor.settings.socket).shake_hands() as line:
        (reply,) = line.submit_all([ONE_SHEET])
        ends.until(1)
    return str(json.loads(reply)["result"]["job_id"])


def _cpu_ms(call: Callable[[], object], times: int, *pids: int) -> float:
    """Return the milliseconds of CPU that processes use for a call, on the mean."""
    before = sum(Usage.of(pid).cpu_seconds for pid in pids)
    mean_ms(call, times)
    return (sum(Usage.of(pid).cpu_seconds for pid in pids) - before) / times * 1000


def _bare(bench: Bench, constant: dict[str, Any]) -> list[str]:
    path = bench.new_folder() / "constant.json"
    path.write_text(json.dumps(constant))
    return [*BARE, str(path)]


async def _official(bench: Bench, env: dict[str, str], bare_command: list[str], arguments: dict[str, Any],
                    conductor: int) -> tuple[float, ...]:  # fmt: skip
    """Return the milliseconds of a call with the SDK's client, and those of CPU in all processes: ours, and the bare one."""
    clients, servers = [], []
    async with AsyncExitStack() as stack:
        for command in (SERVE, bare_command):
            before = children_of(os.getpid())
            clients.append(await stack.enter_async_context(official_client(command, env)))
            servers.append(children_of(os.getpid()) - before)
        taken = await _in_turn_async(bench, clients, arguments)
        calls, used = bench.size(1000, 100), []
        for client, pids in zip(clients, (servers[0] | {conductor}, servers[1]), strict=True):
            pids |= {os.getpid()}
            before_seconds = sum(Usage.of(pid).cpu_seconds for pid in pids)
            await _mean_ms(client, arguments, calls)
            used.append((sum(Usage.of(pid).cpu_seconds for pid in pids) - before_seconds) / calls * 1000)
        return *taken, *used


@asynccontextmanager
async def official_client(command: list[str], env: dict[str, str]) -> AsyncIterator[Client]:
    """Connect the SDK's client to a server; the server's log is not shown."""
    parameters = StdioServerParameters(command=command[0], args=command[1:], env=env)
    with Path(os.devnull).open("w") as nowhere:  # noqa: ASYNC230 -- a device does not block
        async with Client(stdio_client(parameters, errlog=nowhere)) as client:
            yield client


async def _in_turn_async(bench: Bench, clients: list[Client], arguments: dict[str, Any]) -> tuple[float, ...]:
    samples: list[list[float]] = [[] for _ in clients]
    for turn in range(bench.rounds):
        for index in sorted(range(len(clients)), reverse=bool(turn % 2)):
            samples[index].append(await _mean_ms(clients[index], arguments, bench.size(40, 20)))
    return tuple(sorted(each)[len(each) // 2] for each in samples)


async def _mean_ms(client: Client, arguments: dict[str, Any], times: int) -> float:
    began = anyio.current_time()
    for _ in range(times):
        await client.call_tool("get_job", arguments)
    return (anyio.current_time() - began) / times * 1000


def tools_list(bench: Bench) -> list[Row]:
    """Measure a server's start up to its first list of tools, against the bare SDK server."""
    line = _line("tools/list", {})
    with bench.conductor() as conductor:
        env = environment(conductor)
        ours, other = in_turn(bench.rounds, _first_answer(SERVE, env, line), _first_answer(BARE, env, line))
    target = Target("at most", 1.15)
    return [Row("tools_list", "podium serve to its first tools/list", ours, "s", other, "bare SDK server", target)]


def _first_answer(command: list[str], env: dict[str, str], line: bytes) -> Callable[[], float]:
    def run() -> float:
        process: list[Piped] = []

        def start_and_ask() -> None:
            process.append(Piped(command, env))
            assert b'"tools"' in process[0].exchange(line)

        seconds = seconds_of(start_and_ask)
        process[0].__exit__(None, None, None)
        return seconds

    return run
