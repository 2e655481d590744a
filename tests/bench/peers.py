"""The measuring side of a connection: lines over a socket or a pair of pipes, with as little cost of its own as can be."""

import json
import socket
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from podium.contract.methods import PROTOCOL

SECONDS = 120.0
IN_FLIGHT = 48  # below what the conductor takes from one connection at a time


def request(method: str, params: dict[str, Any] | None = None, request_id: int = 1) -> bytes:
    """Return the line of a request."""
    message = {"jsonrpc": "2.0", "id": request_id, "method": method, "params": params or {}}
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


class Line:
    """A connection on which one line is answered by one line."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(SECONDS)
        self._socket.connect(str(path))
        self.lines = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.lines.close()
        self._socket.close()

    def send(self, line: bytes) -> None:
        """Send a line."""
        self._socket.sendall(line)

    def exchange(self, line: bytes) -> bytes:
        """Send a line and return the next one."""
        self._socket.sendall(line)
        return self.lines.readline()

    def shake_hands(self) -> "Line":
        """Let the conductor answer out of order, as the proxy does."""
        self.exchange(request("daemon.status", {"protocol": PROTOCOL}))
        return self

    def ask(self, method: str, params: dict[str, Any] | None = None) -> Any:
        """Return the result of a request."""
        answer = json.loads(self.exchange(request(method, params)))
        assert "result" in answer, answer
        return answer["result"]

    def submit_all(self, scores: Sequence[str]) -> list[bytes]:
        """Submit scores with many on their way at once; return the replies."""
        lines = [request("job.submit", {"config_content": score}, n) for n, score in enumerate(scores)]
        replies = []
        for index, line in enumerate(lines):
            if index >= IN_FLIGHT:
                replies.append(self.lines.readline())
            self.send(line)
        replies += [self.lines.readline() for _ in lines[len(replies) :]]
        refused = [reply for reply in replies if b'"status":"accepted"' not in reply]
        assert not refused, refused[0]
        return replies


class Ends:
    """Counts the ends of jobs on a conductor's event stream, in a thread of its own."""

    def __init__(self, path: Path) -> None:
        self._line = Line(path).shake_hands()
        self._line.ask("job.events", {"stream": True})
        self._count = 0
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._line._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(SECONDS)
        self._line.__exit__(kind, error, trace)

    def _read(self) -> None:
        for line in self._line.lines:
            assert b'"type":"job.failed"' not in line, line
            if b'"type":"job.completed"' in line:
                with self._changed:
                    self._count += 1
                    self._changed.notify_all()

    @property
    def count(self) -> int:
        """How many jobs have completed."""
        return self._count

    def until(self, count: int, seconds: float = 900.0) -> None:
        """Wait until so many jobs have completed."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._count >= count, seconds), (self._count, count)


class Piped:
    """A process that answers lines on its pipes."""

    def __init__(self, command: Sequence[str], environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream(self._process.stdin).close()
        self._process.wait(SECONDS)
        self._stream(self._process.stdout).close()

    @staticmethod
    def _stream(stream: IO[bytes] | None) -> IO[bytes]:
        assert stream is not None
        return stream

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def exchange(self, line: bytes) -> bytes:
        """Send a line and return the next one."""
        stdin = self._stream(self._process.stdin)
        stdin.write(line)
        stdin.flush()
        return self._stream(self._process.stdout).readline()
