"""Whether a conductor answers, asked with nothing but a socket, and whether its process lives."""

import json
import socket
from dataclasses import dataclass
from pathlib import Path

PROBE_SECONDS = 2.0
MAX_ANSWER_BYTES = 65536
REQUEST = b'{"jsonrpc":"2.0","id":1,"method":"daemon.health","params":{}}\n'


@dataclass(frozen=True)
class Health:
    """What `daemon.health` said."""

    pid: int
    shutting_down: bool
    store_trouble: str = ""


def health(path: Path) -> Health | None:
    """Ask the conductor on `path` for its health; None if none answers."""
    try:
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(PROBE_SECONDS)
            peer.connect(str(path))
            peer.sendall(REQUEST)
            with peer.makefile("rb") as lines:
                answer = json.loads(lines.readline(MAX_ANSWER_BYTES))["result"]
        return Health(int(answer["pid"]), bool(answer.get("shutting_down")), str(answer.get("store_trouble") or ""))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and only waits for its parent to collect it does not."""
    import psutil

    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
