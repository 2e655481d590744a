"""`python -m tests.fuzz.witness SOCKET [SCORE]`: a well-behaved client that asks until its stdin ends.

It asks for the conductor's health or, if a score is given, whether that is valid.

It runs in a process of its own, so that it waits for nobody but the conductor. The last line it writes says how long.
"""

import json
import select
import socket
import statistics
import sys
import time
from typing import Any

PAUSE_SECONDS = 0.005
SECONDS = 60.0  # it gives up after that
_HEALTH: dict[str, Any] = {"id": 1, "method": "daemon.health"}
_NEW_EVERY = 10


def _connect(path: str) -> socket.socket:
    peer = socket.socket(socket.AF_UNIX)
    peer.settimeout(SECONDS)
    peer.connect(path)
    return peer


def _ask(peer: socket.socket, request: dict[str, Any]) -> None:
    peer.sendall(json.dumps(request).encode() + b"\n")
    reply = b""
    while not reply.endswith(b"\n"):
        part = peer.recv(65536)
        if not part:
            raise ConnectionError("the conductor closed a good client's connection")
        reply += part
    result = json.loads(reply)["result"]
    if result.get("status", "ok") != "ok" or not result.get("valid", True):
        raise ConnectionError(f"the conductor is not well: {reply!r}")


def main(path: str, score: str = "") -> None:
    """Ask again and again, every tenth time over a new connection."""
    request = _HEALTH
    taken: list[tuple[float, float]] = []
    with _connect(path) as kept:
        while not select.select([sys.stdin], [], [], PAUSE_SECONDS)[0]:
            if score:  # new each time: a score that was compiled lately needs no reader
                params = {"config_content": f"{score}# {len(taken)}\n", "client_cwd": "/"}
                request = {"id": 1, "method": "job.validate", "params": params}
            begun = time.monotonic()
            if len(taken) % _NEW_EVERY:
                _ask(kept, request)
            else:
                with _connect(path) as peer:
                    _ask(peer, request)
            taken.append((time.monotonic() - begun, begun))
    longest, at = max(taken)
    median = statistics.median(seconds for seconds, _ in taken)
    print(json.dumps({"asked": len(taken), "median": median, "longest": longest, "at": at}))


if __name__ == "__main__":
    main(*sys.argv[1:])
