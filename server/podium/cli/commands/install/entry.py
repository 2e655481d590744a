"""The command line that a client runs: this very installation, led to the conductor that this command would use.

Clients give their servers HOME, PATH and little more, and a desktop program's PATH is short. So the command is written in full,
and a home or socket that HOME alone does not lead to is given as a flag.
"""

import os
import re
import shlex
import shutil
import sys
from pathlib import Path

from podium.errors import InvalidArguments
from podium.settings import Settings

# No terminal; a question that nobody can answer, such as for a password, is a failure; a connection that is dead is noticed.
SSH = ("ssh", "-T", "-o", "BatchMode=yes", "-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=3")
_IN_NO_HOST = re.compile(r"""[\s'"`$;&<>|(){}]""")  # what ssh refuses in a host and in a user's name


def server_command(settings: Settings) -> list[str]:
    """Return the command that serves the tools of this home and socket, with all paths absolute."""
    return [*_program(), "serve", *settings.flags]


def remote_command(host: str, home: Path | None, socket: Path | None) -> list[str]:
    """Return the command that serves the tools of another machine over ssh; the home and the socket are there.

    Raises:
        InvalidArguments: this can be no host.
    """
    if not _may_be_host(host):
        raise InvalidArguments(
            f"--ssh {host!r}: this is not a host.",
            fix="Give one name that `ssh NAME` connects to: me@cluster, ssh://me@cluster:2222 or a Host of ~/.ssh/config; "
            "options of ssh belong in that file.",
        )
    flags = [word for name, path in (("--home", home), ("--socket", socket)) if path for word in (name, str(path))]
    return [*SSH, host, "podium", "serve", *map(shlex.quote, flags)]


def _may_be_host(text: str) -> bool:
    """Return whether ssh would take a word for the place to connect to, by its name alone."""
    name = text.removeprefix("ssh://").rpartition("@")[2]
    is_word = text.isprintable() and not _IN_NO_HOST.search(text)
    return bool(name) and is_word and not text.startswith("-") and not name.startswith("-")


def server_environment() -> dict[str, str]:
    """Return the variables that an entry needs: the settings file, which has no flag, where one was named."""
    config = os.environ.get("PODIUM_CONFIG")
    return {"PODIUM_CONFIG": str(Path(config).expanduser().absolute())} if config else {}


def _program() -> list[str]:
    """Return the installed command; where there is none, this interpreter with our package."""
    called, beside = Path(sys.argv[0]), Path(sys.executable).with_name("podium")
    for path in (called if called.name == "podium" else beside, beside, Path(shutil.which("podium") or "/nowhere")):
        if path.is_file() and os.access(path, os.X_OK):
            return [str(path.absolute())]
    return [sys.executable, "-P", "-m", "podium"]
