"""The command line as a typer application. Only the command that is asked for is imported; the others are listed."""

import difflib
from collections.abc import Sequence
from importlib import import_module

import typer

from podium import __version__
from podium.cli.shared.door import in_line, line
from podium.cli.shared.exits import Code

HELP = "Run long jobs under a conductor, and let agents control them through MCP."
COMMANDS = {
    "start": "Start the conductor.",
    "stop": "Stop the conductor.",
    "status": "Show the conductor and its newest jobs.",
    "run": "Run a score or a command and follow it.",
    "logs": "Show what a job's sheets wrote.",
    "call": "Call a tool exactly as an agent would.",
    "serve": "Serve the tools to an agent over stdio, or HTTP on loopback (MCP).",
    "install": "Add Podium to an MCP client.",
    "doctor": "Check this machine and Podium's home folder.",
    "schema": "Print the JSON Schema of a score.",
    "demo": "Run a complete example once on this repository.",
}


def run_app(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code: 2 for one that is unknown, with the command or tool that may be meant."""
    asked = next((word for word in arguments if not word.startswith("-")), "")
    if asked and asked not in COMMANDS:
        from podium.cli.shared.tool_names import near_tools

        near = [f"podium {name}" for name in difflib.get_close_matches(asked, COMMANDS, n=1)]
        near = near or [f"podium call {name}" for name in near_tools(asked)]
        fix = f"Did you mean `{'` or `'.join(near)}`?" if near else "`podium --help` lists the commands."
        line(f"podium: Unknown command {asked!r}.\n        {fix}", stderr=True)
        return Code.BAD_INPUT
    app = typer.Typer(help=HELP, add_completion=False, pretty_exceptions_enable=False)
    app.callback()(_root)
    for name, text in COMMANDS.items():
        if name == asked:
            module = import_module(f"podium.cli.commands.{name}")
            app.command(name, cls=getattr(module, "Typed", None))(module.command)
        else:
            app.command(name, help=text)(_listed)
    try:
        code = app(args=list(arguments) or ["--help"], prog_name="podium", standalone_mode=False)
    except typer.TyperException as error:
        line(f"podium: {in_line(' '.join(error.format_message().split()))}", stderr=True)
        line(
            f"        `{' '.join(['podium', *([asked] if asked else [])])} --help` shows how it is called.", stderr=True
        )
        return Code.BAD_INPUT
    return int(code or Code.DONE) if arguments else Code.BAD_INPUT


def _listed() -> None:
    """Stand for a command that is not the one asked for."""


def _print_version(value: bool) -> None:
    if value:
        line(f"podium {__version__}")
        raise typer.Exit


def _root(
    version: bool = typer.Option(False, "--version", callback=_print_version, is_eager=True, help="print the version"),
) -> None:
    """Hold the options that come before a command."""
