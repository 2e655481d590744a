"""What the protocol owes a peer for the bytes it sent, said once more and apart from the code that is tested."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from podium.contract.methods import MAX_LINE_BYTES
from podium.wire.errors import INTERNAL_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, PARSE_ERROR

PROTOCOL_ERRORS = frozenset({PARSE_ERROR, INVALID_REQUEST})
_NOT_A_METHODS = PROTOCOL_ERRORS | {METHOD_NOT_FOUND}
SURE_DEPTH = 500  # deeper, the stack of the moment decides whether Python's parser gives up
MAX_ID_CHARS = 1024  # longer ones are refused: each reply has room for its id
_ID_FIRST = re.compile(rb'{"id":(\d+),')
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The one reply that a line must get: its id, and the error codes it may have (None: any but the protocol's).

    With `deep` either the line is answered with its id in whatever way, or with a protocol error and without one.
    """

    request_id: int | str | None
    codes: frozenset[int] | None = None
    deep: bool = False
    method: str = ""

    def may_be(self, reply: dict[str, Any]) -> bool:
        """Tell whether this is a reply to what the parser may have given up on."""
        return self.deep and reply.get("id") is None and "error" in reply and reply["error"]["code"] in PROTOCOL_ERRORS

    def admits(self, reply: dict[str, Any]) -> bool:
        """Tell whether this is the reply."""
        found = reply.get("id")
        code = reply["error"]["code"] if "error" in reply else None
        if found != self.request_id or type(found) is not type(self.request_id):
            return False
        if self.deep:
            return True
        return code in self.codes if self.codes is not None else code not in _NOT_A_METHODS


_MALFORMED = Wanted(None, frozenset({PARSE_ERROR}))
_INVALID = Wanted(None, frozenset({INVALID_REQUEST}))


def wanted(data: bytes, served: frozenset[str]) -> Iterator[Wanted]:
    """Yield the replies that are owed for these bytes, in the order of their lines; a rest without a newline is a line."""
    *lines, rest = data.split(b"\n")
    for line in [*lines, rest] if rest else lines:
        if (found := _of_line(line, served)) is not None:
            yield found


def _of_line(line: bytes, served: frozenset[str]) -> Wanted | None:
    if len(line) >= MAX_LINE_BYTES:
        return _MALFORMED
    deep = max(line.count(b"["), line.count(b"{")) > SURE_DEPTH
    try:
        value = json.loads(line.removeprefix(_BOM).decode())
    except RecursionError:
        found = _ID_FIRST.match(line)  # the conductor's stack may have had room
        return Wanted(int(found[1]) if found else None, deep=True)
    except ValueError:
        return _MALFORMED
    if not isinstance(value, dict):
        return Wanted(None, _INVALID.codes, deep=deep)
    return _of_object(value, served, deep)


def _of_object(value: dict[str, Any], served: frozenset[str], deep: bool) -> Wanted | None:
    request_id = value.get("id")
    if isinstance(request_id, float) and request_id.is_integer():
        request_id = int(request_id)
    if isinstance(request_id, bool):
        request_id = int(request_id)
    if not (request_id is None or isinstance(request_id, int | str)):
        return _INVALID
    if isinstance(request_id, str) and len(request_id) > MAX_ID_CHARS:
        return _INVALID
    if not _is_request(value):
        return Wanted(request_id, frozenset({INVALID_REQUEST}), deep)
    if request_id is None:
        return None
    method = value["method"]
    return Wanted(request_id, None if method in served else frozenset({METHOD_NOT_FOUND}), deep, method)


def _is_request(value: dict[str, Any]) -> bool:
    method, params = value.get("method"), value.get("params")
    return isinstance(method, str) and value.get("jsonrpc", "2.0") == "2.0" and isinstance(params, dict | None)


def is_internal(reply: dict[str, Any]) -> bool:
    """Tell whether the reply says that something went wrong inside."""
    return "error" in reply and reply["error"]["code"] == INTERNAL_ERROR
