"""`build_server`: the MCP server made from the inventory of tools, for every transport and both protocol eras."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict
from typing import Any

from mcp import MCPError
from mcp.server import CacheHint, MCPServer, ServerRequestContext
from mcp.server.context import CallNext, HandlerResult, ServerMiddleware
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.tools import Tool
from mcp.types import INVALID_PARAMS, CallToolResult, ToolAnnotations

from podium import __version__
from podium.contract.ports import JobControl
from podium.mcp.instructions import instructions
from podium.mcp.invoke import State, invoke
from podium.mcp.schemas import input_schema, output_schema
from podium_tools import ALL_TOOLS
from podium_tools.spec import AnyTool

PortFactory = Callable[[], AbstractAsyncContextManager[JobControl]]
"""Opens the way to the conductor, for as long as the server runs."""

LIST_TTL_MS = 60_000  # how long a client may keep tools/list


def build_server(port: PortFactory, tools: Sequence[AnyTool] = ALL_TOOLS) -> MCPServer[State]:
    """Return a server with these tools. `port` is opened when the server starts and closed when it ends."""

    @asynccontextmanager
    async def lifespan(_: MCPServer[State]) -> AsyncIterator[State]:
        async with port() as control:
            yield State(control)

    names = [spec.name for spec in tools]
    return MCPServer(
        "podium",
        title="Podium job control",
        instructions=instructions(names),
        version=__version__,
        tools=[_tool(spec) for spec in tools],
        lifespan=lifespan,
        cache_hints={"tools/list": CacheHint(ttl_ms=LIST_TTL_MS, scope="public")},
        middleware=[_unknown_tool_refused(names)],
    )


def _tool(spec: AnyTool) -> Tool:
    """Return a spec as a tool of the SDK, which is given no signature to check: schemas and arguments are our own."""

    async def run(context: Context[State, Any]) -> CallToolResult:
        arguments = (context.request_context.params or {}).get("arguments") or {}
        return await invoke(spec, arguments, context)

    tool = Tool.from_function(
        run,
        name=spec.name,
        title=spec.title,
        description=spec.description,
        annotations=ToolAnnotations(**{f"{name}_hint": value for name, value in asdict(spec.hints).items()}),
        structured_output=False,
    )
    tool.parameters = input_schema(spec.arguments)
    tool.fn_metadata.output_schema = output_schema(spec.result)
    return tool


def _unknown_tool_refused(names: Sequence[str]) -> ServerMiddleware[Any]:
    """Return middleware that answers a call of an unknown tool with the protocol's error, which the SDK does not."""

    async def refuse(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        params: Mapping[str, Any] = ctx.params or {}
        name = params.get("name")
        if ctx.method == "tools/call" and ctx.request_id is not None and isinstance(name, str) and name not in names:
            raise MCPError(INVALID_PARAMS, f"Unknown tool: {name[:100]}")
        return await call_next(ctx)

    return refuse
