"""Command lines that are wrong, as errors to raise: what is, and as the fix what is probably meant."""

import re
from collections.abc import Sequence

from podium.cli.calling.meant import command_for, command_instead, near
from podium.cli.calling.words import ALL_OF, ANYWHERE, LEADS, NOTES, OPTIONS
from podium.cli.terminal.door import in_line
from podium.errors import InvalidArguments

_NEAR = 0.6
_CHOICE = re.compile(r"(?s).*: '(?P<given>[^']*)' is not one of (?P<choices>.*)")
_MISSING = {"JOB": "Name one: `podium list` shows them.", "SCORE": "Name a score; `podium init` writes a first one."}


class WrongCall(InvalidArguments):
    """A command line is wrong. Its texts speak of commands, and quote what was typed."""

    def __init__(self, message: str, *, fix: str) -> None:
        super().__init__(in_line(message), fix=in_line(fix))


def unknown_command(word: str, rest: Sequence[str]) -> WrongCall:
    """Return that a command is unknown, and which one may be meant."""
    setting = "set" if "set" in rest[:1] and LEADS.get(word) == "settings" else word
    fix = NOTES.get(setting) or _meant(command_for(word, rest)) or "`podium --help` lists the commands."
    return WrongCall(f"Unknown command {in_line(word)!r}.", fix=fix)


def wrong_option(word: str, known: Sequence[str]) -> WrongCall:
    """Return that an option before the command is unknown."""
    return WrongCall(
        f"Unknown option {in_line(word)!r}.",
        fix=f"Before a command there are {', '.join(known)}; other options follow it.",
    )


def unknown_option(command: str, arguments: Sequence[str], word: str, likely: Sequence[str]) -> WrongCall:
    """Return that a command has no such option, and which ones are near, the nearest first."""
    ours = OPTIONS.get(command, {}).get(word, ANYWHERE.get(word))
    words = [each for each in arguments if not each.startswith("-")]
    if ours == "":
        fix = "Leave it out: that is what the command does."
    elif word == "--all" and command in ALL_OF:
        fix = _meant(f"podium {command} $(podium list -q --status {ALL_OF[command]})")
    elif command == "run" and words and (meant := command_instead(command, arguments, word)):
        fix = _meant(meant)
    else:
        names = {each.lstrip("-"): each for each in likely}
        fix = _meant(ours or "` or `".join(names[each] for each in near(word.lstrip("-"), names, _NEAR)[:2]))
    return WrongCall(f"Unknown option {in_line(word)!r}.", fix=fix or f"`podium {command} --help` lists the options.")


def wrong_call(command: str, arguments: Sequence[str], what: str) -> WrongCall:
    """Return what is wrong with the arguments of a command."""
    fix = _meant(command_instead(command, arguments)) or _choice(what)
    if command == "settings" and "set" in arguments:
        fix = NOTES["set"]
    if what.startswith("Missing argument "):
        fix = next((says for name, says in _MISSING.items() if f"'{name}" in what), fix)
    return WrongCall(what, fix=fix or f"`podium {command} --help` shows how it is called.")


def _choice(what: str) -> str:
    """Return which of the choices that a text names is near to what was given."""
    if (found := _CHOICE.fullmatch(what)) is None:
        return ""
    choices = re.findall(r"'([^']*)'", found["choices"])
    begun = [each for each in choices if each.startswith(found["given"])]
    return _meant("` or `".join((begun or near(found["given"], choices, _NEAR))[:2]))


def _meant(command: str) -> str:
    return f"Did you mean `{command}`?" if command else ""
