"""A user with a home of their own, and a stand-in for the program that runs the services of users: it is no part of ours."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support import nursed, stand_in_systemctl


class Services:
    """Runs `podium` as a user whose `systemctl` is the stand-in, and says what that was asked."""

    def __init__(self, folder: Path) -> None:
        self.user, self.stand_in, programs = folder / "user", folder / "s", folder / "bin"
        for each in (self.user, self.stand_in, programs):
            each.mkdir()
        self.home = folder / "home"
        self.unit = self.user / ".config/systemd/user/podium.service"
        program = programs / "systemctl"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S -E "{stand_in_systemctl.__file__}" "$@"\n')
        program.chmod(0o755)
        self.environment = {
            "HOME": str(self.user),
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PODIUM_HOME": str(self.home),
            "PODIUM_CONFIG": os.devnull,
            "STAND_IN": str(self.stand_in),
        }

    def podium(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command as this user."""
        return subprocess.run(
            nursed.command("commands", *words),
            env={**self.environment, **more},
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )

    def systemctl(self, *words: str) -> None:
        """Ask the stand-in, as the system or the user would."""
        subprocess.run(["systemctl", "--user", *words], env=self.environment, check=True, timeout=100)

    @property
    def calls(self) -> list[str]:
        """What the stand-in was asked, but for questions."""
        path = self.stand_in / "calls"
        calls = path.read_text().splitlines() if path.exists() else []
        return [call for call in calls if not call.startswith("--user show")]

    def refuse(self, text: str) -> None:
        """Let the stand-in refuse whatever it is asked, with this text."""
        (self.stand_in / "refuse").write_text(text)
