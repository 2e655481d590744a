"""The MCP server on stdin and stdout, as an agent's client starts it: `podium serve`.

It ends within a second when stdin ends, and on SIGTERM, SIGINT and SIGHUP with the exit code that a shell expects; in
every case the connection to the conductor is closed in order. The jobs run on in the conductor.
"""

import signal
from typing import Any

import anyio
from anyio.abc import TaskStatus
from mcp.server import MCPServer

from podium.mcp.product import product
from podium.mcp.sdk import lowlevel
from podium.mcp.transports.eras import MAX_LINE_BYTES, serve_lines
from podium.mcp.transports.pipes import StandardStreams, claimed, read_lines, write_all
from podium.settings import Settings


def serve_stdio(settings: Settings) -> int:
    """Serve the tools to one client, and return the process's exit code."""
    return run(product(settings))


def run(server: MCPServer[Any]) -> int:
    """Serve one client on the standard streams; return 0 at the end of stdin, 128 + n after signal n."""
    with claimed() as streams:
        return anyio.run(_serve, server, streams)


async def _serve(server: MCPServer[Any], streams: StandardStreams) -> int:
    """Serve until the client leaves or a signal comes."""
    received: list[int] = []
    async with anyio.create_task_group() as tasks:

        async def end_on_signal(*, task_status: TaskStatus[None]) -> None:
            with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
                task_status.started()
                async for number in signals:
                    received.append(number.value)
                    tasks.cancel_scope.cancel()
                    return

        async def write(data: bytes) -> None:
            await write_all(streams.stdout, data)

        await tasks.start(end_on_signal)
        await serve_lines(lowlevel(server), read_lines(streams.stdin, MAX_LINE_BYTES), write)
        tasks.cancel_scope.cancel()
    return 128 + received[0] if received else 0
