"""Command lines that are wrong, as errors to raise: what is, and as the fix what is probably meant."""

from collections.abc import Sequence

from podium.cli.calling.words import command_for, command_instead
from podium.cli.terminal.door import in_line
from podium.errors import InvalidArguments


class WrongCall(InvalidArguments):
    """A command line is wrong. Its texts speak of commands, and quote what was typed."""

    def __init__(self, message: str, *, fix: str) -> None:
        super().__init__(in_line(message), fix=in_line(fix))


def unknown_command(word: str, rest: Sequence[str]) -> WrongCall:
    """Return that a command is unknown, and which one may be meant."""
    meant = command_for(word, rest)
    fix = f"Did you mean `{meant}`?" if meant else "`podium --help` lists the commands."
    return WrongCall(f"Unknown command {in_line(word)!r}.", fix=fix)


def wrong_option(word: str, known: Sequence[str]) -> WrongCall:
    """Return that an option before the command is unknown."""
    return WrongCall(
        f"Unknown option {in_line(word)!r}.",
        fix=f"Before a command there are {', '.join(known)}; other options follow it.",
    )


def unknown_option(command: str, word: str, near: Sequence[str]) -> WrongCall:
    """Return that a command has no such option, and which ones are near, the nearest first."""
    meant = "` or `".join(near[:2])
    fix = f"Did you mean `{meant}`?" if meant else f"`podium {command} --help` lists the options."
    return WrongCall(f"Unknown option {in_line(word)!r}.", fix=fix)


def wrong_call(command: str, arguments: Sequence[str], what: str) -> WrongCall:
    """Return what is wrong with the arguments of a command."""
    meant = command_instead(command, arguments)
    fix = f"Did you mean `{meant}`?" if meant else f"`podium {command} --help` shows how it is called."
    return WrongCall(what, fix=fix)
