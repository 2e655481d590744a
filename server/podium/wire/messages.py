"""JSON-RPC 2.0 as the Marianne protocol speaks it: requests parsed, replies and notifications built.

`jsonrpc` may be missing, unknown members are ignored, there are no batches. A request without an id, or with null, is a
notification.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from podium.wire.errors import INVALID_REQUEST, PARSE_ERROR, RpcFault
from podium.wire.framing import MalformedFrame, decode, dumps

Id = int | str
MAX_ID_CHARS = 1024  # every reply carries the id, errors too: it must always leave room in a frame


@dataclass(frozen=True, slots=True)
class Request:
    """One request; with `id` None it is a notification, which is never answered."""

    id: Id | None
    method: str
    params: dict[str, Any]


def parse_request(line: bytes) -> Request:
    """Return the request of a frame.

    Raises:
        RpcFault: it is not a request; the fault carries the id to answer to if the frame has a usable one.
    """
    try:
        value = decode(line)
    except MalformedFrame as error:
        raise RpcFault(PARSE_ERROR, f"Parse error: {error}") from None
    if not isinstance(value, dict):
        raise RpcFault(INVALID_REQUEST, "Invalid request: missing 'method' field")
    request_id = _request_id(value.get("id"))
    method, params = value.get("method"), value.get("params")
    if "method" not in value:
        why = "missing 'method' field"
    elif not isinstance(method, str):
        why = "method must be a string"
    elif value.get("jsonrpc", "2.0") != "2.0":
        why = "jsonrpc must be '2.0'"
    elif params is not None and not isinstance(params, dict):
        why = "params must be an object"
    else:
        return Request(request_id, method, params or {})
    raise RpcFault(INVALID_REQUEST, f"Invalid request: {why}", request_id=request_id)


def _request_id(value: Any) -> Id | None:
    """Return the id to echo: true counts as 1 and 1.0 as 1, as in the Marianne protocol."""
    if isinstance(value, str) and len(value) > MAX_ID_CHARS:
        raise RpcFault(INVALID_REQUEST, f"Invalid request: id is longer than {MAX_ID_CHARS} characters")
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return int(value)
    raise RpcFault(INVALID_REQUEST, "Invalid request: id must be a string or an integer")


def request(request_id: Id, method: str, params: Mapping[str, Any]) -> bytes:
    """Return the frame of a request."""
    return b'{"jsonrpc":"2.0","method":%b,"params":%b,"id":%b}\n' % (dumps(method), dumps(params), dumps(request_id))


def result(request_id: Id | None, value: Any) -> bytes:
    """Return the frame of a successful reply."""
    return b'{"jsonrpc":"2.0","result":%b,"id":%b}\n' % (dumps(value), dumps(request_id))


def error(request_id: Id | None, value: dict[str, Any]) -> bytes:
    """Return the frame of an error reply."""
    return b'{"jsonrpc":"2.0","error":%b,"id":%b}\n' % (dumps(value), dumps(request_id))


def notification(method: str, params: Any) -> bytes:
    """Return the frame of a notification."""
    return b'{"jsonrpc":"2.0","method":%b,"params":%b}\n' % (dumps(method), dumps(params))
