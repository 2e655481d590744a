"""Command lines that are wrong: what is, in a line, and below it what is probably meant."""

from collections.abc import Sequence

from podium.cli.calling.words import command_for, command_instead
from podium.cli.shared.exits import Code
from podium.cli.terminal.door import in_line, line


def unknown_command(word: str, rest: Sequence[str]) -> Code:
    """Say that a command is unknown, and which one may be meant."""
    meant = command_for(word, rest)
    fix = f"Did you mean `{in_line(meant)}`?" if meant else "`podium --help` lists the commands."
    return _said(f"Unknown command {in_line(word)!r}.", fix)


def wrong_option(word: str, known: Sequence[str]) -> Code:
    """Say that an option before the command is unknown."""
    return _said(
        f"Unknown option {in_line(word)!r}.", f"Before a command there are {', '.join(known)}; other options follow it."
    )


def unknown_option(command: str, word: str, near: Sequence[str]) -> Code:
    """Say that a command has no such option, and which ones are near, the nearest first."""
    meant = "` or `".join(near[:2])
    fix = f"Did you mean `{meant}`?" if meant else f"`podium {command} --help` lists the options."
    return _said(f"Unknown option {in_line(word)!r}.", fix)


def wrong_call(command: str, arguments: Sequence[str], what: str) -> Code:
    """Say what is wrong with the arguments of a command."""
    meant = command_instead(command, arguments)
    fix = f"Did you mean `{in_line(meant)}`?" if meant else f"`podium {command} --help` shows how it is called."
    return _said(in_line(what), fix)


def _said(what: str, fix: str) -> Code:
    line(f"podium: {what}\n        {fix}", stderr=True)
    return Code.BAD_INPUT
