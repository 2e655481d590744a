"""One message of a batch, asked of the SDK's application as a request of its own, and its answer taken out of the response."""

import json
from typing import Any

import anyio
from mcp.types import INTERNAL_ERROR, JSONRPCError, JSONRPCMessage, JSONRPCRequest, jsonrpc_message_adapter
from starlette.types import ASGIApp, Message, Scope

from podium.mcp.transports.messages import bad, encode


class SessionUnknown(Exception):
    """The session of the request has ended, or was of another server: its client has to begin a new one."""


async def ask(app: ASGIApp, scope: Scope, message: JSONRPCMessage) -> JSONRPCMessage | None:
    """Return the answer to a message, None if it is not a request. Progress is not passed on.

    Raises:
        SessionUnknown.
    """
    body = encode(message)
    left, written, status = [body], bytearray(), 0

    async def receive() -> Message:
        if not left:
            await anyio.sleep_forever()  # the client waits for the whole batch
        return {"type": "http.request", "body": left.pop(), "more_body": False}

    async def send(part: Message) -> None:
        nonlocal status
        if part["type"] == "http.response.start":
            status = part["status"]
        elif part["type"] == "http.response.body":
            written.extend(part.get("body", b""))

    length = (b"content-length", str(len(body)).encode())
    headers = [each for each in scope["headers"] if each[0] != length[0]]
    await app({**scope, "headers": [*headers, length]}, receive, send)
    if status == 404:
        raise SessionUnknown
    if not isinstance(message, JSONRPCRequest):
        return None
    for value in _values(bytes(written)):
        if isinstance(value, dict) and ("result" in value or "error" in value):
            answer: JSONRPCMessage = jsonrpc_message_adapter.validate_python(value, by_name=False)
            # an error about the whole request has no id
            return answer.model_copy(update={"id": message.id}) if isinstance(answer, JSONRPCError) else answer
    return bad(INTERNAL_ERROR, "The request was not answered", message.id)


def _values(written: bytes) -> list[Any]:
    """Return the messages of a response: one object, or an event with one on each `data` line."""
    lines = written.decode().splitlines()
    data = [line.removeprefix("data:") for line in lines if line.startswith("data:")] or [written.decode()]
    found = []
    for text in data:
        try:
            found.append(json.loads(text))
        except ValueError:  # an empty event, or no JSON at all
            continue
    return found
