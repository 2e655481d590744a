"""One call of a tool, from raw arguments to the protocol's result."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mcp.server.mcpserver import Context
from mcp.types import CallToolResult

from podium.contract.ports import JobControl
from podium.contract.topics import Page
from podium.log import get_logger
from podium.mcp.calls.arguments import check, ignored
from podium.mcp.calls.boundary import shown
from podium.mcp.calls.pages import read_page
from podium.mcp.calls.requests import FRACTION_KEY
from podium.mcp.calls.results import failure, success
from podium.mcp.sdk import notify
from podium.mcp.updates import Updates
from podium_tools.names import by_name
from podium_tools.spec import AnyTool

log = get_logger()


@dataclass(frozen=True)
class State:
    """What a running server owns."""

    port: JobControl
    updates: Updates


@dataclass(frozen=True)
class ProtocolCall:
    """A running call's way back to its client (`podium_tools.spec.Call`)."""

    context: Context[State, Any]

    async def report_progress(self, progress: float, total: float | None, message: str) -> None:
        """Send a progress notification if the client asked for them."""
        ctx = self.context.request_context
        token = ((ctx.params or {}).get("_meta") or {}).get(FRACTION_KEY)
        if not isinstance(token, float):
            await self.context.report_progress(progress, total, message)
            return
        facts = {"progressToken": token, "progress": progress, "message": message}
        await notify(ctx, "notifications/progress", facts if total is None else {**facts, "total": total})

    async def page(self, topic: str) -> Page:
        """Return a page of the reference."""
        return await read_page(topic)


async def invoke(spec: AnyTool, arguments: Mapping[str, Any], context: Context[State, Any]) -> CallToolResult:
    """Check the arguments, run the tool, and return its result or its error; only a cancellation is raised."""
    started, outcome = time.monotonic(), "ok"
    note = ignored(spec.name, spec.arguments, arguments)
    try:
        checked = check(spec.name, spec.arguments, arguments)
        port = context.request_context.lifespan_context.port
        call = ProtocolCall(context)
        result = success(await by_name(spec, checked, lambda args: spec.handler(port, args, call)), note)
    except Exception as error:  # noqa: BLE001  the boundary: nothing internal may reach a client
        seen = shown(spec.name, error)
        outcome, result = seen.code, failure(seen, note)
    log.debug("tool_called", tool=spec.name, outcome=outcome, seconds=round(time.monotonic() - started, 3))
    return result
