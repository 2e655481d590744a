"""The MCP server on stdin and stdout, as an agent's client starts it: `podium serve`.

It ends within a second when stdin ends, and on SIGTERM, SIGINT and SIGHUP with the exit code that a shell expects; in
every case the way to the conductor is closed in order. The jobs run on in the conductor.
"""

import signal
from functools import partial
from typing import Any

import anyio
from anyio.abc import TaskStatus
from mcp.server import MCPServer

from podium.log import get_logger
from podium.mcp.sdk import low_level
from podium.mcp.transports.eras import MAX_LINE_BYTES, serve_lines
from podium.mcp.transports.pipes import claimed, hung_up, read_lines, write_all

log = get_logger()


def run(server: MCPServer[Any]) -> int:
    """Serve one client on the standard streams and return the exit code.

    It is 0 at the end of stdin, 128 + n after signal n, and 1 if an answer cannot be written.
    """
    with claimed() as (stdin, stdout):
        return anyio.run(_serve, server, stdin, stdout)


async def _serve(server: MCPServer[Any], stdin: int, stdout: int) -> int:
    codes: list[int] = []
    async with anyio.create_task_group() as tasks:

        async def end_on_signal(*, task_status: TaskStatus[None]) -> None:
            with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
                task_status.started()
                async for number in signals:
                    codes.append(128 + number.value)
                    tasks.cancel_scope.cancel()
                    return

        async def write(data: bytes) -> None:
            try:
                await write_all(stdout, data)
            except BrokenPipeError:
                raise  # the client has gone: an ordinary end
            except OSError as error:
                log.error("answer_cannot_be_written", error=str(error))  # noqa: TRY400 - the reason is all there is to know
                codes.append(1)
                tasks.cancel_scope.cancel()

        await tasks.start(end_on_signal)
        lines = read_lines(stdin, MAX_LINE_BYTES)
        await serve_lines(low_level(server), lines, write, partial(hung_up, stdin))
        tasks.cancel_scope.cancel()
    return codes[0] if codes else 0
