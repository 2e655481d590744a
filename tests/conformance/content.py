"""What the conformance suites expect a server to have that no product has: tools, resources and prompts with fixed content.

Names and texts are the suites' own.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any

import anyio
from mcp import MCPError
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    AudioContent,
    EmbeddedResource,
    EmptyResult,
    ImageContent,
    PromptMessage,
    SetLevelRequestParams,
    TextContent,
    TextResourceContents,
)

from podium.contract.ports import JobControl
from podium.mcp.calls.invoke import State
from podium.mcp.prompts.table import PromptSpec
from podium.mcp.resources.table import Content, ResourceSpec, Variables
from podium.mcp.sdk import handle

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
WAV = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA="
PAUSE_SECONDS = 0.05  # between two notifications, as the suites ask for

SCHEMA_2020: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}


def _text(uri: str, mime_type: str, text: str) -> EmbeddedResource:
    return EmbeddedResource(type="resource", resource=TextResourceContents(uri=uri, mime_type=mime_type, text=text))


def _image() -> ImageContent:
    return ImageContent(type="image", data=PNG, mime_type="image/png")


async def test_simple_text() -> str:
    """Answer with plain text."""
    return "This is a simple text response for testing."


async def test_image_content() -> ImageContent:
    """Answer with an image."""
    return _image()


async def test_audio_content() -> AudioContent:
    """Answer with a sound."""
    return AudioContent(type="audio", data=WAV, mime_type="audio/wav")


async def test_embedded_resource() -> EmbeddedResource:
    """Answer with an embedded resource."""
    return _text("test://embedded-resource", "text/plain", "This is an embedded resource content.")


async def test_multiple_content_types() -> list[Any]:
    """Answer with several kinds of content."""
    data = json.dumps({"test": "data", "value": 123})
    text = TextContent(type="text", text="Multiple content types test:")
    return [text, _image(), _text("test://mixed-content-resource", "application/json", data)]


async def test_error_handling() -> str:
    """Fail, always."""
    raise ToolError("This tool intentionally returns an error for testing")


async def test_tool_with_progress(ctx: Context[State, Any]) -> str:
    """Report progress three times."""
    for progress in (0, 50, 100):
        await ctx.report_progress(progress, 100)
        await anyio.sleep(PAUSE_SECONDS)
    return "Done."


async def test_tool_with_logging(ctx: Context[State, Any]) -> str:
    """Send three log messages; a client of the stateless era gets them only when it asked for them."""
    for text in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await ctx.request_context.session.send_log_message("info", text, related_request_id=ctx.request_id)
        await anyio.sleep(PAUSE_SECONDS)
    return "Done."


async def test_logging_tool(ctx: Context[State, Any]) -> str:
    """Send a log message, which a client of the stateless era gets only when it asked for it."""
    await ctx.request_context.session.send_log_message("info", "logged", related_request_id=ctx.request_id)
    return "Done."


async def test_trigger_tool_change(ctx: Context[State, Any]) -> str:
    """Say that the list of tools has changed."""
    await ctx.notify_tools_changed()
    return "Done."


async def test_trigger_prompt_change(ctx: Context[State, Any]) -> str:
    """Say that the list of prompts has changed."""
    await ctx.notify_prompts_changed()
    return "Done."


async def test_missing_capability(ctx: Context[State, Any]) -> str:
    """Need sampling of the client."""
    if not (ctx.client_capabilities and ctx.client_capabilities.sampling):
        data: dict[str, Any] = {"requiredCapabilities": {"sampling": {}}}
        raise MCPError(MISSING_REQUIRED_CLIENT_CAPABILITY, "The client did not declare sampling.", data)
    return "Done."


async def test_custom_header(region: str) -> str:
    """Take an argument that a header mirrors."""
    return region


async def json_schema_2020_12_tool() -> str:
    """Have a schema with everything that JSON Schema 2020-12 brought."""
    return "Done."


TOOLS = (
    test_simple_text,
    test_image_content,
    test_audio_content,
    test_embedded_resource,
    test_multiple_content_types,
    test_error_handling,
    test_tool_with_progress,
    test_tool_with_logging,
    test_trigger_tool_change,
    test_trigger_prompt_change,
    test_missing_capability,
    test_logging_tool,
    test_custom_header,
    json_schema_2020_12_tool,
)


HEADER_SCHEMA = {
    "type": "object",
    "properties": {"region": {"type": "string", "x-mcp-header": "Region"}},
    "required": ["region"],
}
SCHEMAS = {"json_schema_2020_12_tool": SCHEMA_2020, "test_custom_header": HEADER_SCHEMA}
"""Tool -> the schema that it is published with instead of the one of its signature."""


async def _static_text(_: JobControl, __: Variables) -> Content:
    return Content("This is the content of the static text resource.", "text/plain")


async def _static_binary(_: JobControl, __: Variables) -> Content:
    return Content(base64.b64decode(PNG), "image/png")


async def _template(_: JobControl, variables: Variables) -> Content:
    facts = {"id": variables["id"], "templateTest": True, "data": f"Data for ID: {variables['id']}"}
    return Content(json.dumps(facts), "application/json")


RESOURCES = (
    ResourceSpec("test://static-text", "static-text", "Text", "A static text.", "text/plain", _static_text),
    ResourceSpec("test://static-binary", "static-binary", "Image", "A static image.", "image/png", _static_binary),
    ResourceSpec("test://watched-resource", "watched", "Watched", "One to subscribe to.", "text/plain", _static_text),
    ResourceSpec("test://template/{id}/data", "template", "Template", "A template.", "application/json", _template),
)


def _said(content: Any) -> PromptMessage:
    return PromptMessage(role="user", content=content)


def _words(text: str) -> PromptMessage:
    return _said(TextContent(type="text", text=text))


def _arguments(given: Mapping[str, str]) -> list[PromptMessage]:
    return [_words(f"Prompt with arguments: arg1='{given['arg1']}', arg2='{given['arg2']}'")]


def _embedded(given: Mapping[str, str]) -> list[PromptMessage]:
    resource = _text(given["resourceUri"], "text/plain", "Embedded resource content for testing.")
    return [_said(resource), _words("Please process the embedded resource above.")]


def _prompt(name: str, render: Any, **required: str) -> PromptSpec:
    return PromptSpec(name, name, f"The suites' {name}.", required, {}, frozenset(), render)


PROMPTS = (
    _prompt("test_simple_prompt", lambda _: [_words("This is a simple prompt for testing.")]),
    _prompt("test_prompt_with_arguments", _arguments, arg1="First test argument", arg2="Second test argument"),
    _prompt("test_prompt_with_embedded_resource", _embedded, resourceUri="URI of the resource to embed"),
    _prompt("test_prompt_with_image", lambda _: [_said(_image()), _words("Please analyze the image above.")]),
)


async def set_level(_: Any, __: SetLevelRequestParams) -> EmptyResult:
    """Accept a level of the handshake era's logging."""
    return EmptyResult()


def add_content(server: MCPServer[State]) -> None:
    """Give a server the tools of this file; resources and prompts come with what it offers."""
    for function in TOOLS:
        server.add_tool(function, structured_output=False)
    for name, schema in SCHEMAS.items():
        tool = server._tool_manager.get_tool(name)
        assert tool is not None
        tool.parameters = schema
    handle(server, "logging/setLevel", SetLevelRequestParams, set_level)
