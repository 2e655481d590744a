"""Exceptions to JSON-RPC errors and back: the one place on each side.

`error.data` carries the error object of the tools. Nothing internal goes on the wire: an unexpected exception becomes
`Internal error` with the request id under which the log has the rest.
"""

import re
from typing import Any

from pydantic import ValidationError

from podium import errors
from podium.contract.near import job_not_found
from podium.errors import PodiumError

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
REFUSED = -32000  # the Marianne protocol's code for everything about jobs
EXHAUSTED = -32001

_WIRE_CODES = {
    "INVALID_ARGUMENTS": INVALID_PARAMS,
    "UNSUPPORTED_BY_CONDUCTOR": METHOD_NOT_FOUND,
    "CONDUCTOR_BUSY": EXHAUSTED,
    "STORAGE_FULL": EXHAUSTED,
    "STORE_GONE": EXHAUSTED,
    "INTERNAL": INTERNAL_ERROR,
}
_JOB_NOT_FOUND = re.compile(r"Job '(?P<job_id>.*)' not found\.?", re.DOTALL)


class RpcFault(Exception):
    """A request that breaks the protocol: its JSON-RPC error code, message, data and the id to answer to."""

    def __init__(self, code: int, message: str, *, request_id: int | str | None = None, data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.request_id = request_id
        self.data = data


def unwrap(exc: BaseException) -> BaseException:
    """Return the only exception inside nested groups, or `exc` itself."""
    while isinstance(exc, BaseExceptionGroup) and len(exc.exceptions) == 1:
        exc = exc.exceptions[0]
    return exc


def is_expected(exc: BaseException) -> bool:
    """Return whether the exception is an answer (an error of ours or of the protocol) rather than a fault of ours."""
    return isinstance(exc, PodiumError | RpcFault | ValidationError) and not isinstance(exc, errors.Internal)


def to_wire(exc: BaseException, request_id: str) -> dict[str, Any]:
    """Return the JSON-RPC error object for an exception; `request_id` names the log entry of an unexpected one."""
    if isinstance(exc, RpcFault):
        return {"code": exc.code, "message": exc.message, "data": exc.data}
    if isinstance(exc, ValidationError):
        exc = invalid_params(exc)
    if not isinstance(exc, PodiumError) or isinstance(exc, errors.Internal):
        exc = errors.Internal(
            "Internal error",
            fix=f"Look for request_id={request_id} in the conductor's log.",
            request_id=request_id,
        )
    code = _WIRE_CODES.get(exc.code, REFUSED)
    prefix = "Invalid params: " if code == INVALID_PARAMS else ""
    return {"code": code, "message": prefix + exc.message, "data": exc.as_dict()}


def invalid_params(error: ValidationError) -> errors.InvalidArguments:
    """Return the first problem of a validation as a short error of ours. A missing field shows as its quoted name."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    message = f"'{field}'" if first["type"] == "missing" else f"{field}: {first['msg']}"
    return errors.InvalidArguments(message, fix="Correct this parameter and try again.", field=field)


def from_wire(error: dict[str, Any]) -> PodiumError:
    """Return the error that a JSON-RPC error object stands for; a foreign conductor sends none of our `data`."""
    data = error.get("data")
    if isinstance(data, dict) and str(data.get("code")) in errors.BY_CODE:
        return errors.from_dict(data)
    message = str(error.get("message") or "The conductor returned an error without a message.")
    if found := _JOB_NOT_FOUND.fullmatch(message):
        return job_not_found(found["job_id"], ())
    code = error.get("code")
    if code == METHOD_NOT_FOUND:
        return errors.UnsupportedByConductor(message, fix="Call conductor_status to see what this conductor can do.")
    if code == INVALID_PARAMS:
        return errors.InvalidArguments(message, fix="Correct the arguments and try again.")
    if code == EXHAUSTED:
        return errors.ConductorBusy(message, fix="Wait a few seconds and try again.")
    if code == REFUSED:
        return errors.SubmitRejected(message, fix="The message says why the conductor refused; correct the cause.")
    return errors.Internal(message, fix="Read the conductor's log.")
