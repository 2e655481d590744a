"""A stand-in for a conductor that only lists: jobs and sheets with names that no score can have, but a foreign conductor might."""

import json
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def listing(path: Path, names: Sequence[str], *, answers: bool = True) -> Iterator[None]:
    """Answer on a socket with a running job and a completed sheet of each name; without `answers` take calls and say nothing."""
    jobs = [{"job_id": name, "job_name": f"name of {name}", "status": "running"} for name in names]
    sheets = [{"sheet": number, "name": name, "status": "completed"} for number, name in enumerate(names, 1)]
    results = {"job.list": {"jobs": [{"podium": job} for job in jobs]}, "job.status": {"podium_sheets": sheets}}
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen(16)
        server.settimeout(0.05)
        over, held = threading.Event(), list[socket.socket]()
        thread = threading.Thread(target=_serve, args=(server, results if answers else None, over, held))
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(10)
            for each in held:
                each.close()


def _serve(
    server: socket.socket, results: dict[str, Any] | None, over: threading.Event, held: list[socket.socket]
) -> None:
    while not over.is_set():
        try:
            peer, _ = server.accept()
        except TimeoutError:
            continue
        if results is None:
            held.append(peer)
            continue
        with peer, peer.makefile("rb") as lines:
            method = json.loads(lines.readline())["method"]
            peer.sendall(json.dumps({"jsonrpc": "2.0", "id": 1, "result": results[method]}).encode() + b"\n")
