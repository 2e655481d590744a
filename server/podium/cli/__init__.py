"""The `podium` command: one file a subcommand.

`serve` and `start` run for long, so they are dispatched before typer and rich are imported.
"""

import sys
from collections.abc import Sequence
from importlib import import_module

from podium.cli.streams import Stream
from podium.errors import PodiumError

LIGHT = ("serve", "start")
WINDOWS = "Podium needs Unix sockets, process groups and fork. On Windows run it inside WSL (https://aka.ms/wsl)."


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 2 for a usage error, 1 for a failure, 130 for Ctrl-C."""
    if sys.platform == "win32":
        print(WINDOWS, file=sys.stderr)
        return 1
    if argv is None:
        sys.stdout, sys.stderr = Stream.over(sys.stdout, strict=True), Stream.over(sys.stderr, strict=False)
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        code = _dispatch(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        if error is not getattr(sys.stdout, "lost", None):
            raise
        if not isinstance(error, BrokenPipeError):  # a reader that has gone needs no message
            print(f"podium: The output could not be written: {error.strerror}.", file=sys.stderr)
        return 1
    return code


def _dispatch(arguments: list[str]) -> int:
    try:
        if arguments and arguments[0] in LIGHT:
            light: int = import_module(f"podium.cli.commands.{arguments[0]}").main(arguments[1:])
            return light
        full: int = import_module("podium.cli.app").run_app(arguments)
    except PodiumError as error:
        return report(error)
    return full


def report(error: PodiumError) -> int:
    """Print an error, every problem of a score that it carries, and its fix on stderr; return exit code 1."""
    print(f"podium: {error.message}", file=sys.stderr)
    for problem in error.facts.get("problems") or []:
        place = f"{problem.get('line', 0)}:{problem.get('column', 0)} {problem.get('field', '')}".strip()
        print(f"        {place}: {problem.get('message', '')}", file=sys.stderr)
    if error.fix:
        print(f"        {error.fix}", file=sys.stderr)
    return 1
