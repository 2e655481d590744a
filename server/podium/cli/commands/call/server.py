"""One question to the real MCP server in this process, through the official client. Loading both takes a second."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from mcp import Client
from mcp.types import CallToolResult, Tool

from podium.cli.shared.session import wait_for
from podium.cli.terminal.door import say
from podium.client.job_control import JobControlService
from podium.client.link.daemon_client import DaemonClient
from podium.contract.methods import ScoreParams, SubmitParams
from podium.contract.models import PlanView, StartView
from podium.mcp.app import build_server
from podium.settings import Settings

Result = TypeVar("Result")


def tools(settings: Settings) -> list[Tool]:
    """Return the tools as the server lists them."""

    async def ask(client: Client) -> list[Tool]:
        return (await client.list_tools()).tools

    return _with_client(settings, ask, {})


class _Passing(JobControlService):
    """The proxy, which gives each start these variables for its sheets: agents cannot do that, since tools take no values."""

    def __init__(self, client: DaemonClient, environment: Mapping[str, str]) -> None:
        super().__init__(client)
        self._environment = environment

    async def start(self, request: SubmitParams) -> StartView:
        """Submit a score with the variables."""
        return await super().start(replace(request, environment={**request.environment, **self._environment}))

    async def plan(self, request: ScoreParams) -> PlanView:
        """Check a score that would be started with the variables."""
        return await super().plan(replace(request, environment={**request.environment, **self._environment}))


@asynccontextmanager
async def _control(settings: Settings, environment: Mapping[str, str]) -> AsyncIterator[JobControlService]:
    async with DaemonClient(settings=settings) as client:
        yield _Passing(client, environment)


def call_tool(
    settings: Settings, tool: str, given: Mapping[str, Any], environment: Mapping[str, str] | None = None
) -> CallToolResult:
    """Return a tool's answer; its progress goes to stderr. A job that it starts gets the environment variables."""

    async def show(progress: float, total: float | None, message: str | None) -> None:
        if message:
            say(message, style="dim", stderr=True)

    async def ask(client: Client) -> CallToolResult:
        return await client.call_tool(tool, dict(given), progress_callback=show)

    return _with_client(settings, ask, environment or {})


def _with_client(
    settings: Settings, ask: Callable[[Client], Awaitable[Result]], environment: Mapping[str, str]
) -> Result:
    async def work() -> Result:
        async with Client(build_server(partial(_control, settings, environment))) as client:
            return await ask(client)

    logging.disable(logging.ERROR)  # what the SDK would log of a refused call is the answer itself
    return wait_for(work)
