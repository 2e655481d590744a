"""The words of other tools, and slips of the pen, as the command of ours that is meant."""

import difflib
import shlex
from collections.abc import Sequence

from podium.cli.inventory import ALIASES, COMMANDS
from podium.cli.terminal.saying import COMMAND_OF

LEADS = {
    "ls": "list",
    "jobs": "list",
    "queue": "list",
    "squeue": "list",
    "sacct": "list",
    "history": "list",
    "images": "list",
    "add": "run",
    "submit": "run",
    "sbatch": "run",
    "srun": "run",
    "enqueue": "run",
    "exec": "run",
    "execute": "run",
    "create": "run",
    "new": "init",
    "inspect": "show",
    "describe": "show",
    "view": "show",
    "get": "show",
    "info": "show",
    "job": "show",
    "scontrol": "show",
    "why": "explain",
    "diagnose": "explain",
    "log": "logs",
    "output": "logs",
    "cat": "logs",
    "journalctl": "logs",
    "tail": "logs -f",
    "follow": "logs -f",
    "watch": "logs -f",
    "attach": "logs -f",
    "kill": "cancel",
    "abort": "cancel",
    "end": "cancel",
    "terminate": "cancel",
    "scancel": "cancel",
    "interrupt": "cancel",
    "kill-session": "cancel",
    "hold": "pause",
    "suspend": "pause",
    "freeze": "pause",
    "unpause": "resume",
    "continue": "resume",
    "cont": "resume",
    "release": "resume",
    "approve": "resume",
    "rerun": "retry",
    "restart": "retry",
    "redo": "retry",
    "requeue": "retry",
    "again": "retry",
    "delete": "rm",
    "remove": "rm",
    "del": "rm",
    "prune": "rm --ended",
    "clean": "rm --ended",
    "clear": "rm --ended",
    "purge": "rm --ended",
    "modify": "edit",
    "change": "edit",
    "update": "edit",
    "check": "validate",
    "lint": "validate",
    "verify": "validate",
    "test": "validate",
    "graph": "plan",
    "dag": "plan",
    "dry-run": "plan",
    "htop": "top",
    "stats": "top",
    "monitor": "top",
    "dashboard": "top",
    "gantt": "timeline",
    "config": "settings",
    "configure": "settings",
    "configuration": "settings",
    "set": "settings",
    "environment": "env",
    "up": "start",
    "pueued": "start",
    "daemon": "start",
    "conductor": "start",
    "down": "stop",
    "shutdown": "stop",
    "quit": "stop",
    "exit": "stop",
    "ping": "status",
    "health": "status",
    "enable": "service install",
    "disable": "service remove",
    "completions": "completion",
    "example": "demo",
    "examples": "demo",
    "mcp": "serve",
    "server": "serve",
    "setup": "install",
    "tools": "call",
    "tool": "call",
    "man": "help",
}
"""Word of pueue, docker, gh, systemctl, make, tmux, slurm and the like -> the words of our command."""

_SCORE_ENDINGS = (".yaml", ".yml")
_WITH_VALUE = ("--home", "--socket", "--log-level")  # of the commands that take no job
_LIKE = 0.7
_KNOWN = (*LEADS, *COMMAND_OF)


def command_for(word: str, rest: Sequence[str] = ()) -> str:
    """Return the whole command that an unknown word may mean, with the arguments that follow it; "" if none is near."""
    if word == "restart" and not rest:
        return "podium stop`, then `podium start"
    if slip := difflib.get_close_matches(word, [*COMMANDS, *ALIASES], n=1, cutoff=_LIKE) if word not in _KNOWN else []:
        return shlex.join(["podium", *slip, *rest])
    for each in [word] if word in _KNOWN else difflib.get_close_matches(word, _KNOWN, n=1, cutoff=_LIKE):
        found = COMMAND_OF.get(each) or LEADS[each]
        return _typed(found, rest)
    having = [tool for tool in COMMAND_OF if word in tool.split("_")]
    return "` or `".join(f"podium call {tool}" for tool in having[:3])


def command_instead(command: str, arguments: Sequence[str]) -> str:
    """Return what may be meant by a job or a score after a command of the conductor that takes none; "" for anything else."""
    words = [
        word
        for before, word in zip(("", *arguments), arguments, strict=False)
        if not word.startswith("-") and before not in _WITH_VALUE
    ]
    is_score = bool(words) and words[0].endswith(_SCORE_ENDINGS)
    meant = {"start": "run" if is_score else "resume", "stop": "cancel", "status": "show", "version": "help"}.get(
        command
    )
    return _typed(meant, words) if meant in COMMANDS and words else ""


def _typed(words: str, rest: Sequence[str]) -> str:
    """Return a command with what followed the word, if that is plain: options of another tool mean something else here."""
    plain = all(word and not word.startswith("-") for word in rest)
    return " ".join(["podium", words, *(shlex.quote(word) for word in rest if plain)])
