"""What the commands that start without typer share: their arguments, their settings, a log without rich, and quick imports."""

import argparse
import difflib
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from podium import log
from podium.cli.calling.usage import unknown_option, wrong_call
from podium.cli.shared.imports import hidden, quick_imports
from podium.settings import Settings, load
from podium.texts.widths import wrapped

__all__ = ["Parser", "configure_log", "hidden", "parse", "parser", "quick_imports", "settings_of"]

_FORM = 28  # letters of an option that its meaning still stands beside


class Parser(argparse.ArgumentParser):
    """A parser that shows its help, and says what is wrong, as every command does."""

    @property
    def options(self) -> list[argparse.Action]:
        """The options that are no secret, `--help` at the end."""
        return sorted(
            (each for each in self._actions if each.help != argparse.SUPPRESS), key=lambda it: it.dest == "help"
        )

    def format_usage(self) -> str:
        """Return the usage line."""
        return f"Usage: {self.prog} [OPTIONS]\n"

    def format_help(self) -> str:
        """Return the help in the form that typer's commands have, for a terminal of at most 80 columns."""
        columns = min(shutil.get_terminal_size().columns, 80)
        about = wrapped(self.description or "", columns, indent=2)
        forms = {option_form(each): each.help or "" for each in self.options}
        beside = max(len(form) for form in forms if len(form) <= _FORM) + 4
        rows = []
        for form, meaning in forms.items():
            first, *more = wrapped(meaning, columns, indent=beside)
            rows += [f"  {form:<{beside - 2}}{first.strip()}"] if len(form) <= _FORM else [f"  {form}", first]
            rows += more
        return "\n".join([self.format_usage(), *about, "", "Options:", *rows, ""])

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and end."""
        command, (what, _, text) = self.prog.removeprefix("podium "), message.partition(": ")
        words = text.split() if what == "unrecognized arguments" else []
        if words and (option := words[0]).startswith("-"):
            near = difflib.get_close_matches(option, re.findall(r"--[\w-]+", self.format_help()))
            raise unknown_option(command, words, option, near)
        raise wrong_call(command, words, f"{message}.")


def option_form(option: argparse.Action) -> str:
    """Return an option with all its spellings, and what it takes."""
    flags = ", ".join(option.option_strings)
    if option.nargs == 0:
        return flags
    choices = "|".join(map(str, option.choices or ()))
    return f"{flags} {choices or option.metavar or ('PATH' if option.type is Path else 'TEXT')}"


def parser(command: str, description: str) -> Parser:
    """Return a parser with the options that every conductor-related command takes."""
    made = Parser(prog=f"podium {command}", description=description, allow_abbrev=False, add_help=False)
    made.add_argument("-h", "--help", action="help", help="show this help")
    made.add_argument("--home", type=Path, help="folder for the conductor's state")
    made.add_argument("--socket", type=Path, help="socket of the conductor, which may be a foreign one")
    made.add_argument("--log-level", choices=("debug", "info", "warning", "error"), help="level of the log on stderr")
    return made


def parse(made: Parser, arguments: Sequence[str]) -> tuple[argparse.Namespace, Settings]:
    """Parse a command line and load its settings, with its flags on top."""
    options = made.parse_args(arguments)
    return options, settings_of(options)


def configure_log(level: str) -> None:
    """Set the log up. structlog would load rich, 50 modules and 5 MB, for a console renderer that is not used."""
    with hidden("rich"):
        log.configure(level)


def settings_of(options: argparse.Namespace) -> Settings:
    """Load the settings of a parsed command line."""
    return load(home=options.home, socket=options.socket, log_level=options.log_level)
