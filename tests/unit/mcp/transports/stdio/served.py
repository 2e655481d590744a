"""A server's process on stdin and stdout, with the raw protocol on its pipes."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.source_tree import REPOSITORY

COMMAND = [sys.executable, "-m", "tests.support.stdio_stand_in"]
CLOSED = "the port is closed"
ID = "build-x7k2q"
VERSION = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": VERSION,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
}
HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
PING = {"jsonrpc": "2.0", "method": "ping"}


class Served:
    """A running server, with the raw protocol on its pipes."""

    def __init__(self, command: list[str], stderr: Path) -> None:
        self.stderr = stderr
        with stderr.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
            )

    def send(self, method: str, params: dict[str, Any] | None = None, *, request: int | None = None) -> None:
        """Send a request, or a notification where it has no id."""
        message: dict[str, Any] = {"jsonrpc": "2.0", "method": method}
        self.send_raw(
            json.dumps({**message, **({"id": request} if request is not None else {}), "params": params or {}})
        )

    def send_raw(self, line: str | bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write((line.encode() if isinstance(line, str) else line) + b"\n")
        self.process.stdin.flush()

    def read(self) -> dict[str, Any]:
        """Return the next message; everything on stdout must be one."""
        assert self.process.stdout is not None
        message: dict[str, Any] = json.loads(self.process.stdout.readline())
        assert message["jsonrpc"] == "2.0"
        return message

    def call(self, method: str, params: dict[str, Any] | None = None, *, request: int) -> dict[str, Any]:
        """Send a request and return the next message, which must be its answer."""
        self.send(method, params, request=request)
        answer = self.read()
        assert answer["id"] == request
        return answer

    def hello(self) -> None:
        """Shake hands in the era of 2025."""
        assert self.call("initialize", HELLO, request=1)["result"]["protocolVersion"] == "2025-11-25"
        self.send("notifications/initialized")

    def end_input(self) -> bytes:
        """Close stdin and return what else came on stdout until its end."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        return self.process.stdout.read()

    def code(self) -> int:
        return self.process.wait(30)

    def noise(self) -> str:
        return self.stderr.read_text()


@contextlib.contextmanager
def serving(command: list[str], stderr: Path) -> Iterator[Served]:
    """Start a server and end it, however it is."""
    server = Served(command, stderr)
    try:
        yield server
    finally:
        server.process.kill()
        server.process.wait()
        for pipe in (server.process.stdin, server.process.stdout):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
