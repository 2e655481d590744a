"""The page about the command line: every command with its arguments and options, from the functions that are run."""

import argparse
from collections.abc import Iterator
from importlib import import_module
from typing import Any, Literal, NamedTuple, get_args, get_origin
from unittest.mock import patch

import typer.main

from podium.cli import LIGHT
from podium.cli.app import application
from podium.cli.inventory import ALIASES, COMMANDS, GROUPS
from podium.cli.shared.answers import ANSWERS
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


class _Parsing(Exception):
    """Carries the parser of a command out of it, before it parses anything."""


def commands_page() -> str:
    """Return the page."""
    groups = [part for group, commands in GROUPS.items() for part in (f"## {group}", _overview(commands))]
    sections = [part for name in COMMANDS for part in (_light(name) if name in LIGHT else _section(name))]
    return document("Command line", _INTRO, *groups, *sections)


def _overview(commands: dict[str, str]) -> str:
    rows = [(f"[`podium {name}`](#{anchor(name)})", plain(says)) for name, says in commands.items()]
    return table(("command", "does"), rows)


def options(name: str) -> set[str]:
    """Return the options of a command, each in all of its forms."""
    if name in LIGHT:
        return {form for action in _parser(name)._actions for form in action.option_strings}
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
    params = [param for param in made.params if not getattr(param, "hidden", False)]
    usage = " ".join([f"podium {name}", *(_form(param) for param in params if not _is_option(param))])
    options = " [OPTIONS]" if any(_is_option(param) for param in params) else ""
    yield f"## podium {name}\n\n{plain(sentence(made.help))}\n\n{code(usage + options)}"
    yield table(("argument or option", "default", "does"), [_row(_option(param)) for param in params])
    for inner, command in _commands(made).items():
        yield from _of_command(f"{name} {inner}", command)


def _is_option(param: Any) -> bool:
    return bool(param.opts[0].startswith("-"))


def _option(param: Any) -> Option:
    given, choices = param.default, _choices(param.type_descriptor.annotation)
    plain_default = given not in (None, False, (), [], "") and not callable(given)
    return Option(
        _form(param) if not _is_option(param) else ", ".join([*param.opts[:-1], f"{param.opts[-1]}{_value(param)}"]),
        str(given) if plain_default and not getattr(param, "is_flag", False) else "",
        (param.help or "")
        + ("" if _is_option(param) or not choices else f": {', '.join(choices)}")
        + (" (may be given several times)" if getattr(param, "multiple", False) else ""),
    )


def _form(param: Any) -> str:
    """Return an argument as the usage line has it."""
    name = (param.metavar or param.name.upper()).strip("[]").removesuffix("...") + ("..." if param.nargs != 1 else "")
    return name if param.required else f"[{name}]"


def _value(param: Any) -> str:
    if getattr(param, "is_flag", False):
        return ""
    return (
        f" {param.metavar or '|'.join(_choices(param.type_descriptor.annotation)) or param.opts[-1].strip('-').upper()}"
    )


def _choices(annotation: Any) -> list[str]:
    if get_origin(annotation) is Literal:
        return [str(each) for each in get_args(annotation)]
    return [choice for part in get_args(annotation) for choice in _choices(part)]


def _light(name: str) -> Iterator[str]:
    """Return the section of a command that is parsed by argparse."""
    parser = _parser(name)
    yield f"## podium {name}\n\n{plain(sentence(parser.description))}\n\n{code(f'podium {name} [OPTIONS]')}"
    shown = [action for action in parser._actions if action.help != argparse.SUPPRESS and action.dest != "help"]
    yield table(("argument or option", "default", "does"), [_row(_action(action)) for action in shown])


def _parser(name: str) -> argparse.ArgumentParser:
    def parse(self: argparse.ArgumentParser, *_: Any) -> None:
        raise _Parsing(self)

    with patch.object(argparse.ArgumentParser, "parse_args", parse):
        try:
            import_module(f"podium.cli.commands.{name}").main([])
        except _Parsing as found:
            return found.args[0]  # type: ignore[no-any-return]
    raise LookupError(f"{name} parses nothing")


def _action(action: argparse.Action) -> Option:
    value = f" {action.metavar or '|'.join(action.choices or ()) or action.dest.upper()}" if action.nargs != 0 else ""
    several = " (may be given several times)" if action.default == [] else ""
    return Option(", ".join(action.option_strings) + value, "", (action.help or "") + several)


def _row(option: Option) -> tuple[str, str, str]:
    return code(option.form), code(option.default), plain(option.meaning)
