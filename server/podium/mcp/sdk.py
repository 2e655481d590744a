"""Every access to what the SDK has but does not offer in public; checked with mcp 2.3.0.

A minor version may change any of this, so pyproject.toml allows 2.3 alone until the next one has been checked here.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from mcp.server import MCPServer, ServerRequestContext
from mcp.server.context import HandlerResult
from mcp.server.lowlevel import Server
from mcp.server.mcpserver.tools import Tool
from pydantic import BaseModel

Params = TypeVar("Params", bound=BaseModel)


def low_level(server: MCPServer[Any]) -> Server[Any]:
    """Return the server below `MCPServer`. Without it neither a handler nor a serving loop of our own can be had."""
    return server._lowlevel_server


def handle(
    server: MCPServer[Any],
    method: str,
    params: type[Params],
    handler: Callable[[ServerRequestContext[Any, Any], Params], Awaitable[HandlerResult]],
) -> None:
    """Answer a method's requests by `handler` instead of the SDK's own, which `MCPServer` does not let us replace."""
    low_level(server).add_request_handler(method, params, handler)


def at_disconnect(ctx: ServerRequestContext[Any, Any], forget: Callable[[], object]) -> None:
    """Call `forget` when the client's connection ends.

    A context has no public way to its connection, and sending to a closed session raises nothing: without this, a client
    that has left keeps its subscriptions for ever.
    """
    ctx.session._connection.exit_stack.callback(forget)


def has_begun(ctx: ServerRequestContext[Any, Any]) -> bool:
    """Return whether the client has shaken hands, or need not: the SDK refuses its requests until then."""
    return ctx.session._connection.initialize_accepted


async def notify(ctx: ServerRequestContext[Any, Any], method: str, params: dict[str, Any]) -> None:
    """Send a notification about a request that the SDK's own types would not let pass."""
    await ctx.session._request_outbound.notify(method, params)


def publish_schemas(tool: Tool, arguments: dict[str, Any], result: dict[str, Any]) -> None:
    """Show clients these schemas instead of those the SDK derives from a signature; it would take arguments apart by those."""
    tool.parameters = arguments
    tool.fn_metadata.output_schema = result
