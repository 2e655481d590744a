"""The place where a new conductor listens, and what is told when it cannot be the wanted one."""

import os
from pathlib import Path

from podium.cli.shared.probe import Health, health
from podium.cli.shared.strangers import check_place
from podium.errors import ConductorMismatch, ConductorNotRunning, PermissionDenied
from podium.home import SOCKET
from podium.places import holder
from podium.settings import SOCKET_PATH_LIMIT, Settings


def with_free_socket(settings: Settings) -> Settings:
    """Return the settings with a socket inside the home if another home, another program or another user has the default one.

    Raises:
        ConductorNotRunning: another home's conductor answers on the only socket that is wanted.
        ConductorMismatch: a program that is none of ours has it.
        PermissionDenied: another user has its place.
    """
    inside = settings.home / SOCKET
    try:
        check_place(settings)
        other = health(settings.socket)
        if other is not None and other.pid != holder(settings.home):  # that of this home keeps it, and says so itself
            raise _taken(settings, other)
    except (ConductorMismatch, ConductorNotRunning, PermissionDenied):
        if settings.socket_given or settings.socket == inside or len(os.fsencode(inside)) > SOCKET_PATH_LIMIT:
            raise
        return settings.model_copy(update={"socket": inside})
    return settings


def elsewhere(settings: Settings, found: Health, path: Path) -> ConductorNotRunning:
    """Return the error for a conductor of this home that does not listen where it was to."""
    return ConductorNotRunning(
        f"No conductor is running on {settings.socket}: that of {settings.home} (pid {found.pid}) listens on {path}.",
        fix="Use it where it is, without PODIUM_SOCKET or --socket; or run `podium stop` without them and then this again: "
        "running sheets go on.",
        pid=found.pid,
        socket=str(path),
    )


def _taken(settings: Settings, found: Health) -> ConductorNotRunning:
    return ConductorNotRunning(
        f"No conductor is running for {settings.home}: "
        f"the conductor (pid {found.pid}) answering on {settings.socket} belongs to another home.",
        fix="Set PODIUM_SOCKET to another path for this home, or set PODIUM_HOME to that conductor's home.",
        pid=found.pid,
    )
