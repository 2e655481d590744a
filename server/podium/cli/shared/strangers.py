"""Whose the place is where a conductor of ours is to listen: that of a foreign one is never taken, whether it answers or not."""

import shlex
from pathlib import Path

from podium.cli.shared.probe import Listening, listening
from podium.errors import ConductorMismatch
from podium.places import default_socket, holder
from podium.privacy.leftovers import left_by_us
from podium.settings import Settings


def check_place(settings: Settings) -> None:
    """Refuse a socket that is not for us.

    Raises:
        ConductorMismatch: a foreign conductor answers there, a process listens and does not answer, or a file of one is left.
        PermissionDenied: another user's process listens there, or could.
    """
    path, instead = settings.socket, _command_with_own_socket(settings)
    if found := stranger(settings):
        who = said_of(found, path)
        raise ConductorMismatch(
            f"Nothing was done: {who}, and keeps it.",
            fix=f"Try again without PODIUM_SOCKET and --socket, or run `{instead}`: a conductor of ours has a socket of its own.",
            socket=str(path),
            product=found.product,
            version=found.version,
            pid=found.pid,
        )
    if is_left_by_another(path):
        raise ConductorMismatch(
            f"Nothing was done: another program has left the socket file {path}, and may come back.",
            fix=f"Try again without PODIUM_SOCKET and --socket, or run `{instead}`. "
            f"If that program is gone for good: rm {shlex.quote(str(path))}",
            socket=str(path),
        )


def stranger(settings: Settings) -> Listening | None:
    """Return who listens on the socket of the settings and is no Podium conductor, None if nobody does.

    The conductor of this home is none, though it may be too busy to answer. Raises as `listening`.
    """
    found = listening(settings.socket)
    if found is None or found.is_podium or (found.pid is not None and found.pid == holder(settings.home)):
        return None
    return found


def said_of(found: Listening, path: Path) -> str:
    """Return in words who has a socket."""
    if found.product:
        return f"the {found.product.capitalize()} conductor {found.version} (pid {found.pid}) answers on {path}"
    return (
        f"a process (pid {found.pid or 'unknown'}) listens on {path} and does not say who it is, "
        "as a Marianne conductor does while its five connections are taken"
    )


def is_left_by_another(path: Path) -> bool:
    """Return whether a socket file is there that our conductor did not make. Ask it only where nobody listens."""
    return path.is_socket() and not left_by_us(path)


def _command_with_own_socket(settings: Settings) -> str:
    """Return the command that starts a conductor of this home on the socket that is its own, whatever PODIUM_SOCKET says."""
    own = default_socket(settings.home)
    home = settings.model_copy(update={"socket": own}).flags
    return shlex.join(["podium", "start", *home, "--socket", str(own)])
