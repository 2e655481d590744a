"""How a command is called: its options, and what each of them and each argument takes, from the command itself."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

from podium.cli import LIGHT

_PLACES = ("SCORE", "FOLDER", "HOME", "WORKSPACE")  # paths of which more is known


class Takes(NamedTuple):
    """A value: its label in the help, such as "JOB" or "SCORE|JOB", and the only values that it can have, if these are known."""

    label: str
    choices: tuple[str, ...] = ()


class Option(NamedTuple):
    """An option with all its spellings. `takes` is None for a flag."""

    flags: tuple[str, ...]
    says: str
    takes: Takes | None


@dataclass
class Shape:
    """The options and arguments of a command; the last argument may be given again and again with `repeats`."""

    options: list[Option] = field(default_factory=list)
    arguments: list[Takes] = field(default_factory=list)
    repeats: bool = False

    def option(self, flag: str) -> Option | None:
        """Return the option with this spelling."""
        return next((each for each in self.options if flag in each.flags), None)


def shape_of(name: str) -> Shape:
    """Return how a command is called."""
    return _of_argparse(name) if name in LIGHT else _of_typer(name)


def _of_argparse(name: str) -> Shape:
    """Return how a command that starts without typer is called: it takes options only."""
    found = Shape()
    for each in import_module(f"podium.cli.commands.{name}").arguments().options:
        takes = Takes(_label(each.metavar or each.dest, each.type), tuple(each.choices or ()))
        found.options.append(Option(tuple(each.option_strings), each.help or "", None if each.nargs == 0 else takes))
    return found


def _of_typer(name: str) -> Shape:
    from typer.main import get_command

    from podium.cli.app import application

    made = application(name)
    function = made.registered_commands[0].callback
    hints = get_type_hints(function) if function else {}
    found = Shape([Option(("-h", "--help"), "Show this help.", None)])
    for param in get_command(made).params:
        kind = hints.get(param.name or "")
        takes = Takes(_label(getattr(param, "metavar", None) or param.name or "", kind), tuple(_choices(kind)))
        if param.param_type_name == "argument":
            found.arguments.append(takes)
            found.repeats = param.nargs == -1
        elif not getattr(param, "hidden", False):
            flags, says = (*param.opts, *param.secondary_opts), getattr(param, "help", None) or ""
            found.options.append(Option(flags, says, None if getattr(param, "is_flag", False) else takes))
    return found


def _label(word: str, kind: Any) -> str:
    """Return what a value is called, in capitals and without the marks of what may be left out or repeated."""
    label = word.strip("[]").removesuffix("...").upper()
    return "FILE" if _has(kind, Path) and label not in _PLACES else label


def _choices(kind: Any) -> Sequence[str]:
    if get_origin(kind) is Literal:
        return [str(each) for each in get_args(kind)]
    return [each for inner in get_args(kind) for each in _choices(inner)]


def _has(kind: Any, wanted: type) -> bool:
    return kind is wanted or any(_has(inner, wanted) for inner in get_args(kind))
