"""`podium call TOOL name=value ...`: any tool, through the real MCP server and the official client, for people."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer
import yaml

from podium.cli.shared.options import AsJson, Home, Socket, settings_for
from podium.cli.shared.output import print_json, say, table
from podium.cli.shared.tool_names import given_arguments, parameters, tool_named
from podium.settings import Settings
from podium_tools import ALL_TOOLS
from podium_tools.spec import AnyTool

if TYPE_CHECKING:
    from mcp.types import CallToolResult


def command(
    tool: Annotated[str, typer.Argument(help="the tool's name; without it the tools are listed")] = "",
    arguments: Annotated[list[str] | None, typer.Argument(metavar="name=value", help="the tool's arguments")] = None,
    home: Home = None,
    socket: Socket = None,
    as_json: AsJson = False,
) -> None:
    """Call a tool exactly as an agent would; exit code 1 when it answers with an error."""
    settings = settings_for(home, socket)
    if not tool:
        _show_tools(settings, as_json=as_json)
        return
    given = given_arguments(tool_named(tool), arguments or [])
    from podium.cli.commands.call.server import call_tool

    result = call_tool(settings, tool, given)
    (_show_error if result.is_error else _show)(result, as_json=as_json)
    raise typer.Exit(1 if result.is_error else 0)


def _show_tools(settings: Settings, *, as_json: bool) -> None:
    if not as_json:
        table(("tool", "arguments", "does"), [_tool_row(tool) for tool in ALL_TOOLS])
        return
    from podium.cli.commands.call.server import tools  # with their schemas: only the server makes those

    print_json([tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools(settings)])


def _tool_row(tool: AnyTool) -> tuple[str, str, str]:
    return tool.name, " ".join(parameters(tool)), tool.description.partition(". ")[0]


def _show(result: "CallToolResult", *, as_json: bool) -> None:
    facts: Any = result.structured_content
    if as_json:
        print_json(facts)
        return
    facts = {key: value for key, value in facts.items() if value not in ("", [], None)}
    say(str(facts.pop("summary", "")), style="bold")
    if facts:
        print(yaml.dump(facts, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110).rstrip())


def _show_error(result: "CallToolResult", *, as_json: bool) -> None:
    error = json.loads(getattr(result.content[0], "text", "{}"))
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
