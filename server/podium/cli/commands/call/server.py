"""One question to the real MCP server in this process, through the official client. Loading both takes a second."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TypeVar

from mcp import Client
from mcp.types import CallToolResult, Tool

from podium.cli.shared.output import say
from podium.cli.shared.session import wait_for
from podium.client.job_control import job_control
from podium.mcp.app import build_server
from podium.settings import Settings

Result = TypeVar("Result")


def tools(settings: Settings) -> list[Tool]:
    """Return the tools as the server lists them."""

    async def ask(client: Client) -> list[Tool]:
        return (await client.list_tools()).tools

    return _with_client(settings, ask)


def call_tool(settings: Settings, tool: str, given: Mapping[str, str]) -> CallToolResult:
    """Return a tool's answer; its progress goes to stderr."""

    async def show(progress: float, total: float | None, message: str | None) -> None:
        if message:
            say(message, style="dim", stderr=True)

    async def ask(client: Client) -> CallToolResult:
        return await client.call_tool(tool, dict(given), progress_callback=show)

    return _with_client(settings, ask)


def _with_client(settings: Settings, ask: Callable[[Client], Awaitable[Result]]) -> Result:
    async def work() -> Result:
        async with Client(build_server(partial(job_control, settings))) as client:
            return await ask(client)

    logging.disable(logging.ERROR)  # what the SDK would log of a refused call is the answer itself
    return wait_for(work)
