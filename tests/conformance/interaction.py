"""What the conformance suites expect a server to ask its client for: forms, sampling and roots, in the ways of both eras."""

from collections.abc import Mapping
from typing import Any

from mcp.server import MCPServer, ServerRequestContext
from mcp.server.context import CallNext, HandlerResult
from mcp.server.mcpserver import Context
from mcp.types import (
    CallToolResult,
    CreateMessageRequest,
    CreateMessageRequestParams,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    GetPromptResult,
    InputRequest,
    InputRequiredResult,
    ListRootsRequest,
    PromptMessage,
    SamplingMessage,
    TextContent,
)

from podium.mcp.calls.invoke import State

Ctx = Context[State, Any]
Answer = CallToolResult | InputRequiredResult
PROMPT = "test_input_required_result_prompt"

DEFAULTS: dict[str, Any] = {
    "name": {"type": "string", "default": "John Doe"},
    "age": {"type": "integer", "default": 30},
    "score": {"type": "number", "default": 95.5},
    "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
    "verified": {"type": "boolean", "default": True},
}


def _titled(kind: str, *titles: str) -> list[dict[str, str]]:
    return [{"const": f"value{number}", "title": f"{title} {kind}"} for number, title in enumerate(titles, start=1)]


_PLAIN = ["option1", "option2", "option3"]
ENUMS: dict[str, Any] = {
    "untitledSingle": {"type": "string", "enum": _PLAIN},
    "titledSingle": {"type": "string", "oneOf": _titled("Option", "First", "Second", "Third")},
    "legacyEnum": {
        "type": "string",
        "enum": ["opt1", "opt2", "opt3"],
        "enumNames": ["Option One", "Option Two", "Option Three"],
    },
    "untitledMulti": {"type": "array", "items": {"type": "string", "enum": _PLAIN}},
    "titledMulti": {"type": "array", "items": {"anyOf": _titled("Choice", "First", "Second", "Third")}},
}


def said(text: str) -> CallToolResult:
    """Return a result of one text."""
    return CallToolResult(content=[TextContent(type="text", text=text)])


def form(message: str, **properties: Any) -> ElicitRequest:
    """Return a request for a form in which everything is required."""
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=schema))


def _sampling(text: str, tokens: int) -> CreateMessageRequest:
    message = SamplingMessage(role="user", content=TextContent(type="text", text=text))
    return CreateMessageRequest(params=CreateMessageRequestParams(messages=[message], max_tokens=tokens))


async def _elicited(ctx: Ctx, message: str, properties: Mapping[str, Any], required: list[str]) -> ElicitResult:
    schema = {"type": "object", "properties": dict(properties), "required": required}
    return await ctx.request_context.session.elicit_form(message, schema, related_request_id=ctx.request_id)


async def test_elicitation(message: str, ctx: Ctx) -> str:
    """Ask the user for a name and an address."""
    fields = {
        "username": {"type": "string", "description": "User's response"},
        "email": {"type": "string", "description": "User's email address"},
    }
    answer = await _elicited(ctx, message, fields, list(fields))
    return f"User response: action={answer.action}, content={answer.content}"


async def test_elicitation_sep1034_defaults(ctx: Ctx) -> str:
    """Ask with a default for each kind of field."""
    answer = await _elicited(ctx, "Please check these values", DEFAULTS, [])
    return f"Elicitation completed: action={answer.action}, content={answer.content}"


async def test_elicitation_sep1330_enums(ctx: Ctx) -> str:
    """Ask with every form of choice."""
    answer = await _elicited(ctx, "Please choose", ENUMS, [])
    return f"Elicitation completed: action={answer.action}, content={answer.content}"


async def test_sampling(prompt: str, ctx: Ctx) -> str:
    """Let the client's model answer."""
    message = SamplingMessage(role="user", content=TextContent(type="text", text=prompt))
    session = ctx.request_context.session
    answer = await session.create_message([message], max_tokens=100, related_request_id=ctx.request_id)
    return f"LLM response: {getattr(answer.content, 'text', '')}"


def _ask(state: str | None = None, **requests: InputRequest) -> InputRequiredResult:
    return InputRequiredResult(input_requests=requests, request_state=state)


def _field(ctx: Ctx, key: str, field: str) -> str:
    """Return what the user filled in, "" where there is nothing of the kind."""
    answer = (ctx.input_responses or {}).get(key)
    content = (answer.content or {}) if isinstance(answer, ElicitResult) else {}
    return str(content.get(field, ""))


def _has(ctx: Ctx, *keys: str) -> bool:
    return set(keys) <= set(ctx.input_responses or {})


_NAME = {"name": {"type": "string"}}


async def test_input_required_result_elicitation(ctx: Ctx) -> Answer:
    """Ask for a name, then greet."""
    name = _field(ctx, "user_name", "name")
    return said(f"Hello, {name}!") if name else _ask(user_name=form("What is your name?", **_NAME))


async def test_streaming_elicitation(ctx: Ctx) -> Answer:
    """Report progress, then ask."""
    await ctx.report_progress(1, 2)
    return _ask(user_name=form("What is your name?", **_NAME))


async def test_input_required_result_sampling(ctx: Ctx) -> Answer:
    """Ask the client's model."""
    if _has(ctx, "capital_question"):
        return said("The capital was told.")
    return _ask(capital_question=_sampling("What is the capital of France?", 100))


async def test_input_required_result_list_roots(ctx: Ctx) -> Answer:
    """Ask for the client's roots."""
    if not _has(ctx, "client_roots"):
        return _ask(client_roots=ListRootsRequest())
    roots = getattr((ctx.input_responses or {})["client_roots"], "roots", [])
    return said(f"Roots: {', '.join(str(root.uri) for root in roots)}")


async def test_input_required_result_request_state(ctx: Ctx) -> Answer:
    """Ask with a state that must come back."""
    if _has(ctx, "confirm") and ctx.request_state == "asked":
        return said("state-ok")
    return _ask("asked", confirm=form("Please confirm", ok={"type": "boolean"}))


async def test_input_required_result_tampered_state(ctx: Ctx) -> Answer:
    """Ask with a state that must not be changed; the server itself seals it."""
    return await test_input_required_result_request_state(ctx)


async def test_input_required_result_multiple_inputs(ctx: Ctx) -> Answer:
    """Ask for three things at once."""
    if _has(ctx, "user_name", "greeting", "client_roots"):
        return said("All three were told.")
    return _ask(
        "asked",
        user_name=form("What is your name?", **_NAME),
        greeting=_sampling("Generate a greeting", 50),
        client_roots=ListRootsRequest(),
    )


async def test_input_required_result_multi_round(ctx: Ctx) -> Answer:
    """Ask twice, one after the other."""
    if ctx.request_state == "round-2" and _has(ctx, "step2"):
        return said(f"Your colour is {_field(ctx, 'step2', 'color')}.")
    if ctx.request_state == "round-1" and _has(ctx, "step1"):
        return _ask("round-2", step2=form("Step 2: What is your favorite color?", color={"type": "string"}))
    return _ask("round-1", step1=form("Step 1: What is your name?", **_NAME))


async def test_input_required_result_capabilities(ctx: Ctx) -> Answer:
    """Ask only for what the client declared."""
    declared = ctx.client_capabilities
    requests: dict[str, InputRequest] = {}
    if declared and declared.sampling:
        requests["greeting"] = _sampling("Generate a greeting", 50)
    if declared and declared.elicitation:
        requests["user_name"] = form("What is your name?", **_NAME)
    return InputRequiredResult(input_requests=requests)


TOOLS = (
    test_elicitation,
    test_elicitation_sep1034_defaults,
    test_elicitation_sep1330_enums,
    test_sampling,
    test_streaming_elicitation,
    test_input_required_result_elicitation,
    test_input_required_result_sampling,
    test_input_required_result_list_roots,
    test_input_required_result_request_state,
    test_input_required_result_tampered_state,
    test_input_required_result_multiple_inputs,
    test_input_required_result_multi_round,
    test_input_required_result_capabilities,
)


async def _asking_prompt(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Serve the one prompt that asks back, which the product's own prompts never do."""
    params = ctx.params or {}
    if ctx.method != "prompts/get" or params.get("name") != PROMPT:
        return await call_next(ctx)
    answer = (params.get("inputResponses") or {}).get("user_context")
    if not answer:
        return _ask(user_context=form("What context should the prompt use?", context={"type": "string"}))
    text = f"Context: {(answer.get('content') or {}).get('context', '')}"
    return GetPromptResult(messages=[PromptMessage(role="user", content=TextContent(type="text", text=text))])


def add_interaction(server: MCPServer[State]) -> None:
    """Give a server the tools of this file and the prompt that asks back."""
    for function in TOOLS:
        server.add_tool(function, structured_output=False)
    server.middleware.append(_asking_prompt)
