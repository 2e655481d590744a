"""The protocol's results: what a tool returned, or one error, as clients can read it.

Some clients show the model only the structured half of a result, some only the text, and TypeScript v1 clients fail on an
error whose structured half does not fit the schema. So both halves of a result carry the same facts, and an error is
complete in its one text block and has no structured half.
"""

import json
import os
from itertools import accumulate
from typing import Any

from mcp.types import CallToolResult, ContentBlock, ResourceLink, TextContent
from pydantic import BaseModel

from podium.contract.secrets.masks import redactor
from podium.contract.weight import tokens_at_most
from podium.errors import PodiumError
from podium.texts.cleaning import clean_text, every_text
from podium.times import present
from podium_tools.results import LinkedResult

PROBLEM_TOKENS = 6_000  # that the problems in one error cost

redact = redactor(os.environ)


def success(result: BaseModel, note: str = "") -> CallToolResult:
    """Return a tool's result: the structured facts, and the same as compact JSON text; `note` ends its summary."""
    facts = facts_of(result)
    if note:
        facts["summary"] = f"{facts['summary']} {safe(note)}"
    content: list[ContentBlock] = [_text(facts)]
    if isinstance(result, LinkedResult) and result.resource_uri:  # it shows a part of this file or nothing
        uri, size = facts["resource_uri"], facts["size_bytes"]
        link = ResourceLink(type="resource_link", uri=uri, name=facts["path"], mime_type=facts["mime_type"], size=size)
        content.append(link)
    return CallToolResult(content=content, structured_content=facts)


def failure(error: PodiumError, note: str = "") -> CallToolResult:
    """Return an error that the caller may see: one text block with one JSON object; `note` and `now` are facts of it."""
    noted = {"note": safe(note)} if note else {}
    facts = {"error": error_facts(error) | noted | {"now": present()}}
    return CallToolResult(content=[_text(facts)], is_error=True)


def facts_of(result: BaseModel) -> dict[str, Any]:
    """Return a tool's result as it may be sent."""
    facts: dict[str, Any] = every_text(result.model_dump(), safe)
    return facts


def error_facts(error: PodiumError) -> dict[str, Any]:
    """Return the error object of the tools, as it may be sent.

    It has the first problems, as many as it can hold; the message and `problems_total` give the number of all.
    """
    facts: dict[str, Any]
    try:
        facts = every_text(error.as_dict(), safe)
    except RecursionError:  # facts of a foreign conductor, nested without end
        facts = {name: every_text(error.as_dict()[name], safe) for name in ("code", "message", "retryable", "fix")}
    if problems := facts.get("problems"):
        costs = accumulate(tokens_at_most(compact(problem)) for problem in problems)
        facts["problems"] = [problem for problem, cost in zip(problems, costs, strict=True) if cost <= PROBLEM_TOKENS]
    return facts


def safe(text: str) -> str:
    """Return text as it may be sent, without hidden characters and secrets."""
    return redact(clean_text(text))


def compact(facts: Any) -> str:
    """Return facts as JSON text without spaces."""
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":"), default=str)


def _text(facts: dict[str, Any]) -> TextContent:
    return TextContent(type="text", text=compact(facts))
