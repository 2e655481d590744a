"""What a service has to run: the conductor of one home, with the places and the PATH that this command found."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from podium.settings import OF_A_SHEET, Settings

CARRIED = ("PODIUM_HOME", "PODIUM_SOCKET", "PODIUM_CONFIG", "PATH")


@dataclass(frozen=True)
class Spec:
    """The command of a service and the variables that it adds to what the system gives it."""

    home: Path
    command: tuple[str, ...]
    environment: Mapping[str, str]


def spec_of(settings: Settings) -> Spec:
    """Return what runs the conductor of these settings, as `podium start` would here and now.

    With -P a folder podium in the folder where the system starts it is not taken for ours.
    """
    given = {
        "PODIUM_HOME": str(settings.home),
        "PODIUM_SOCKET": str(settings.socket) if settings.socket_given else "",
        "PODIUM_CONFIG": os.environ.get("PODIUM_CONFIG", ""),
        "PATH": os.environ.get("PATH", os.defpath),
    }
    command = (sys.executable, "-P", "-m", "podium", "start", "--foreground")
    return Spec(settings.home, command, {name: value for name, value in given.items() if value})


def left_out() -> list[str]:
    """Return the names of the settings in this environment that a service does not get: they belong into the settings file."""
    of_settings = {f"PODIUM_{name.upper()}" for name in Settings.model_fields} - {*CARRIED, *OF_A_SHEET}
    return sorted(name for name in of_settings if os.environ.get(name))
