"""The page about the command line: every command with its arguments and options, from the functions that are run."""

import argparse
from collections.abc import Iterator
from importlib import import_module
from typing import Any, NamedTuple

import typer.main

from podium.cli import LIGHT
from podium.cli.answers import ANSWERS
from podium.cli.app import application
from podium.cli.calling.helping import argument_word, default_of, is_option, meaning_of, option_form, shown_params
from podium.cli.calling.light import Parser
from podium.cli.calling.light import option_form as light_form
from podium.cli.inventory import ALIASES, COMMANDS, GROUPS
from tests.support.docs.markdown import code, document, plain, sentence, table

_INTRO = (
    "Every command ends with one of [these codes](../exit-codes.md), and takes `--help`. A `JOB` is its id, a beginning of it that "
    "no other id has, or its name if one job has it."
)


class Option(NamedTuple):
    """An argument or an option, in words."""

    form: str
    default: str
    meaning: str


def commands_page() -> str:
    """Return the page."""
    groups = [part for group, commands in GROUPS.items() for part in (f"## {group}", _overview(commands))]
    sections = [part for name in COMMANDS for part in (_light(name) if name in LIGHT else _section(name))]
    return document("Command line", _INTRO, *groups, *sections)


class Called(NamedTuple):
    """How a command is called: its usage line, what it does, and its arguments and options, those without `--help`."""

    usage: str
    does: str
    options: list[Option]


def called(name: str) -> Called:
    """Return how a command is called."""
    if name in LIGHT:
        parser = _parser(name)
        return Called(f"podium {name} [OPTIONS]", sentence(parser.description), _actions(parser))
    made = typer.main.get_command(application(name))
    params = shown_params(made)
    words = [f"podium {name}", *(argument_word(param) for param in params if not is_option(param))]
    options = ["[OPTIONS]"] if any(is_option(param) for param in params) else []
    return Called(" ".join([*words, *options]), sentence(made.help), [_option(param) for param in params])


def _overview(commands: dict[str, str]) -> str:
    rows = [(f"[`podium {name}`](#{anchor(name)})", plain(says)) for name, says in commands.items()]
    return table(("command", "does"), rows)


def options(name: str) -> set[str]:
    """Return the options of a command, each in all of its forms."""
    if name in LIGHT:
        return {form for action in _parser(name).options for form in action.option_strings}
    return {form for param in typer.main.get_command(application(name)).params for form in param.opts}


def anchor(command: str) -> str:
    """Return the anchor of a command's heading."""
    return f"podium-{command.replace(' ', '-')}"


def _section(name: str) -> Iterator[str]:
    yield from _of_command(name, typer.main.get_command(application(name)))
    if other := [alias for alias, meant in ALIASES.items() if meant == name]:
        yield f"{' and '.join(code(f'podium {alias}') for alias in other)} is the same."
    for words, view in ANSWERS.items():
        if words.split()[0] == name:
            given = " ".join([*words.split()[1:], "--json"])
            yield f"{code(given)} prints: [{view.__name__}](json.md#{view.__name__.lower()})."


def _commands(group: Any) -> dict[str, Any]:
    """Return the commands of a group; none of a command."""
    return dict(getattr(group, "commands", {}))


def _of_command(name: str, made: Any) -> Iterator[str]:
    params = shown_params(made)
    usage = " ".join([f"podium {name}", *(argument_word(param) for param in params if not is_option(param))])
    options = " [OPTIONS]" if any(is_option(param) for param in params) else ""
    yield f"## podium {name}\n\n{plain(sentence(made.help))}\n\n{code(usage + options)}"
    yield table(("argument or option", "default", "does"), [_row(_option(param)) for param in params])
    for inner, command in _commands(made).items():
        yield from _of_command(f"{name} {inner}", command)


def _option(param: Any) -> Option:
    form = option_form(param) if is_option(param) else argument_word(param).strip("[]")
    several = " (may be given several times)" if getattr(param, "multiple", False) else ""
    return Option(form, default_of(param), meaning_of(param) + several)


def _light(name: str) -> Iterator[str]:
    """Return the section of a command that is parsed by argparse."""
    parser = _parser(name)
    yield f"## podium {name}\n\n{plain(sentence(parser.description))}\n\n{code(f'podium {name} [OPTIONS]')}"
    yield table(("argument or option", "default", "does"), [_row(action) for action in _actions(parser)])


def _parser(name: str) -> Parser:
    found: Parser = import_module(f"podium.cli.commands.{name}").arguments()
    return found


def _actions(parser: Parser) -> list[Option]:
    """Return the options of a command that is parsed by argparse, those without `--help`."""
    return [_action(each) for each in parser.options if each.dest != "help"]


def _action(action: argparse.Action) -> Option:
    several = " (may be given several times)" if action.default == [] else ""
    return Option(light_form(action), "", (action.help or "") + several)


def _row(option: Option) -> tuple[str, str, str]:
    return code(option.form), code(option.default), plain(option.meaning)
