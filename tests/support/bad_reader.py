"""A reader that does to itself what a request for profiles names as their folder; a nursery forks it."""

import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

from podium.reader import requests, work, worker, zygote


def _spin() -> None:
    while True:
        pass


def _work() -> None:
    """Take more of the processor than a quick request, and less than kills."""
    until = time.process_time() + 0.15
    while time.process_time() < until:
        pass


def _recurse() -> None:
    _recurse()


_well_behaved = worker.serve
_connection: list[socket.socket] = []  # of this worker, for those that answer with their own bytes


def _serve(connection: socket.socket, seconds: float) -> None:
    _connection.append(connection)
    _well_behaved(connection, seconds)


def _send(data: bytes) -> None:
    _connection[0].sendall(data)


def _message(head: bytes) -> bytes:
    return requests.SIZES.pack(len(head), 0) + head


def _send_half() -> None:
    _send(_message(b"x" * 1000)[:500])
    os._exit(0)


def _send_for_ever() -> None:
    while True:
        _send(_message(b'{"number":0}') * 1000)


def _promise() -> None:
    """Announce an answer that never comes whole, and live on."""
    _send(_message(b"x" * 1000)[:500])
    time.sleep(60)


def _stay(what: str, file: Path) -> None:
    """Stay until the file exists; or make it and stay for good, the first time."""
    if what == "once" and not file.exists():
        file.touch()
        time.sleep(60)
    while not file.exists():
        time.sleep(0.02)


ACTS: dict[str, Callable[[], object]] = {
    "die": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "exit": lambda: os._exit(3),
    "spin": _spin,
    "stop": lambda: os.kill(os.getpid(), signal.SIGSTOP),
    "swell": lambda: bytearray(2**31),
    "recurse": _recurse,
    "wait": lambda: time.sleep(0.08),
    "dawdle": lambda: time.sleep(0.2),  # longer than others shall wait, within its own time
    "work": _work,
    "noise": lambda: _send(b"\xff" * 64),
    "empty": lambda: _send(requests.SIZES.pack(0, 0)),
    "text": lambda: _send(_message(b"\x80 no JSON")),
    "nested": lambda: _send(_message(b"[" * 1_000_000)),
    "number": lambda: _send(_message(b'{"number":' + b"9" * 5000 + b"}")),
    "other": lambda: _send(_message(b'{"number":999999}')),
    "twice": lambda: _send(_message(b'{"number":1}') * 2),
    "announce": lambda: _send(requests.SIZES.pack(2**32 - 1, 2**32 - 1)),
    "half": _send_half,
    "promise": _promise,
    "pour": _send_for_ever,
}
ANSWERS: dict[str, tuple[requests.Part, bytes]] = {
    "large": (requests.Nothing(), b"x" * 9 * 1024**2),
    "flood": (requests.Matched(passed=True, found="x" * 9 * 1024**2), b""),
    "nonsense": (requests.Decided(holds=True), b""),
}


def _act(request: requests.Profiles, body: bytes, files: list[int]) -> tuple[requests.Part, bytes]:
    what = request.folder.split()[0]
    if what == "where":
        return requests.Nothing(), str(os.getpid()).encode()
    if what in {"until", "once"}:
        _stay(what, Path(request.folder.split()[1]))
    ACTS.get(what, lambda: None)()
    return ANSWERS.get(what, (requests.Nothing(), request.folder.encode()))


def main() -> None:
    """Serve the socket that is the standard input. Does not return."""
    work.WORK["profiles"] = _act
    worker.serve = _serve
    zygote.main()


if __name__ == "__main__":
    main()
