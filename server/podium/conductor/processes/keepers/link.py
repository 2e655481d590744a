"""The connection to a living keeper. It may break at any time: what was asked and not begun is then asked again."""

import fcntl
import json
import os
import socket
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Self

import anyio

from podium.conductor.processes import facts
from podium.conductor.processes.keepers.child import Start
from podium.keeper.program import LOCK
from podium.keeper.serving import SOCKET
from podium.privacy.files import NOT_A_LINK
from podium.privacy.peers import check_peer

ANSWER_SECONDS = 5.0  # a keeper that is silent for longer hangs
PIECE_BYTES = 1 << 16


class Link:
    """One connection, after its handshake; `hello` is the keeper's answer to it."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._lines: deque[bytes] = deque()
        self._unread = b""
        self._turn = anyio.Lock()
        self.hello: dict[str, Any] = {}

    @classmethod
    async def open(cls, folder: Path, epoch: int, env: Mapping[str, str]) -> Self | None:
        """Connect to the keeper in a folder; return None if it does not answer.

        Of all conductors that ever connect, only the one with the highest epoch is heard.
        """
        try:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        except OSError:  # no descriptor is left
            return None
        connection.setblocking(False)
        link = cls(connection)
        try:
            with anyio.fail_after(ANSWER_SECONDS):
                _connect(connection, folder)
                await link.send({"do": "hello", "epoch": epoch, "env": dict(env)})
                while (message := await link.next()) is not None:
                    if "version" in message:
                        link.hello = message
                        return link
        except (OSError, TimeoutError):
            pass
        except anyio.get_cancelled_exc_class():
            connection.close()
            raise
        connection.close()
        return None

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    async def start(self, starts: Sequence[Start], umask: int) -> None:
        """Ask for starts.

        Raises:
            OSError: the connection is broken.
        """
        asked = [
            {
                "key": each.key,
                "argv": list(each.argv),
                "env": dict(each.env),
                "stdin": each.stdin,
                "stdout": each.stdout,
                "stderr": each.stderr,
                "piped": each.pipe is not None,
                "cgroup": each.cgroup,
                "folder": each.folder,
                "script": each.script,
                "umask": umask,
            }
            for each in starts
        ]
        await self.send({"do": "start", "starts": asked}, [each.pipe for each in starts if each.pipe is not None])

    async def send(self, message: Mapping[str, Any], files: Sequence[int] = ()) -> None:
        """Send a message, with descriptors.

        A caller that is cancelled in the middle of it breaks the connection, since the rest can never follow.

        Raises:
            OSError: the connection is broken.
        """
        data = json.dumps(message, separators=(",", ":")).encode() + b"\n"
        async with self._turn:
            while data:
                try:
                    sent = socket.send_fds(self._socket, [data], files) if files else self._socket.send(data)
                    data, files = data[sent:], ()
                except BlockingIOError:
                    try:
                        await anyio.wait_writable(self._socket)
                    except anyio.get_cancelled_exc_class():
                        with suppress(OSError):
                            self._socket.shutdown(socket.SHUT_RDWR)
                        raise

    async def next(self) -> dict[str, Any] | None:
        """Return the next thing that the keeper says, None at the end of the connection."""
        while not self._lines:
            try:
                piece = self._socket.recv(PIECE_BYTES)
            except BlockingIOError:
                await anyio.wait_readable(self._socket)
                continue
            except OSError:
                return None
            if not piece:
                return None
            *lines, self._unread = (self._unread + piece).split(b"\n")
            self._lines.extend(lines)
        message: dict[str, Any] = json.loads(self._lines.popleft())
        return message


def _connect(connection: socket.socket, folder: Path) -> None:
    """Connect by way of the open folder: its path may be longer than a socket's address. Another user's keeper is none."""
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        through = f"/proc/self/fd/{place}" if facts.LINUX else str(folder)
        connection.connect(f"{through}/{SOCKET}")
        check_peer(connection, folder / SOCKET)
    finally:
        os.close(place)


def is_held(folder: Path) -> bool:
    """Return whether the keeper or the guard of a folder lives; also while that cannot be found out."""
    try:
        lock = os.open(folder / LOCK, os.O_RDONLY | NOT_A_LINK)
    except FileNotFoundError:
        return False
    except OSError:  # no descriptor is left
        return True
    with closing(os.fdopen(lock)):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
