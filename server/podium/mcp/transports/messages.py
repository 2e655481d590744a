"""Lines on stdin to messages of the protocol, and messages to lines."""

import json
import math
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
MOST_DIGITS = 4300  # of a number in JSON; Python refuses to read more


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
        value: Any = json.loads(text, parse_int=_whole)
    except (ValueError, RecursionError):
        return _answer(None, PARSE_ERROR, "Parse error")
    found = value.get("id") if isinstance(value, dict) else None
    if isinstance(found, bool) or not isinstance(found, str | int) or (isinstance(found, str) and not _is_text(found)):
        found = None  # nothing that could stand in an answer
    return _answer(found, INVALID_REQUEST, _what_is_wrong(value))


def _whole(digits: str) -> int | float:
    """Return a number; one of thousands of digits, which Python refuses to read, becomes an infinite one."""
    return int(digits) if len(digits) <= MOST_DIGITS else math.inf


def _what_is_wrong(value: Any) -> str:
    """Return what the sender is told of a line that is JSON and no message."""
    if not _is_text(json.dumps(value, ensure_ascii=False)):
        return "Invalid request: it contains an unpaired surrogate (\\ud800 to \\udfff), which is not valid Unicode"
    return "Invalid request"


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _answer(request_id: str | int | None, code: int, message: str) -> BadLine:
    return BadLine(jsonrpc="2.0", id=request_id, error=ErrorData(code=code, message=message))
