"""What the commands that start without typer share: their arguments, their settings, a log without rich, and quick imports."""

import argparse
import difflib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from podium.cli.calling.usage import unknown_option, wrong_call
from podium.cli.shared.imports import hidden, quick_imports
from podium.settings import Settings, load

# structlog loads rich, 50 modules and 5 MB, for a console renderer that is not used.
with hidden("rich"):
    from podium import log

__all__ = ["hidden", "log", "parse", "parser", "quick_imports", "settings_of"]


class _Parser(argparse.ArgumentParser):
    """A parser that says what is wrong as every command does."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and end."""
        command, (what, _, text) = self.prog.removeprefix("podium "), message.partition(": ")
        words = text.split() if what == "unrecognized arguments" else []
        if words and (option := words[0]).startswith("-"):
            near = difflib.get_close_matches(option, re.findall(r"--[\w-]+", self.format_usage()))
            raise unknown_option(command, words, option, near)
        raise wrong_call(command, words, f"{message}.")


def parser(command: str, description: str) -> argparse.ArgumentParser:
    """Return a parser with the options that every conductor-related command takes."""
    made = _Parser(prog=f"podium {command}", description=description, allow_abbrev=False)
    made.add_argument("--home", type=Path, help="folder for the conductor's state")
    made.add_argument("--socket", type=Path, help="socket of the conductor, which may be a foreign one")
    made.add_argument("--log-level", choices=("debug", "info", "warning", "error"), help="level of the log on stderr")
    return made


def parse(made: argparse.ArgumentParser, arguments: Sequence[str]) -> tuple[argparse.Namespace, Settings]:
    """Parse a command line and load its settings, with its flags on top."""
    options = made.parse_args(arguments)
    return options, settings_of(options)


def settings_of(options: argparse.Namespace) -> Settings:
    """Load the settings of a parsed command line."""
    return load(home=options.home, socket=options.socket, log_level=options.log_level)
