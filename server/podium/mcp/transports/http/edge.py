"""Requests as clients really send them, before the SDK sees them: what HTTP and JSON allow is made what it expects.

Messages are read as on stdio, so the same message gets the same answer on both. Requests without a session, and batches, are
answered here.
"""

from collections.abc import Sequence
from functools import partial

import anyio
from mcp.server.transport_security import TransportSecurityMiddleware, TransportSecuritySettings
from mcp.types import INVALID_REQUEST, JSONRPCMessage, JSONRPCRequest
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from podium.mcp.transports.http.bodies import Bodies, BodyRefused
from podium.mcp.transports.http.connection import Limits
from podium.mcp.transports.http.exchange import SessionUnknown, ask
from podium.mcp.transports.messages import (
    BATCH_VERSION,
    BYTE_ORDER_MARK,
    BadLine,
    bad,
    decode,
    encode,
    encode_batch,
    no_batches,
)

PATH = "/mcp"
JSON = "application/json"
BOTH = "application/json, text/event-stream"
VERSION_HEADER = "mcp-protocol-version"
SESSION_HEADER = "mcp-session-id"
NO_SESSION = (
    'Bad Request: Missing session ID. Send an "initialize" request first, and its Mcp-Session-Id header with every later '
    "request; a client of protocol 2026-07-28 sends the header MCP-Protocol-Version instead"
)


class Edge:
    """The application before the SDK's."""

    def __init__(self, app: ASGIApp, security: TransportSecuritySettings, limits: Limits) -> None:
        self._app = app
        self._security = TransportSecurityMiddleware(security)
        self._bodies = Bodies(limits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, here or by the SDK."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope = _usual(scope)
        if scope["path"] != PATH:
            await PlainTextResponse(f"Not found: the server is at {PATH}.", 404)(scope, receive, send)
            return
        is_post = scope["method"] == "POST"
        if refused := await self._security.validate_request(Request(scope), is_post=is_post):
            await refused(scope, receive, send)
            return
        try:
            body = await self._bodies.read(scope, receive)
        except BodyRefused as refusal:
            if refusal.status:
                await PlainTextResponse(refusal.why, refusal.status)(scope, receive, send)
            return
        if answer := await self._answer(scope, body):
            await answer(scope, receive, send)
        else:
            await self._app(scope, _replayed(body.removeprefix(BYTE_ORDER_MARK), receive), send)

    async def _answer(self, scope: Scope, body: bytes) -> Response | None:
        """Return the answer to a request that the SDK would misunderstand, None if it is the SDK's to answer."""
        headers = Headers(scope=scope)
        version = headers.get(VERSION_HEADER, "")
        is_stateful = not version or version in HANDSHAKE_PROTOCOL_VERSIONS
        lacks_session = is_stateful and SESSION_HEADER not in headers
        if scope["method"] != "POST":
            is_of_session = scope["method"] in ("GET", "DELETE") and lacks_session
            return _json(400, encode(bad(INVALID_REQUEST, NO_SESSION))) if is_of_session else None
        found = decode(body)
        if isinstance(found, list):
            if not is_stateful or version not in ("", BATCH_VERSION):
                return _json(400, encode(no_batches()))
            return (
                _json(400, encode(bad(INVALID_REQUEST, NO_SESSION)))
                if lacks_session
                else await self._batch(scope, found)
            )
        if isinstance(found, BadLine):
            return _json(400, encode(found))
        request = found if isinstance(found, JSONRPCRequest) else None
        if lacks_session and (request is None or request.method != "initialize"):
            return _json(400, encode(bad(INVALID_REQUEST, NO_SESSION, request.id if request else None)))
        return None

    async def _batch(self, scope: Scope, messages: Sequence[JSONRPCMessage]) -> Response:
        """Have every message of a batch served at the same time, and return the batch of their answers."""
        answers: dict[int, JSONRPCMessage] = {}
        unknown = False

        async def one(place: int, message: JSONRPCMessage) -> None:
            if answer := message if isinstance(message, BadLine) else await ask(self._app, scope, message):
                answers[place] = answer

        try:
            async with anyio.create_task_group() as tasks:
                for place, message in enumerate(messages):
                    tasks.start_soon(partial(one, place, message))
        except* SessionUnknown:
            unknown = True
        if unknown:
            return _json(404, encode(bad(INVALID_REQUEST, "Session not found")))
        if not answers:
            return Response(status_code=202)
        return _json(200, encode_batch([answers[place] for place in sorted(answers)]))


def _usual(scope: Scope) -> Scope:
    """Return a request with its path and headers as the SDK expects them; upper and lower case mean the same in these."""
    headers = Headers(scope=scope)
    usual = {name: headers[name].lower() for name in ("host", "origin") if name in headers}
    if (kind := headers.get("content-type", "").partition(";")[0].strip().lower()) == JSON:
        usual["content-type"] = kind
    if "accept" not in headers:
        usual["accept"] = BOTH  # who names nothing takes anything
    kept = [(name, value) for name, value in scope["headers"] if name.decode("latin-1") not in usual]
    added = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in usual.items()]
    path = scope["path"].removesuffix("/") if scope["path"] == f"{PATH}/" else scope["path"]
    return {**scope, "headers": kept + added, "path": path, "raw_path": path.encode()}


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return what gives a body that was read, and then what comes from the client."""
    left = [body]

    async def replay() -> Message:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        return await receive()

    return replay


def _json(status: int, text: bytes) -> Response:
    return Response(text, status, media_type=JSON)
