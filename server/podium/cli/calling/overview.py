"""What `podium` and `podium --help` print, from the inventory alone: nothing is imported for it."""

from podium.cli.inventory import ALIASES, COMMANDS, GROUPS

ABOUT = "Run long jobs under a conductor, and let agents control them through MCP."
USAGE = "Usage: podium COMMAND [ARGUMENTS]"
OPTIONS = {"-h, --help": "Show this help; after a command, that of the command.", "-V, --version": "Print the version."}
BEGIN = "To begin: `podium start`, then `podium run -- CMD`."
FIRST = ("start", "run", "list", "logs", "status")  # what a first hour needs
_WIDTH = 13


def overview() -> str:
    """Return the whole help: every command in its group, one line each."""
    parts = [USAGE, "", ABOUT]
    for group, commands in GROUPS.items():
        parts += ["", f"{group}:", *(_line(_with_aliases(name), says) for name, says in commands.items())]
    parts += ["", "Options:", *(_line(name, says) for name, says in OPTIONS.items())]
    return "\n".join([*parts, "", "`podium help COMMAND` says how a command is called."])


def short_overview() -> str:
    """Return what is printed for `podium` alone: the commands to begin with."""
    lines = [_line(name, COMMANDS[name]) for name in FIRST if name in COMMANDS]
    return "\n".join([USAGE, "", ABOUT, "", *lines, "", BEGIN, "`podium --help` lists every command."])


def _with_aliases(name: str) -> str:
    return ", ".join([name, *(alias for alias, meant in ALIASES.items() if meant == name)])


def _line(name: str, says: str) -> str:
    return f"  {name:<{_WIDTH}}  {says}"
