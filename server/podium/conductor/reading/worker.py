"""A worker as the conductor sees it: a socket to which messages are written without waiting, and from which answers are read."""

import signal
import socket
from collections import deque
from collections.abc import Sequence

import anyio

from podium.reader.requests import MAX_ANSWER_BYTES, Answer, read_answer, unpack

READ_BYTES = 256 * 1024
END_SECONDS = 2.0  # until the zygote has told how a worker ended, whose socket has closed already


class WorkerGone(Exception):
    """The worker's socket has closed, or it has sent what is no answer."""


class Worker:
    """One worker; `pid` is known once it has started. One that `is_mad` has sent what is no answer to what it was asked."""

    def __init__(self, connection: socket.socket) -> None:
        self.pid = 0
        self.is_mad = False
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

    def told(self, status: int | None) -> str:
        """Return in words how it ended."""
        if self.is_mad:
            return "an answer that makes no sense"
        return f"exit code {status}" if status is None or status >= 0 else f"signal {_name_of(-status)}"

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
            except (OSError, ValueError, anyio.ClosedResourceError):
                return

    async def answer_to(self, number: int) -> tuple[Answer, bytes]:
        """Wait for the answer to the request with this number, which is the only one asked.

        Raises:
            WorkerGone: there will be none.
        """
        answer, body = (await self.receive())[0]
        if answer.number != number:
            self.is_mad = True
            raise WorkerGone
        return answer, body

    async def receive(self) -> list[tuple[Answer, bytes]]:
        """Wait for answers and return all that are there, with their bodies.

        Raises:
            WorkerGone: there will be none.
        """
        found: list[tuple[Answer, bytes]] = []
        try:
            while not found and not self.is_mad:
                await anyio.wait_readable(self._connection)
                self._read_some(found)
        except (OSError, ValueError, anyio.ClosedResourceError):  # ValueError: the socket is closed already
            raise WorkerGone from None
        if not found:
            raise WorkerGone
        return found

    def _read_some(self, found: list[tuple[Answer, bytes]]) -> None:
        try:
            more = self._connection.recv(READ_BYTES)
        except BlockingIOError:
            return
        if not more:
            self.is_mad = bool(self._data)  # it has ended within an answer
            raise WorkerGone
        self._data += more
        try:
            while (message := unpack(self._data, MAX_ANSWER_BYTES)) is not None:
                found.append((read_answer(message[0]), message[1]))
        except (ValueError, RecursionError):
            self.is_mad = True


def _name_of(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
