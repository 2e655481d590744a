"""Every use of parts of the MCP SDK that its public interface does not offer. An update of the SDK has this one file to check.

Checked with mcp 2.3.0; `pyproject.toml` allows 2.3 releases only.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from mcp.server import MCPServer, ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.lowlevel.server import RequestHandler
from mcp.types import RequestParams

Params = TypeVar("Params", bound=RequestParams)
Lifespan = TypeVar("Lifespan")


def lowlevel(server: MCPServer[Lifespan]) -> Server[Lifespan]:
    """Return the protocol server below `server`, as 2.3.0 keeps it in `MCPServer._lowlevel_server`.

    `podium serve` on stdio runs this one in serving loops of its own. Without it neither stdio nor `answer_with` works.
    """
    return server._lowlevel_server


def answer_with(
    server: MCPServer[Lifespan], method: str, params: type[Params], handler: RequestHandler[Lifespan, Params]
) -> None:
    """Answer requests for `method` with `handler`, instead of the SDK's own handler if it has one.

    In 2.3.0 only the protocol server takes handlers. Without this, resources, prompts, subscriptions and completion are lost.
    """
    lowlevel(server).add_request_handler(method, params, handler)


def when_client_leaves(ctx: ServerRequestContext[Any, Any], callback: Callable[[], object]) -> None:
    """Call `callback` when the connection that made this request closes.

    2.3.0 keeps that clean-up in `ServerSession._connection.exit_stack`, and sending to a closed session raises no error. Without
    this, the subscriptions of clients that have left are kept for as long as the server runs.
    """
    ctx.session._connection.exit_stack.callback(callback)
