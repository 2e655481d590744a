"""The command line: what comes before a command, and the command that is asked for as a typer application, alone."""

import re
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from podium import __version__
from podium.cli.calling.overview import overview, short_overview
from podium.cli.calling.usage import unknown_command, unknown_option, wrong_call, wrong_option
from podium.cli.inventory import ALIASES, COMMANDS
from podium.cli.shared.exits import Code
from podium.cli.shared.imports import hidden, leave_out_plugins, quick_imports
from podium.cli.terminal.door import line

if TYPE_CHECKING:
    import typer

HELP = ("-h", "--help")
VERSION = ("-V", "--version")
COMPLETE = "__complete"  # what the scripts of `podium completion` ask


def run_app(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code.

    Raises:
        WrongCall: it is unknown, or wrongly called; the fix has the command or tool that may be meant.
    """
    if not arguments:
        line(short_overview())
        return Code.BAD_INPUT
    asked, *rest = arguments
    if asked in (*HELP, *VERSION):
        line(overview() if asked in HELP else f"podium {__version__}")
        return Code.DONE
    if asked == COMPLETE:
        return int(import_module("podium.cli.completing").complete(rest))
    if asked.startswith("-"):
        raise wrong_option(asked, [*HELP, *VERSION])
    name = ALIASES.get(asked, asked)
    if name not in COMMANDS:
        raise unknown_command(asked, rest)
    return _run(name, rest)


def application(name: str) -> "typer.Typer":
    """Return a typer application with one command, whose module is imported for it."""
    leave_out_plugins()
    with quick_imports(), hidden("attr"):  # rich would load it, in case it has to show a class of it
        import_module("podium.cli.calling.light")  # first: the log is loaded there, without rich
        import typer

        from podium.cli.calling.helping import Command

        module = import_module(f"podium.cli.commands.{name}")
    function: Callable[..., None] = module.command
    made = typer.Typer(
        add_completion=False,
        rich_markup_mode=None,  # the help without rich: a third of its time
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": [*reversed(HELP)]},
    )
    made.command(name, cls=getattr(module, "Typed", Command))(function)
    return made


def _run(name: str, arguments: Sequence[str]) -> int:
    run = application(name)
    import typer

    try:
        code = run(args=list(arguments), prog_name=f"podium {name}", standalone_mode=False)
    except typer.TyperException as error:
        if hasattr(error, "possibilities"):  # one that lacks its value, or may have none, is told by its message
            unknown = getattr(error, "option_name", "")
            raise unknown_option(name, arguments, unknown, error.possibilities or []) from None
        raise wrong_call(name, arguments, _as_sentence(error.format_message())) from None
    return int(code or Code.DONE)


def _as_sentence(message: str) -> str:
    """Return what typer says is wrong as this command says it."""
    text = " ".join(message.split()).replace("Value error, ", "")
    text = re.sub(r"^Got unexpected extra argument\(?s?\)? \((.*)\)$", r"Unexpected: \1.", text)
    return text if text.endswith((".", "?")) else f"{text}."
