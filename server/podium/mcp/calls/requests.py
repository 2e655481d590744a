"""Requests as clients send them, before a handler sees them: what is meant well is let through, the rest is told what to send.

The SDK answers every mistake in a request with "Invalid request parameters", which helps nobody to correct it.
"""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from mcp import MCPError
from mcp.server import MCPServer, ServerRequestContext
from mcp.server.context import CallNext, HandlerResult
from mcp.types import INVALID_PARAMS
from pydantic import ValidationError

from podium.mcp.sdk import has_begun

FRACTION_KEY = (
    "podium/progressToken"  # in `_meta`: a progress token of the client that is a fraction, which the SDK refuses
)
_SHOWN = 100
_KINDS = {list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}
FIRST = (
    'send an "initialize" request first, then the notification "notifications/initialized"; '
    'a client of protocol 2026-07-28 puts "io.modelcontextprotocol/protocolVersion" into the _meta of every request instead'
)

RequestContext = ServerRequestContext[Any, Any]


def install_checks(server: MCPServer[Any], tools: Collection[str]) -> None:
    """Let a server with these tools check requests. An extension may have added tools to them."""

    async def check(ctx: RequestContext, call_next: CallNext) -> HandlerResult:
        if ctx.request_id is None:
            return await call_next(ctx)
        name = (ctx.params or {}).get("name")
        if ctx.method == "tools/call" and isinstance(name, str):
            if name not in tools and name not in {tool.name for tool in await server.list_tools()}:
                raise MCPError(INVALID_PARAMS, f"Unknown tool: {name[:_SHOWN]}")
            _check_arguments(name, (ctx.params or {}).get("arguments"))
        try:
            return await call_next(_with_any_token(ctx))
        except (MCPError, ValidationError) as error:
            is_bare = isinstance(error, ValidationError) or (error.error.code, error.error.data) == (INVALID_PARAMS, "")
            if is_bare and not has_begun(ctx):
                raise MCPError(INVALID_PARAMS, f"{ctx.method[:_SHOWN]} came before the handshake: {FIRST}.") from None
            if isinstance(error, ValidationError):
                raise MCPError(INVALID_PARAMS, f"{ctx.method}: {_first(error)}.") from None
            raise

    server.middleware.append(check)


def _check_arguments(tool: str, given: Any) -> None:
    """Refuse arguments of a tool that are not an object, as models send that took them for text or a list."""
    if given is not None and not isinstance(given, dict):
        kind = _KINDS.get(type(given), "something else")
        raise MCPError(
            INVALID_PARAMS,
            f'{tool}: arguments must be a JSON object, such as {{"name": "value"}}, or be left out; what came is {kind}.',
        )


def _with_any_token(ctx: RequestContext) -> RequestContext:
    """Return the context with a progress token that the SDK refuses moved to where it does not look: a fraction; null is none."""
    params = dict(ctx.params or {})
    meta = params.get("_meta")
    if not isinstance(meta, dict) or not isinstance(meta.get("progressToken", ""), float | None):
        return ctx
    rest = {name: value for name, value in meta.items() if name != "progressToken"}
    return replace(ctx, params={**params, "_meta": {**rest, FRACTION_KEY: meta["progressToken"]}})


def _first(error: ValidationError) -> str:
    """Return the first thing that is wrong with the parameters, as "params.uri: Field required"."""
    fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part) for part in fault["loc"] if part != "params")
    return f"params{f'.{place}' if place else ''}: {fault['msg'][:_SHOWN]}"
