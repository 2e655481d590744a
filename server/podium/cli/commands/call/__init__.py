"""`podium call TOOL name=value ...`: any tool, through the real MCP server and the official client, for people."""

import json
import sys
from typing import Annotated, Any

import typer

from podium.cli.calling.options import AsJson, Env, Home, Socket, settings_for
from podium.cli.shared.environment import passed
from podium.cli.shared.exits import Code, code_named
from podium.cli.terminal.details import show_text
from podium.cli.terminal.door import ink, print_json
from podium.cli.terminal.stream import columns_of
from podium.errors import InvalidArguments


def command(
    tool: Annotated[str, typer.Argument(help="the tool's name; if omitted, the tools are listed")] = "",
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="name=value", help="the tool's arguments, or one JSON object")
    ] = None,
    env: Env = None,
    home: Home = None,
    socket: Socket = None,
    as_json: AsJson = False,
) -> None:
    """Call a tool exactly as an agent would; exit code 0 if it returns no error and finds nothing wrong."""
    from podium.cli.calling.tool_names import (
        given_arguments,
        tool_named,
    )  # loads the tools, which the help does not need

    settings = settings_for(home, socket)
    if not tool and not as_json:
        _list_tools()
        return
    if not tool:
        from podium.cli.commands.call.server import tools  # with their schemas: only the server makes those

        listed = [each.model_dump(mode="json", by_alias=True, exclude_none=True) for each in tools(settings)]
        print_json({"tools": listed})
        return
    given = given_arguments(tool_named(tool), arguments or [])
    if env and tool != "start_job":
        raise InvalidArguments(f"--env: {tool} starts no job.", fix="Leave --env out; it is for start_job.")
    from podium.cli.commands.call.server import call_tool
    from podium.cli.commands.call.showing import show, show_error

    result = call_tool(settings, tool, given, passed(env))
    answer: Any = json.loads(getattr(result.content[0], "text", "{}")) if result.is_error else result.structured_content
    code = _code(answer, is_error=bool(result.is_error))
    if as_json:
        print_json(answer, in_a_line=bool(result.is_error))
    if result.is_error:
        show_error(answer["error"])
    elif not as_json:
        show(answer)
    raise typer.Exit(code)


def _list_tools() -> None:
    """Print each tool with its parameters, and below it what it does."""
    from podium.cli.calling.tool_names import parameters
    from podium_tools import ALL_TOOLS

    columns = columns_of(sys.stdout)
    for each in ALL_TOOLS:
        ink([(each.name, "bold")])
        show_text(" ".join(parameters(each)), columns, style="dim", indent=4)
        show_text(each.description.partition(". ")[0], columns, indent=4)


def _code(answer: dict[str, Any], *, is_error: bool) -> Code:
    """Return the exit code for a tool's answer: that of its error; a score that was found not to be valid is bad input too."""
    if is_error:
        error = answer["error"]
        return code_named(error["code"], outcome=str(error.get("outcome", "")))
    return Code.BAD_INPUT if answer.get("valid") is False else Code.DONE
