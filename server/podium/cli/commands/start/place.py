"""The place where a new conductor listens, and what is told when it cannot be the wanted one."""

import os
import shlex
from pathlib import Path

from podium.cli.shared.probe import Health, ask, config, health
from podium.cli.shared.strangers import check_place
from podium.errors import ConductorMismatch, ConductorNotRunning, PermissionDenied
from podium.home import SOCKET
from podium.places import Recorded, holder, is_held, recorded
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


def check_is_no_copy(settings: Settings) -> None:
    """Refuse a home that is a copy of another one whose conductor runs: both would run the sheets that had not begun.

    Raises:
        ConductorNotRunning: it is one.
        PermissionDenied: another user could have written what the home says.
    """
    found = recorded(settings.home)
    # Asked again after the look at the lock: the conductor of this very home may have ended just before.
    if found is None or not (pid := _pid_of(found)) or is_held(settings.home) or _pid_of(found) != pid:
        return
    original = str(config(found.socket).get("home", settings.home))
    # A home that was put into the place of another one is not found by the commands of that one's conductor.
    stop = shlex.join(["kill", str(pid)] if original == str(settings.home) else ["podium", "stop", "--home", original])
    raise ConductorNotRunning(
        f"No conductor is running for {settings.home}: it is a copy of the home of the conductor (pid {pid}) on {found.socket}. "
        "With two of them each sheet that had not begun when it was copied would run twice.",
        fix=f"Use that conductor's home. For the copy to take its place: `{stop}`, copy it again if it was copied before that, "
        "and start only the copy. For other jobs name a home that does not exist yet.",
        pid=pid,
        socket=str(found.socket),
    )


def _pid_of(found: Recorded) -> int:
    """Return the pid of the conductor that listens where a home says, and is one of this home or of its copy; 0 if none is."""
    try:
        status = ask(found.socket, "daemon.status")
        return int(status["pid"]) if status.get("home_id") == found.home_id else 0
    except (PermissionDenied, OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return 0


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
