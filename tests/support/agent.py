"""An agent's side of the whole: the official client on a real `podium serve`, and short ways to call and read."""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import anyio
from mcp import Client, StdioServerParameters
from mcp.shared.dispatcher import ProgressFnT
from mcp.types import ResourceLink, TextContent

from podium.settings import Settings
from tests.support import nursed

BOTH_ERAS = ("auto", "legacy")
SECONDS = 100.0  # for whatever must come at all


@dataclass(frozen=True)
class Agent:
    """A connected client."""

    client: Client

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Return the facts of a call that must succeed, the same from both halves of its result."""
        return await self._call(tool, arguments)

    async def reported(self, tool: str, on_progress: ProgressFnT, **arguments: Any) -> dict[str, Any]:
        """Call as `call`, with progress reports asked for."""
        return await self._call(tool, arguments, progress_callback=on_progress)

    async def _call(self, tool: str, arguments: dict[str, Any], **options: Any) -> dict[str, Any]:
        result = await self.client.call_tool(tool, arguments, **options)
        block, *links = result.content
        assert isinstance(block, TextContent)
        assert not result.is_error, block.text
        assert all(isinstance(link, ResourceLink) for link in links)
        facts: dict[str, Any] = json.loads(block.text)
        assert facts == result.structured_content
        return facts

    async def refused(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Return the error of a call that must fail."""
        result = await self.client.call_tool(tool, arguments)
        (block,) = result.content
        assert isinstance(block, TextContent)
        assert result.is_error, block.text
        assert result.structured_content is None
        error: dict[str, Any] = json.loads(block.text)["error"]
        return error

    async def running(self, job_id: str) -> None:
        """Return when a process of the job runs, within a bound."""
        with anyio.fail_after(SECONDS):
            while not (await self.call("verify_process_health", job_id=job_id))["is_alive"]:
                pass

    async def settled(self, job_id: str) -> dict[str, Any]:
        """Wait until a job is settled, however often something else wakes the wait, and return its line."""
        after = ""
        with anyio.fail_after(SECONDS):
            while True:
                found = await self.call("wait_for_job", job_ids=[job_id], after=after)
                if found["woke_for"] == "settled":
                    line: dict[str, Any] = found["jobs"][0]
                    return line
                after = found["after"]


@asynccontextmanager
async def agent(settings: Settings, mode: str, **options: Any) -> AsyncIterator[Agent]:
    """Start `podium serve` for the conductor of `settings` and connect to it, in one era; `options` are the client's.

    All that is done with it is bounded together.
    """
    with anyio.fail_after(SECONDS):
        async with Client(_serve(settings), mode=mode, **options) as client:
            yield Agent(client)


@asynccontextmanager
async def standing_agent(settings: Settings, mode: str, **options: Any) -> AsyncIterator[Agent]:
    """Start and connect as `agent`, for many tests: each call is bounded, not what is done with it together."""
    async with Client(_serve(settings), mode=mode, read_timeout_seconds=SECONDS, **options) as client:
        yield Agent(client)


def _serve(settings: Settings) -> StdioServerParameters:
    ours = {"HOME": settings.home, "SOCKET": settings.socket, "EFFECT_SECONDS": 0.3}
    environment = {**os.environ, **{f"PODIUM_{name}": str(value) for name, value in ours.items()}}
    command, *args = nursed.command("server", "serve")
    return StdioServerParameters(command=command, args=args, env=environment)
