"""The `podium` command. Each file or folder in `commands/` is a subcommand; the other rooms hold what several of them use.

`serve` and `start` run for long, so they are dispatched before typer and rich are imported.
"""

import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module

from podium.cli.shared.exits import Code, code_of
from podium.cli.signals import interrupted, take_signals
from podium.cli.streams import OutputLost, end_messages, output_lost, take_over
from podium.cli.terminal.door import line, print_error, show_error
from podium.errors import InvalidArguments, PodiumError

LIGHT = ("serve", "start")
BUG_FRAMES = 20  # the innermost, of what is shown of a bug
WINDOWS = "Podium needs Unix sockets, process groups and fork. On Windows run it inside WSL (https://aka.ms/wsl)."


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code, one of `cli.shared.exits`, or 128 + the number of a signal."""
    if argv is None and sys.platform != "win32":
        take_over()
        take_signals()
    code = _run(list(sys.argv[1:] if argv is None else argv))
    end_messages()
    if argv is None:
        os._exit(code)  # all is written; to take apart all that was loaded is a twentieth of a short command
    return code


def _run(arguments: list[str]) -> int:
    try:
        code = dispatch(arguments)
        sys.stdout.flush()
    except OutputLost:
        code = Code.DONE
    if lost := output_lost():
        if not lost.reader_has_gone:  # that needs no message
            line(f"podium: Cannot write the output: {lost.reason}.", stderr=True)
        return code or Code.LOST_SIGHT
    return code


def dispatch(arguments: list[str]) -> int:
    """Run a command. Whatever ends it shows as a message and an exit code; only what is a bug shows where it happened."""
    if sys.platform == "win32":
        line(WINDOWS, stderr=True)
        return Code.FAILED
    try:
        if arguments and arguments[0] in LIGHT:
            command = import_module(f"podium.cli.commands.{arguments[0]}").main
            return int(command(arguments[1:]))
        return int(import_module("podium.cli.app").run_app(arguments))
    except BaseException as error:  # noqa: BLE001  the boundary
        code = interrupted()
        if code is None:
            return _code_of(error, arguments)
        if code == 128 + signal.SIGINT and sys.stderr.isatty():
            line(stderr=True)  # the terminal has written ^C where the cursor was
        return code


def _code_of(end: BaseException, arguments: list[str]) -> int:
    """Return the exit code for what ended a command, and say what that was.

    Raises:
        OutputLost: nothing more can be said.
    """
    try:
        raise end
    except PodiumError as error:
        return _told(error, arguments)
    except SystemExit as error:  # argparse ends a process so
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    except OSError as error:  # a place that was given, or the machine: neither is a bug
        place = f"{error.filename}: " if error.filename else ""
        fix = "Remove what stands in the way, and run the command again."
        return _told(InvalidArguments(f"{place}{error.strerror or error}.", fix=fix), arguments)
    except OutputLost:
        raise
    except Exception as error:  # noqa: BLE001  the boundary
        import traceback  # a tenth of what `podium --help` takes

        line(traceback.format_exc(limit=-BUG_FRAMES, chain=False), stderr=True)
        bug = PodiumError("This is a bug of Podium; please report it with the lines above.", error=repr(error))
        return _told(bug, arguments)


def _told(error: PodiumError, arguments: list[str]) -> int:
    """Say an error on stderr, with `--json` on stdout too, and return its exit code."""
    from podium.cli.calling.usage import WrongCall

    if "--json" in arguments[: arguments.index("--") if "--" in arguments else None]:
        print_error(error)
    show_error(error, in_tools=arguments[:1] == ["call"] or isinstance(error, WrongCall))
    return code_of(error)
