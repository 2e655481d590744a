"""A keeper that a test starts and talks to itself, without a conductor's code in between."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from podium.keeper import program, serving
from tests.support.journals import kill, read_journal
from tests.support.podium_home import until

BOUND_SECONDS = 60.0


def start_request(key: str, script: str = "true", **fields: Any) -> dict[str, Any]:
    """Return one start as a conductor of this version sends it."""
    null = os.devnull
    return {"key": key, "argv": ["/bin/bash", "-c", script], "env": {}, "stdin": null, "stdout": null, "stderr": null,
            "piped": False, "cgroup": "", "folder": "", "script": "", "umask": 0o077, **fields}  # fmt: skip


def connected(folder: Path) -> socket.socket:
    """Return a connection to the keeper in a folder, which may be just about to listen."""
    deadline = time.monotonic() + BOUND_SECONDS
    while True:
        peer = socket.socket(socket.AF_UNIX)
        peer.settimeout(BOUND_SECONDS)
        try:
            peer.connect(str(folder / serving.SOCKET))
        except ConnectionRefusedError:
            peer.close()
            assert time.monotonic() < deadline
            time.sleep(0.005)
        else:
            return peer


class Peer:
    """One connection to a keeper."""

    def __init__(self, folder: Path) -> None:
        self._socket = connected(folder)
        self._lines = self._socket.makefile("rb")

    def send(self, message: dict[str, Any]) -> None:
        """Send a message."""
        self.send_raw(json.dumps(message).encode() + b"\n")

    def send_raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._socket.sendall(data)

    def hello(self, epoch: int = 1, **env: str) -> dict[str, Any] | None:
        """Say hello, and return the answer; None if the keeper hung up."""
        self.send({"do": "hello", "epoch": epoch, "env": {"PATH": os.environ["PATH"], **env}})
        return self.next("version")

    def start(self, *starts: dict[str, Any]) -> None:
        """Ask for starts."""
        self.send({"do": "start", "starts": list(starts)})

    def next(self, word: str) -> dict[str, Any] | None:
        """Return the next message that holds a word, None at the end of the connection."""
        try:
            for line in self._lines:
                message: dict[str, Any] = json.loads(line)
                if word in message:
                    return message
        except ConnectionResetError:
            pass
        return None

    def close(self) -> None:
        """Hang up."""
        self._lines.close()
        self._socket.close()


class OwnKeeper:
    """A keeper's process, from its start until the test is over. `folder` must have a short path.

    It ends by itself when it has had nothing to do for `idle_seconds`.
    """

    def __init__(self, folder: Path, idle_seconds: float = serving.IDLE_SECONDS) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700)
        env = {**os.environ, "PODIUM_KEEPER_IDLE": str(idle_seconds)}
        self.process = subprocess.Popen([sys.executable, "-I", "-S", program.__file__, str(folder)], env=env)
        self._peers: list[Peer] = []
        until(lambda: (folder / serving.SOCKET).exists() or self.process.poll() is not None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for peer in self._peers:
            peer.close()
        for words in self.records():
            if words[0] == "started":
                kill(words[2])
            elif words[0] == "open":
                kill(words[3])
        self.process.kill()
        self.process.wait()

    def peer(self) -> Peer:
        """Return a new connection; it is closed with the keeper at the latest."""
        self._peers.append(Peer(self.folder))
        return self._peers[-1]

    def records(self) -> list[list[Any]]:
        """Return what the journal says."""
        return read_journal(self.folder)

    def ends(self) -> dict[str, int]:
        """Return the codes of what the journal says has ended."""
        return {words[1]: words[3] for words in self.records() if words[0] == "ended"}

    def until_ended(self, *keys: str) -> dict[str, int]:
        """Wait until these have ended, and return the codes of all that have."""
        until(lambda: set(keys) <= set(self.ends()))
        return self.ends()
