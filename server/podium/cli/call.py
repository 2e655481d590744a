"""`podium call TOOL name=value ...`: any tool, through the real MCP server and the official client, for people."""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Annotated, Any, TypeVar

import typer
import yaml
from mcp import Client, MCPError
from mcp.types import CallToolResult, TextContent, Tool

from podium.cli.options import AsJson, Home, Socket, pair, settings_for
from podium.cli.output import print_json, say, table
from podium.cli.session import job_control, wait_for
from podium.errors import InvalidArguments
from podium.mcp.app import build_server
from podium.settings import Settings

Result = TypeVar("Result")


def command(
    tool: Annotated[str, typer.Argument(help="the tool's name; without it the tools are listed")] = "",
    arguments: Annotated[list[str] | None, typer.Argument(metavar="name=value", help="the tool's arguments")] = None,
    home: Home = None,
    socket: Socket = None,
    as_json: AsJson = False,
) -> None:
    """Call a tool exactly as an agent would; exit code 1 when it answers with an error."""
    settings = settings_for(home, socket)
    given = dict(pair(text) for text in arguments or [])
    if not tool:
        _show_tools(_with_client(settings, _tools), as_json=as_json)
        return
    result = _with_client(settings, partial(_call, tool, given))
    (_show_error if result.is_error else _show)(result, as_json=as_json)
    raise typer.Exit(1 if result.is_error else 0)


def _with_client(settings: Settings, ask: Callable[[Client], Awaitable[Result]]) -> Result:
    """Start the server in this process, connect the official client to it and ask one thing."""

    async def work() -> Result:
        async with Client(build_server(partial(job_control, settings))) as client:
            return await ask(client)

    logging.disable(logging.ERROR)  # what the SDK would log of a refused call is the answer itself
    try:
        return wait_for(work)
    except MCPError as error:
        raise InvalidArguments(str(error), fix="`podium call` lists the tools.") from None


async def _tools(client: Client) -> list[Tool]:
    return (await client.list_tools()).tools


async def _call(tool: str, given: Mapping[str, str], client: Client) -> CallToolResult:
    async def show(progress: float, total: float | None, message: str | None) -> None:
        if message:
            say(message, style="dim", stderr=True)

    return await client.call_tool(tool, dict(given), progress_callback=show)


def _show_tools(tools: list[Tool], *, as_json: bool) -> None:
    if as_json:
        print_json([tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools])
        return
    table(("tool", "arguments", "does"), [_tool_row(tool) for tool in tools])


def _tool_row(tool: Tool) -> tuple[str, str, str]:
    required = tool.input_schema.get("required", [])
    names = [name if name in required else f"[{name}]" for name in tool.input_schema.get("properties", {})]
    return tool.name, " ".join(names), (tool.description or "").partition(". ")[0]


def _show(result: CallToolResult, *, as_json: bool) -> None:
    facts: Any = result.structured_content
    if as_json:
        print_json(facts)
        return
    facts = {key: value for key, value in facts.items() if value not in ("", [], None)}
    say(str(facts.pop("summary", "")), style="bold")
    if facts:
        print(yaml.dump(facts, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110).rstrip())


def _show_error(result: CallToolResult, *, as_json: bool) -> None:
    block = result.content[0]
    error = json.loads(block.text if isinstance(block, TextContent) else "{}")
    if as_json:
        print_json(error)
        return
    facts = error["error"]
    say(f"{facts.pop('code')}: {facts.pop('message')}", style="red", stderr=True)
    if fix := facts.pop("fix", ""):
        say(fix, style="bold", stderr=True)
    if rest := {key: value for key, value in facts.items() if value not in ("", [], None, False)}:
        say(yaml.dump(rest, Dumper=_Dumper, sort_keys=False, allow_unicode=True).rstrip(), stderr=True)


class _Dumper(yaml.SafeDumper):
    """YAML for reading: texts of several lines as blocks."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)
