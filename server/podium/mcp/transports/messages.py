"""Lines on stdin, and bodies over HTTP, to messages of the protocol, and messages to lines."""

import json
import math
from collections.abc import Sequence
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
BATCH_VERSION = "2025-03-26"  # of the protocol: the only one that has batches
MOST_IN_A_BATCH = 100
MOST_DIGITS = 4300  # of a number in JSON; Python refuses to read more


class BadLine(JSONRPCError):
    """The answer to a line that is not a message; a type of its own, since clients may send errors too."""


Decoded = JSONRPCMessage | list[JSONRPCMessage]


def decode(line: bytes) -> Decoded:
    """Return the message on a line, or a `BadLine` if it holds none; the messages of a batch, each of which may be one."""
    text = line.removeprefix(BYTE_ORDER_MARK)
    try:
        message = jsonrpc_message_adapter.validate_json(text, by_name=False)
    except ValidationError:
        return _other(text)
    # a request with an invalid id would pass as a notification, and its sender would wait for ever
    return _other(text, message) if isinstance(message, JSONRPCNotification) and b'"id"' in text else message


def too_long(limit: int) -> BadLine:
    """Return the answer to a line longer than `limit` bytes."""
    return bad(INVALID_REQUEST, f"Invalid request: longer than {limit} bytes")


def no_batches() -> BadLine:
    """Return the answer to a batch in a version of the protocol without batches."""
    why = f"batches exist in protocol version {BATCH_VERSION} only"
    return bad(INVALID_REQUEST, f"Invalid request: {why}; send one message at a time")


def bad(code: int, message: str, request_id: str | int | None = None) -> BadLine:
    """Return the answer to something that is not a message, or cannot be served."""
    return BadLine(jsonrpc="2.0", id=request_id, error=ErrorData(code=code, message=message))


def encode(message: JSONRPCMessage) -> bytes:
    """Return a message as one line."""
    return _json(message) + b"\n"


def encode_batch(answers: Sequence[JSONRPCMessage]) -> bytes:
    """Return the answers to a batch as one line."""
    return b"[%b]\n" % b",".join(map(_json, answers))


def opens_stateless(request: JSONRPCRequest) -> bool:
    """Whether a request belongs to the stateless era (2026-07-28 and later)."""
    meta = (request.params or {}).get("_meta")
    return request.method != "initialize" and isinstance(meta, dict) and ERA_KEY in meta


def _json(message: JSONRPCMessage) -> bytes:
    return message.model_dump_json(by_alias=True, exclude_unset=True).encode()


def _other(text: bytes, notification: JSONRPCMessage | None = None) -> Decoded:
    """Return the batch that a text holds, the notification if it is one after all, or the answer to anything else."""
    try:
        value: Any = json.loads(text, parse_int=_whole)
    except (ValueError, RecursionError):
        return bad(PARSE_ERROR, "Parse error")
    if notification is not None and "id" not in value:
        return notification
    return _batch(value) if isinstance(value, list) else _refused(value)


def _batch(values: list[Any]) -> Decoded:
    if not 0 < len(values) <= MOST_IN_A_BATCH:
        return bad(INVALID_REQUEST, f"Invalid request: a batch has 1 to {MOST_IN_A_BATCH} messages")
    messages: list[JSONRPCMessage] = []
    ids: set[str] = set()
    for value in values:
        message = _member(value)
        if isinstance(message, JSONRPCRequest):
            if str(message.id) in ids:
                message = bad(INVALID_REQUEST, "Invalid request: this id comes twice in the batch", message.id)
            elif message.method == "initialize":
                message = bad(INVALID_REQUEST, "Invalid request: initialize cannot be part of a batch", message.id)
            else:
                ids.add(str(message.id))
        messages.append(message)
    return messages


def _member(value: Any) -> JSONRPCMessage:
    """Return the message in a batch, or the answer to what is none: as if it had come alone."""
    if not isinstance(value, dict):
        return _refused(value)
    try:
        message = decode(json.dumps(value).encode())
    except RecursionError:
        return bad(PARSE_ERROR, "Parse error")
    return _refused(value) if isinstance(message, list) else message


def _refused(value: Any) -> BadLine:
    """Return the answer to a value that is not a message: what is wrong, with its id if it has one."""
    if not isinstance(value, dict):
        return bad(INVALID_REQUEST, "Invalid request: a message is a JSON object")
    found = value.get("id")
    known = isinstance(found, str | int) and not isinstance(found, bool) and _is_text(str(found))
    if not _is_text(json.dumps(value, ensure_ascii=False)):
        why = "it contains an unpaired surrogate (\\ud800 to \\udfff), which is not valid Unicode"
    elif "id" in value and not known:
        why = "id must be a string or a whole number"
    elif value.get("jsonrpc") != "2.0":
        why = 'jsonrpc must be "2.0"'
    elif "method" in value and not isinstance(value["method"], str):
        why = "method must be a string"
    elif not isinstance(value.get("params"), dict | None):
        why = "params must be an object"
    else:
        why = "it is neither a request nor an answer"
    return bad(INVALID_REQUEST, f"Invalid request: {why}", found if known else None)


def _whole(digits: str) -> int | float:
    """Return a number; one of thousands of digits, which Python refuses to read, becomes an infinite one."""
    return int(digits) if len(digits) <= MOST_DIGITS else math.inf


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
