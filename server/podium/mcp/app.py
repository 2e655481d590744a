"""`build_server`: the MCP server made from the inventory of tools, for every transport and both protocol eras."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any

import anyio
from mcp.server import CacheHint, MCPServer
from mcp.server.caching import CacheableMethod
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.tools import Tool
from mcp.server.subscriptions import InMemorySubscriptionBus
from mcp.types import CallToolResult, ToolAnnotations

from podium import __version__
from podium.contract.ports import JobControl
from podium.mcp.calls.invoke import State, invoke
from podium.mcp.calls.requests import install_checks
from podium.mcp.calls.schemas import input_schema, output_schema
from podium.mcp.completion import install_completion
from podium.mcp.instructions import instructions
from podium.mcp.prompts.podium import PROMPTS
from podium.mcp.prompts.table import PromptSpec, install_prompts
from podium.mcp.resources.podium import RESOURCES
from podium.mcp.resources.subscriptions import install_subscriptions
from podium.mcp.resources.table import ResourceSpec, ResourceTable, install_resources
from podium.mcp.sdk import publish_schemas
from podium.mcp.tasks.extension import TaskPort, Tasks
from podium.mcp.updates import Updates
from podium_tools import ALL_TOOLS
from podium_tools.spec import AnyTool

PortFactory = Callable[[], AbstractAsyncContextManager[JobControl]]
"""Opens the port to the conductor, for as long as the server runs."""

LIST_TTL_MS = 60_000  # how long a client may keep a list: it changes only with the version
LISTS: tuple[CacheableMethod, ...] = ("tools/list", "prompts/list", "resources/list", "resources/templates/list")


@dataclass(frozen=True)
class Offer:
    """What a server offers. With `tasks`, calls that wait become tasks; without it, every call is answered when it ends."""

    tools: Sequence[AnyTool] = ALL_TOOLS
    resources: Sequence[ResourceSpec] = RESOURCES
    prompts: Sequence[PromptSpec] = PROMPTS
    tasks: TaskPort | None = None


def build_server(port: PortFactory, offer: Offer = Offer()) -> MCPServer[State]:
    """Return a server. `port` is opened when the server starts and closed when it ends."""
    bus = InMemorySubscriptionBus()

    @asynccontextmanager
    async def lifespan(_: MCPServer[State]) -> AsyncIterator[State]:
        async with port() as control, anyio.create_task_group() as tasks:
            updates = Updates(control, bus)
            tasks.start_soon(updates.run)
            yield State(control, updates)
            tasks.cancel_scope.cancel()

    names = [spec.name for spec in offer.tools]
    server = MCPServer(
        "podium",
        title="Podium job control",
        instructions=instructions(names),
        version=__version__,
        tools=[_tool(spec) for spec in offer.tools],
        extensions=[Tasks(offer.tasks)] if offer.tasks else [],
        lifespan=lifespan,
        cache_hints={name: CacheHint(ttl_ms=LIST_TTL_MS, scope="public") for name in LISTS},
        subscriptions=bus,
    )
    table = ResourceTable(offer.resources)
    install_resources(server, table)
    install_subscriptions(server, bus, table)
    install_prompts(server, offer.prompts, names)
    install_completion(server)
    install_checks(server, names)
    return server


def _tool(spec: AnyTool) -> Tool:
    """Return a spec as a tool of the SDK. The SDK checks no arguments: schemas and the check of arguments are our own."""

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
    publish_schemas(tool, input_schema(spec.arguments), output_schema(spec.result))
    return tool
