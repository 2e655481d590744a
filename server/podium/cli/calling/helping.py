"""The help of a command: how it is called in the words of its metavars, and its arguments and options without Python's types.

Only what runs a command or documents it imports this: it needs typer.
"""

from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from typer.core import TyperCommand

_LONG = 40  # letters of choices that still stand beside their option
_KINDS = {int: "NUMBER", float: "NUMBER", Path: "PATH"}


class Command(TyperCommand):
    """A command whose help is written for people."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return what follows the name in the usage line."""
        return ["[OPTIONS]", *(argument_word(param) for param in shown_params(self) if not is_option(param))]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments, and the options with what they take."""
        params = shown_params(self)
        arguments = [(argument_word(param).strip("[]"), meaning_of(param)) for param in params if not is_option(param)]
        options = [(option_form(param), meaning_of(param) + _default(param)) for param in params if is_option(param)]
        for title, rows in (("Arguments", arguments), ("Options", [*options, ("-h, --help", "show this help")])):
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


def shown_params(command: Any) -> list[Any]:
    """Return the arguments and options of a command that are no secret."""
    return [param for param in command.params if not getattr(param, "hidden", False)]


def is_option(param: Any) -> bool:
    """Return whether it is an option, and no argument."""
    return bool(param.opts[0].startswith("-"))


def argument_word(param: Any) -> str:
    """Return an argument as it stands in a usage line: JOB, JOB..., [SHEET]."""
    word = (param.metavar or _few_choices(param) or param.name.upper()).strip("[]")
    word = word if param.nargs == 1 else f"{word.removesuffix('...')}..."
    return word if param.required else f"[{word}]"


def option_form(param: Any) -> str:
    """Return an option with all its spellings, the short one first, and what it takes."""
    flags = ", ".join(sorted(param.opts, key=len))
    flags += f" / {', '.join(param.secondary_opts)}" if param.secondary_opts else ""
    return flags if getattr(param, "is_flag", False) else f"{flags} {_value_word(param)}"


def meaning_of(param: Any) -> str:
    """Return what an argument or option means, with its choices where they are many."""
    many = [] if param.metavar or _few_choices(param) else _choices(param.type_descriptor.annotation)
    return f"{param.help or ''} ({', '.join(many)})" if many else param.help or ""


def default_of(param: Any) -> str:
    """Return the default as it is typed; "" for none, and for a flag."""
    given = param.default
    has_one = given not in (None, False, (), [], "") and not callable(given) and not getattr(param, "is_flag", False)
    return str(given) if has_one else ""


def _default(param: Any) -> str:
    return f" [default: {default}]" if (default := default_of(param)) else ""


def _value_word(param: Any) -> str:
    if word := param.metavar or _few_choices(param):
        return str(word)
    annotation = param.type_descriptor.annotation
    if _choices(annotation):
        return str(param.name).upper()
    return next((_KINDS[kind] for kind in (annotation, *get_args(annotation)) if kind in _KINDS), "TEXT")


def _few_choices(param: Any) -> str:
    """Return the choices where they are short enough to stand in place of a word."""
    choices = "|".join(_choices(param.type_descriptor.annotation))
    return choices if len(choices) <= _LONG else ""


def _choices(annotation: Any) -> list[str]:
    if get_origin(annotation) is Literal:
        return [str(each) for each in get_args(annotation)]
    return [choice for part in get_args(annotation) for choice in _choices(part)]
