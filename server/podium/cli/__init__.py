"""The `podium` command. Each file or folder in `commands/` is a subcommand; `shared/` holds what several of them use.

`serve` and `start` run for long, so they are dispatched before typer and rich are imported.
"""

import sys
from collections.abc import Sequence
from importlib import import_module

from podium.cli.streams import output_lost, take_over
from podium.errors import PodiumError

LIGHT = ("serve", "start")
WINDOWS = "Podium needs Unix sockets, process groups and fork. On Windows run it inside WSL (https://aka.ms/wsl)."


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 2 for a usage error, 1 for a failure, 130 for Ctrl-C."""
    if sys.platform == "win32":
        print(WINDOWS, file=sys.stderr)
        return 1
    if argv is None:
        take_over()
    try:
        code = _dispatch(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        if error is not output_lost():
            raise
        code = 1
    if lost := output_lost():
        if not isinstance(lost, BrokenPipeError):  # a reader that has gone needs no message
            print(f"podium: Cannot write the output: {lost.strerror}.", file=sys.stderr)
        return code or 1
    return code


def _dispatch(arguments: list[str]) -> int:
    try:
        if arguments and arguments[0] in LIGHT:
            command = import_module(f"podium.cli.commands.{arguments[0]}").main
            return int(command(arguments[1:]))
        return int(import_module("podium.cli.app").run_app(arguments))
    except PodiumError as error:
        return report(error)
    except SystemExit as end:  # argparse, click and typer end a process so
        return end.code if isinstance(end.code, int) else int(end.code is not None)


def report(error: PodiumError) -> int:
    """Print an error, every problem of a score that it carries, and its fix on stderr; return exit code 1."""
    print(f"podium: {error.message}", file=sys.stderr)
    for problem in error.facts.get("problems") or []:
        place = f"{problem.get('line', 0)}:{problem.get('column', 0)} {problem.get('field', '')}".strip()
        print(f"        {place}: {problem.get('message', '')}", file=sys.stderr)
    if error.fix:
        print(f"        {error.fix}", file=sys.stderr)
    return 1
