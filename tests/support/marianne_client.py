"""A client as the Marianne conductor's own: a pool of connections that stay open, a probe before each call, nulls for all options."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, Self

POOL = 8
CALL_SECONDS = 30.0

# What it sends beside the path of the score: every member of its request, used or not.
SUBMITTED: dict[str, Any] = {
    "workspace": None,
    "fresh": False,
    "self_healing": False,
    "self_healing_auto_confirm": False,
    "start_sheet": None,
    "dry_run": False,
    "chain_depth": None,
    "client_cwd": None,
}


class MarianneClient:
    """Calls methods as that client does; use it as a context manager."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open = ExitStack()
        self._pool: list[socket.socket] = []
        self._sent = 0

    def __enter__(self) -> Self:
        self._pool = [self._open.enter_context(connected(self._path)) for _ in range(POOL)]
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def call(self, method: str, params: dict[str, Any] | None) -> dict[str, Any]:
        """Probe the conductor, make a call on the connection that has been idle for longest, and return its whole reply."""
        with connected(self._path) as probe:
            assert exchanged(probe, 1, "daemon.health", {})["result"]["status"] == "ok"
        self._sent += 1
        return exchanged(self._pool[self._sent % POOL], self._sent, method, params)

    def result(self, method: str, params: dict[str, Any] | None = None) -> Any:
        """Return the result of a call."""
        reply = self.call(method, params)
        assert "result" in reply, reply
        return reply["result"]

    def submit(self, score: Path, **options: Any) -> str:
        """Submit the score of a file, and return the id of its job."""
        reply = self.result("job.submit", {"config_path": str(score), **SUBMITTED, **options})
        assert reply["status"] == "accepted", reply
        return str(reply["job_id"])


@contextmanager
def connected(path: Path) -> Iterator[socket.socket]:
    """Yield a connection whose calls may take as long as that client waits."""
    with closing(socket.socket(socket.AF_UNIX)) as peer:
        peer.settimeout(CALL_SECONDS)
        peer.connect(str(path))
        yield peer


def exchanged(peer: socket.socket, number: int, method: str, params: dict[str, Any] | None) -> dict[str, Any]:
    """Send a request and return the next frame, which has to be its reply."""
    request = {"jsonrpc": "2.0", "method": method, "params": params, "id": number}
    peer.sendall(json.dumps(request).encode() + b"\n")
    reply = frame(peer)
    assert (reply["jsonrpc"], reply["id"]) == ("2.0", number)
    return reply


def frame(peer: socket.socket) -> dict[str, Any]:
    """Return the next frame of a peer that sends one at a time; {} at the end."""
    line = b""
    while not line.endswith(b"\n"):
        if not (part := peer.recv(1 << 16)):
            return {}
        line += part
    found: dict[str, Any] = json.loads(line)
    return found
