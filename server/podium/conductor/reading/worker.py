"""A worker as the conductor sees it: a socket to which messages are written without waiting, and from which answers are read."""

import socket
from collections import deque
from collections.abc import Sequence

import anyio

from podium.reader.requests import MAX_ANSWER_BYTES, unpack

READ_BYTES = 256 * 1024
END_SECONDS = 2.0  # until the zygote has told how a worker ended, whose socket has closed already


class WorkerGone(Exception):
    """The worker's socket has closed, or it has sent what is no answer."""


class Worker:
    """One worker; `pid` is known once it has started."""

    def __init__(self, connection: socket.socket) -> None:
        self.pid = 0
        self.started = anyio.Event()
        self._connection = connection
        self._status: int | None = None
        self._ended = anyio.Event()
        self._closed = False
        self._data = bytearray()
        self._unsent: deque[tuple[memoryview, Sequence[int]]] = deque()

    def end(self, status: int | None) -> None:
        """Note how it ended: an exit code, a negative signal, or None if that is not known."""
        self._status = status
        self._ended.set()

    async def how_it_ended(self) -> int | None:
        """Close the socket and return how the worker ended; None: not known, for example since it hangs in the system."""
        self.close()
        with anyio.move_on_after(END_SECONDS):
            await self._ended.wait()
        return self._status

    def close(self) -> None:
        """Close the socket: the worker ends when it next looks."""
        if not self._closed:
            self._closed = True
            anyio.notify_closing(self._connection)
            self._connection.close()

    def send(self, message: bytes, files: Sequence[int] = ()) -> bool:
        """Send a message as far as that is possible at once; return False if some of it is left for `flush`."""
        self._unsent.append((memoryview(message), files))
        return self._send_some()

    def _send_some(self) -> bool:
        try:
            while self._unsent and not self._closed:
                rest, files = self._unsent.popleft()
                self._unsent.appendleft((rest, files))
                count = socket.send_fds(self._connection, [rest], list(files)) if files else self._connection.send(rest)
                self._unsent.popleft()
                if count < len(rest):
                    self._unsent.appendleft((rest[count:], ()))
        except BlockingIOError:
            return False
        except OSError:
            self._unsent.clear()  # the reading end finds out
        return True

    async def flush(self) -> None:
        """Send what is left."""
        while not self._closed and not self._send_some():
            try:
                await anyio.wait_writable(self._connection)
            except (OSError, anyio.ClosedResourceError):
                return

    async def receive(self) -> list[tuple[bytes, bytes]]:
        """Wait for answers and return the heads and bodies of all that are there.

        Raises:
            WorkerGone: there will be none.
        """
        try:
            while True:
                await anyio.wait_readable(self._connection)
                more = self._connection.recv(READ_BYTES)
                if not more:
                    raise WorkerGone
                self._data += more
                found: list[tuple[bytes, bytes]] = []
                while (message := unpack(self._data, MAX_ANSWER_BYTES)) is not None:
                    found.append(message)
                if found:
                    return found
        except BlockingIOError:
            return []
        except (OSError, ValueError, anyio.ClosedResourceError):
            raise WorkerGone from None
