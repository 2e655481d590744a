"""The protocol's two ways to subscribe to resources: one stream for a set of URIs, or one request for each URI."""

from typing import Any

from mcp.server import MCPServer, ServerRequestContext
from mcp.server.subscriptions import ListenHandler, SubscriptionBus
from mcp.types import (
    EmptyResult,
    SubscribeRequestParams,
    SubscriptionsListenRequestParams,
    SubscriptionsListenResult,
    UnsubscribeRequestParams,
)

from podium.errors import UnsupportedByConductor
from podium.mcp.calls.boundary import serve
from podium.mcp.calls.invoke import State
from podium.mcp.resources.table import ResourceTable
from podium.mcp.sdk import at_disconnect

SESSION_HEADER = "mcp-session-id"
RequestContext = ServerRequestContext[State, Any]


def install_subscriptions(server: MCPServer[State], bus: SubscriptionBus, table: ResourceTable) -> None:
    """Let clients of both eras subscribe to the resources of a table."""
    stream = ListenHandler(bus)

    async def listen(ctx: RequestContext, params: SubscriptionsListenRequestParams) -> SubscriptionsListenResult:
        updates = ctx.lifespan_context.updates
        uris = params.notifications.resource_subscriptions or []
        with updates.listening(uris):
            if uris:
                await updates.placed()
            return await stream(ctx, params)

    async def subscribe(ctx: RequestContext, params: SubscribeRequestParams) -> EmptyResult:
        table.find(params.uri)
        updates, client = ctx.lifespan_context.updates, _client(ctx)
        if updates.subscribe(client, ctx.session, params.uri):
            at_disconnect(ctx, lambda: updates.forget(client))
        try:
            await updates.placed()
        except UnsupportedByConductor:
            updates.unsubscribe(client, params.uri)
            raise
        return EmptyResult()

    async def unsubscribe(ctx: RequestContext, params: UnsubscribeRequestParams) -> EmptyResult:
        ctx.lifespan_context.updates.unsubscribe(_client(ctx), params.uri)
        return EmptyResult()

    serve(server, "subscriptions/listen", SubscriptionsListenRequestParams, listen)
    serve(server, "resources/subscribe", SubscribeRequestParams, subscribe)
    serve(server, "resources/unsubscribe", UnsubscribeRequestParams, unsubscribe)


def _client(ctx: RequestContext) -> str:
    """Return what distinguishes clients: the session's id on HTTP, "" on stdio, which has one client."""
    headers = getattr(ctx.request, "headers", None) or {}
    return str(headers.get(SESSION_HEADER, ""))
