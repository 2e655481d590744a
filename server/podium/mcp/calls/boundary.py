"""The one boundary between our code and a client: it turns every exception into an answer that shows nothing internal.

What a client may see is an error of ours, or INTERNAL with a request id; the rest is in the log under that id. A tool's error is
a result, so that a model sees it (`podium.mcp.calls.results.failure`); every other method's is the protocol's error.
"""

import secrets
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from mcp import MCPError
from mcp.server import MCPServer, ServerRequestContext
from mcp.server.context import HandlerResult
from mcp.types import INTERNAL_ERROR, INVALID_PARAMS
from pydantic import BaseModel

from podium.errors import ArtifactNotFound, Internal, InvalidArguments, JobNotFound, PathNotAllowed, PodiumError
from podium.log import get_logger
from podium.mcp.calls.results import error_facts
from podium.mcp.sdk import handle

Params = TypeVar("Params", bound=BaseModel)
Handler = Callable[[ServerRequestContext[Any, Any], Params], Awaitable[HandlerResult]]

_CALLERS_FAULTS = (JobNotFound, ArtifactNotFound, PathNotAllowed, InvalidArguments)

log = get_logger()


def serve(server: MCPServer[Any], method: str, params: type[Params], handler: Handler[Params]) -> None:
    """Answer a method's requests by `handler`, behind the boundary."""

    async def guarded(ctx: ServerRequestContext[Any, Any], given: Params) -> HandlerResult:
        with refusing(method, getattr(given, "uri", None)):
            return await handler(ctx, given)

    handle(server, method, params, guarded)


@contextmanager
def refusing(what: str, uri: str | None = None) -> Iterator[None]:
    """Turn what is raised inside into the protocol's error, with all of ours in its data; `uri` is the resource it is about.

    Raises:
        MCPError: INVALID_PARAMS if the caller is at fault.
    """
    try:
        yield
    except MCPError:
        raise
    except Exception as error:  # noqa: BLE001  the boundary: nothing internal may reach a client
        seen = shown(what, error)
        facts = error_facts(seen)
        code = INVALID_PARAMS if isinstance(seen, _CALLERS_FAULTS) else INTERNAL_ERROR
        raise MCPError(code, facts["message"], {"uri": uri, **facts} if uri else facts) from None


def shown(what: str, error: Exception) -> PodiumError:
    """Return the error that a client sees in place of any other: one of ours as it is, else INTERNAL with a request id."""
    if isinstance(error, PodiumError):
        return error
    request_id = secrets.token_hex(6)
    log.error("call_crashed", what=what, request_id=request_id, exc_info=error)
    return Internal(
        f"{what} failed inside the server.",
        fix=f"Look for request_id {request_id} in the server's log; conductor_status shows whether jobs are still running.",
        request_id=request_id,
    )
