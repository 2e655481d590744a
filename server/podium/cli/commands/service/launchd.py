"""An agent of launchd, which runs the services of a user on a Mac."""

import os
import plistlib
import re
from pathlib import Path

from podium.cli.commands.service.manager import MARK, Manager, State, ask
from podium.cli.commands.service.spec import Spec

LABEL = "podium.conductor"
_PID = re.compile(r"^\s*pid = (\d+)$", re.MULTILINE)
_HEAD = '<plist version="1.0">\n'


class Launchd(Manager):
    """The launchd of this user."""

    title = "a launchd agent of your user"

    @property
    def path(self) -> Path:
        """The agent's property list, in the folder from which launchd loads them at login."""
        return Path("~/Library/LaunchAgents").expanduser() / f"{LABEL}.plist"

    @property
    def log(self) -> Path:
        """The file that gets what the conductor logs, where Console looks."""
        return Path("~/Library/Logs").expanduser() / f"{LABEL}.log"

    @property
    def logs(self) -> str:
        """The command that shows the end of the log."""
        return f'tail -f "{self.log}"'

    def text(self, spec: Spec) -> str:
        """Return the property list."""
        made = plistlib.dumps(
            {
                "Label": LABEL,
                "ProgramArguments": list(spec.command),
                "EnvironmentVariables": dict(spec.environment),
                "RunAtLoad": True,
                "KeepAlive": {"SuccessfulExit": False},
                "ProcessType": "Interactive",  # else the system throttles processor and disk, of the sheets too
                "AbandonProcessGroup": True,  # else a stop would end the keeper and the sheets
                "StandardOutPath": str(self.log),
                "StandardErrorPath": str(self.log),
            },
            sort_keys=False,
        ).decode()
        return made.replace(_HEAD, f"{_HEAD}<!-- {MARK}; `podium service remove` takes it out again. -->\n", 1)

    def is_for(self, text: str, home: Path) -> bool:
        """Return whether the agent's conductor is that of a home."""
        try:
            return bool(plistlib.loads(text.encode())["EnvironmentVariables"]["PODIUM_HOME"] == str(home))
        except (ValueError, LookupError, TypeError, plistlib.InvalidFileException):
            return False

    def state(self) -> State:
        """Ask launchd: what it has loaded, it also loads at each login."""
        said = ask(["launchctl", "print", _target()])
        if said.code is None:
            return State(None, None)
        found = _PID.search(said.text) if said.code == 0 else None
        return State(said.code == 0, int(found[1]) if found else 0)

    def starting(self, *, now: bool) -> list[list[str]]:
        """Return the commands that load the agent; without `now` the next login does."""
        loaded = self.state().enabled
        first = self.stopping() if loaded else []  # it reads a changed file only when it loads it anew
        return [*first, ["launchctl", "bootstrap", _domain(), str(self.path)]] if now else []

    def stopping(self) -> list[list[str]]:
        """Return the command that stops the agent and has it loaded no more in this session."""
        return [["launchctl", "bootout", _target()]]

    def forgetting(self) -> list[list[str]]:
        """Return nothing: an agent without its file is not loaded again."""
        return []

    def restart(self) -> list[str]:
        """Return the command that restarts the conductor."""
        return ["launchctl", "kickstart", "-k", _target()]

    def start(self) -> list[str]:
        """Return the command that loads the agent, which starts it."""
        return ["launchctl", "bootstrap", _domain(), str(self.path)]


def _domain() -> str:
    return f"gui/{os.getuid()}"


def _target() -> str:
    return f"{_domain()}/{LABEL}"
