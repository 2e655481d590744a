"""Which conductor answers, asked with nothing but a socket, and whether its process lives."""

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from podium.errors import PermissionDenied
from podium.places import holder
from podium.privacy.peers import check_peer, credentials
from podium.privacy.way import check_socket
from podium.settings import Settings

PROBE_SECONDS = 2.0
MARIANNE = "marianne"  # a conductor that does not name its product
MAX_ANSWER_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Health:
    """What `daemon.health` said."""

    pid: int
    shutting_down: bool
    store_trouble: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)  # what decides which programs its sheets find


@dataclass(frozen=True)
class Listening:
    """Who listens on a socket: a conductor with its product and version, or, without them, a process that does not say."""

    pid: int | None
    product: str = ""
    version: str = ""

    @property
    def is_podium(self) -> bool:
        """Whether it is a conductor of ours."""
        return self.product == "podium"


def listening(path: Path) -> Listening | None:
    """Return who listens on `path`, whether it answers or not; None if nobody does.

    Raises:
        PermissionDenied: another user's process listens there, or could.
    """
    check_socket(path)
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(PROBE_SECONDS)
        try:
            peer.connect(str(path))
        except (TimeoutError, BlockingIOError):  # its queue is full
            return Listening(None)
        except OSError:
            return None
        pid = credentials(peer)[1]
        try:
            status = _exchange(peer, path, "daemon.status", {})
            return Listening(int(status["pid"]), str(status.get("product", MARIANNE)), str(status["version"]))
        except PermissionDenied:
            raise
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return Listening(pid)


def health(path: Path) -> Health | None:
    """Ask the conductor on `path` for its health; None if none answers.

    Raises:
        PermissionDenied: another user's process listens there, or could.
    """
    try:
        answer = ask(path, "daemon.health")
        trouble = str(answer.get("store_trouble") or "")
        environment = {str(name): str(value) for name, value in dict(answer.get("environment") or {}).items()}
        return Health(int(answer["pid"]), bool(answer.get("shutting_down")), trouble, environment)
    except PermissionDenied:
        raise
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def running(settings: Settings) -> tuple[Health, Path] | None:
    """Return the conductor that holds the home, and where it answers; None if it answers nowhere that is known.

    Raises:
        PermissionDenied: another user's process listens on the socket that was given, or the home is not ours alone.
    """
    for path in dict.fromkeys([settings.socket, *settings.home_sockets().sockets]):
        try:
            found = health(path)
        except PermissionDenied:
            if settings.socket_given and path == settings.socket:
                raise
            continue  # whoever is at a place that was only guessed is no concern of ours
        if found and holder(settings.home) == found.pid:
            return found, path
    return None


def processes(path: Path) -> list[dict[str, Any]]:
    """Ask the conductor on `path` for the processes that work for it; none if it does not say."""
    try:
        return list(ask(path, "daemon.status")["processes"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return []


def config(path: Path) -> dict[str, Any]:
    """Ask the conductor on `path` for its settings; none if it does not say."""
    try:
        return dict(ask(path, "daemon.config"))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}


def ask(path: Path, method: str, params: Mapping[str, Any] | None = None) -> Any:
    """Ask the conductor on `path`, and return its result.

    Raises:
        OSError: none answers in time.
        PermissionDenied: another user's process listens there, or could.
        ValueError, KeyError, TypeError, RecursionError: it answered something else, or with an error.
    """
    check_socket(path)
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(PROBE_SECONDS)
        peer.connect(str(path))
        return _exchange(peer, path, method, params or {})


def _exchange(peer: socket.socket, path: Path, method: str, params: Mapping[str, Any]) -> Any:
    """Return the result of one request to the peer behind `path`. Raises as `ask`."""
    check_peer(peer, path)
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": dict(params)}
    peer.sendall(json.dumps(request).encode() + b"\n")
    with peer.makefile("rb") as lines:
        return json.loads(lines.readline(MAX_ANSWER_BYTES))["result"]


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and only waits for its parent to collect it does not."""
    import psutil

    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
