"""A unit of the user's own systemd: its log is the journal, and a stop or a restart ends nothing but the conductor itself."""

import os
from pathlib import Path

from podium.cli.commands.service.manager import MARK, Manager, State, ask
from podium.cli.commands.service.spec import Spec

UNIT = "podium.service"
USER = ["systemctl", "--user"]
TEMPLATE = """\
# {mark}; `podium service remove` takes it out again.
[Unit]
Description=Podium's conductor, which runs long jobs
StartLimitIntervalSec=300
StartLimitBurst=10

[Service]
Type=exec
ExecStart={command}
{environment}
# A stop or a restart ends the conductor alone; its keeper and the sheets go on, and the next conductor takes them over.
KillMode=process
# Each sheet gets a cgroup of its own below the unit's.
Delegate=yes
# A sheet that runs out of memory must not take the others with it.
OOMPolicy=continue
# After a crash, not after `podium stop`, nor where a setting is wrong: that does not mend itself.
Restart=on-failure
RestartSec=2
RestartPreventExitStatus=2

[Install]
WantedBy=default.target
"""


class Systemd(Manager):
    """The systemd of this user."""

    title = "a systemd unit of your user"

    @property
    def path(self) -> Path:
        """The unit file, where systemd looks for those of a user."""
        given = os.environ.get("XDG_CONFIG_HOME", "")
        folder = Path(given) if Path(given).is_absolute() else Path("~/.config").expanduser()
        return folder / "systemd/user" / UNIT

    @property
    def logs(self) -> str:
        """The command that shows the journal of the unit."""
        return f"journalctl --user -u {UNIT}"

    def text(self, spec: Spec) -> str:
        """Return the unit."""
        command = " ".join(_quoted(word) for word in spec.command)
        if "$" in command:  # of a folder: no variable, and to double it would name another program
            command = f":{command}"
        environment = "\n".join(_assigned(name, value) for name, value in spec.environment.items())
        return TEMPLATE.format(mark=MARK, command=command, environment=environment)

    def is_for(self, text: str, home: Path) -> bool:
        """Return whether the unit's conductor is that of a home."""
        return _assigned("PODIUM_HOME", str(home)) in text.splitlines()

    def state(self) -> State:
        """Ask systemd."""
        said = ask([*USER, "show", UNIT, "--property=UnitFileState,MainPID"])
        if said.code != 0:
            return State(None, None)
        facts = dict(line.partition("=")[::2] for line in said.text.splitlines())
        pid = facts.get("MainPID", "0")
        return State(facts.get("UnitFileState") == "enabled", int(pid) if pid.isdecimal() else 0)

    def starting(self, *, now: bool) -> list[list[str]]:
        """Return the commands that enable the unit."""
        return [[*USER, "daemon-reload"], [*USER, "enable", *(["--now"] if now else []), UNIT]]

    def stopping(self) -> list[list[str]]:
        """Return the command that disables the unit and stops it."""
        return [[*USER, "disable", "--now", UNIT]]

    def forgetting(self) -> list[list[str]]:
        """Return the commands that have systemd forget the unit, a failure of it too."""
        return [[*USER, "daemon-reload"]]

    def restart(self) -> list[str]:
        """Return the command that restarts the conductor, and nothing else."""
        return [*USER, "restart", UNIT]

    def start(self) -> list[str]:
        """Return the command that starts the unit."""
        return [*USER, "start", UNIT]


def _assigned(name: str, value: str) -> str:
    return f"Environment={_quoted(f'{name}={value}')}"


def _quoted(word: str) -> str:
    """Return a word as systemd reads it: in quotes, with its sign for specifiers doubled."""
    text = "".join(
        f"\\x{ord(each):02x}" if not each.isprintable() and ord(each) < 128 else each
        for each in word.replace("\\", "\\\\").replace('"', '\\"')
    )
    return f'"{text.replace("%", "%%")}"'
