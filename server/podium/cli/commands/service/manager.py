"""What the two kinds of services have in common: a file of ours, and a program of the system that is told about it."""

import os
import subprocess
from abc import ABC, abstractmethod
from pathlib import Path
from typing import NamedTuple

from podium.cli.commands.service.spec import Spec
from podium.errors import PermissionDenied
from podium.privacy.files import replace_own

MARK = "Written by `podium service install`"
COMMAND_SECONDS = 90.0  # the longest that the system may take to stop a conductor


class Said(NamedTuple):
    """What a program of the system said. `code` is None if it is not there, or does not end."""

    code: int | None
    text: str


class State(NamedTuple):
    """What the system says of the service: `enabled` and `pid` (0: it does not run) are None if it cannot be asked."""

    enabled: bool | None
    pid: int | None


class Manager(ABC):
    """A system's way to run services of a user."""

    title: str

    @property
    @abstractmethod
    def path(self) -> Path:
        """The file that says what is run."""

    @property
    @abstractmethod
    def logs(self) -> str:
        """The command that shows what the service logs."""

    @abstractmethod
    def text(self, spec: Spec) -> str:
        """Return the file's text."""

    @abstractmethod
    def is_for(self, text: str, home: Path) -> bool:
        """Return whether a file of ours runs the conductor of this home."""

    @abstractmethod
    def state(self) -> State:
        """Ask the system what it knows of the service."""

    @abstractmethod
    def starting(self, *, now: bool) -> list[list[str]]:
        """Return the commands that have it started at each login, and `now` too."""

    @abstractmethod
    def stopping(self) -> list[list[str]]:
        """Return the commands that stop it, and have it started no more."""

    @abstractmethod
    def forgetting(self) -> list[list[str]]:
        """Return the commands for when the file is gone."""

    @abstractmethod
    def restart(self) -> list[str]:
        """Return the command that puts a changed file into effect."""

    @abstractmethod
    def start(self) -> list[str]:
        """Return the command that starts what is installed."""

    def written(self) -> str | None:
        """Return the text of the file, None if there is none.

        Raises:
            PermissionDenied: it is not ours to change.
        """
        if self.path.is_symlink():
            raise _not_ours(self.path, "is a link")
        if not self.path.exists():
            return None
        text = self.path.read_text("utf-8", errors="replace")
        if MARK not in text:
            raise _not_ours(self.path, "was not written by `podium service install`")
        return text

    def write(self, text: str) -> None:
        """Write the file, whole or not at all.

        Raises:
            OSError: it cannot be written.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        replace_own(self.path, draft, text.encode(), synced=False)


def ask(command: list[str]) -> Said:
    """Run a program of the system and return what it said."""
    try:
        done = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, errors="replace", timeout=COMMAND_SECONDS, check=False
        )
    except FileNotFoundError:
        return Said(None, f"there is no {command[0]} here")
    except OSError as error:
        return Said(None, error.strerror or str(error))
    except subprocess.TimeoutExpired:
        return Said(None, f"it did not end within {COMMAND_SECONDS:.0f} s")
    return Said(done.returncode, (done.stdout + done.stderr).strip())


def _not_ours(path: Path, why: str) -> PermissionDenied:
    return PermissionDenied(
        f"{path} {why}; it is left as it is.",
        fix="Remove it, or take what you need from `podium service install --print`.",
        path=str(path),
    )
