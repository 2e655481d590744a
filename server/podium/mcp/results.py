"""The one place where a tool's result or error becomes the protocol's.

Clients differ in which half of a result the model sees, so both halves of a success carry the same facts, and an error
is complete in its one text block and has no structured half.
"""

import json
import os
import secrets
from typing import Any

from mcp.types import CallToolResult, TextContent
from pydantic import BaseModel

from podium.errors import Internal, PodiumError
from podium.log import get_logger
from podium.mcp.foreign import clean_text, every_text
from podium.mcp.secrets import redactor

log = get_logger()
redact = redactor(os.environ)


def success(result: BaseModel) -> CallToolResult:
    """Return a tool's result: the structured facts, and the same as compact JSON text."""
    facts = every_text(result.model_dump(), _safe)
    return CallToolResult(content=[_text(facts)], structured_content=facts)


def failure(error: PodiumError) -> CallToolResult:
    """Return an error that the caller may see: one text block with one JSON object."""
    return CallToolResult(content=[_text({"error": every_text(error.as_dict(), _safe)})], is_error=True)


def crash(tool: str, error: Exception) -> CallToolResult:
    """Return INTERNAL with a request id; what happened is only in the log, under the same id."""
    request_id = secrets.token_hex(6)
    log.error("tool_crashed", tool=tool, request_id=request_id, exc_info=error)
    return failure(
        Internal(
            f"{tool} failed inside the server.",
            fix=f"Look for request_id {request_id} in the server's log; conductor_status tells whether jobs still run.",
            request_id=request_id,
        )
    )


def _safe(text: str) -> str:
    """Return text as it may be sent: nothing hidden in it, and no secret."""
    return redact(clean_text(text))


def _text(facts: dict[str, Any]) -> TextContent:
    return TextContent(type="text", text=json.dumps(facts, ensure_ascii=False, separators=(",", ":"), default=str))
