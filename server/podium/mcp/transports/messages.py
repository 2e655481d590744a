"""Lines on stdin to messages of the protocol, and messages to lines."""

import json
from typing import Any

from mcp.types import (
    INVALID_REQUEST,
    PARSE_ERROR,
    ErrorData,
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCNotification,
    JSONRPCRequest,
    jsonrpc_message_adapter,
)
from pydantic import ValidationError

ERA_KEY = "io.modelcontextprotocol/protocolVersion"  # in `_meta` of every request of the stateless era, and only there
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def decode(line: bytes) -> JSONRPCMessage:
    """Return the message on a line, or a `BadLine` if it holds none."""
    text = line.removeprefix(BYTE_ORDER_MARK)
    try:
        message = jsonrpc_message_adapter.validate_json(text, by_name=False)
    except ValidationError:
        return _bad(text)
    # a request with an invalid id would pass as a notification, and its sender would wait for ever
    wrong_id = isinstance(message, JSONRPCNotification) and b'"id"' in text and "id" in json.loads(text)
    return _bad(text) if wrong_id else message


class BadLine(JSONRPCError):
    """The answer to a line that is not a message; a type of its own, since clients may send errors too."""


def too_long(limit: int) -> BadLine:
    """Return the answer to a line longer than `limit` bytes."""
    return _answer(None, INVALID_REQUEST, f"Invalid request: longer than {limit} bytes")


def encode(message: JSONRPCMessage) -> bytes:
    """Return a message as one line."""
    return message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n"


def opens_stateless(request: JSONRPCRequest) -> bool:
    """Whether a request belongs to the stateless era (2026-07-28 and later)."""
    meta = (request.params or {}).get("_meta")
    return request.method != "initialize" and isinstance(meta, dict) and ERA_KEY in meta


def _bad(text: bytes) -> BadLine:
    """Return the answer to a line that is not JSON, or not a message; with its id if it has one."""
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        return _answer(None, PARSE_ERROR, "Parse error")
    found = value.get("id") if isinstance(value, dict) else None
    known = isinstance(found, str | int) and not isinstance(found, bool)
    return _answer(found if known else None, INVALID_REQUEST, "Invalid request")


def _answer(request_id: str | int | None, code: int, message: str) -> BadLine:
    return BadLine(jsonrpc="2.0", id=request_id, error=ErrorData(code=code, message=message))
