"""The command line that a client runs: this very installation, led to the conductor that this command would use.

Clients give their servers HOME, PATH and little more, and a desktop program's PATH is short. So the command is written in full,
and a home or socket that HOME alone does not lead to is given as a flag.
"""

import os
import shutil
import sys
from pathlib import Path

from podium.settings import Settings


def server_command(settings: Settings) -> list[str]:
    """Return the command that serves the tools of this home and socket, with all paths absolute."""
    return [*_program(), "serve", *settings.flags]


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
