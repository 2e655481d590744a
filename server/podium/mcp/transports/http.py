"""The MCP server over HTTP, for clients on this machine: `podium serve --http PORT`.

There is no authentication, so it listens on the loopback interface only, where every user of this machine can reach it. A
page in a browser cannot: Host and Origin must name this very address. It serves any number of clients in both eras at /mcp
and ends as `podium serve` does on stdio, also when streams are open.
"""

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import uvicorn
from anyio.abc import TaskStatus
from mcp.server import MCPServer
from mcp.server.transport_security import TransportSecuritySettings

from podium.errors import InvalidArguments
from podium.log import get_logger
from podium.mcp.transports.eras import MAX_LINE_BYTES

log = get_logger()

PATH = "/mcp"
GRACE_SECONDS = 2  # for open requests and streams, once it is asked to end
LOOPBACK = {"127.0.0.1": "127.0.0.1", "localhost": "127.0.0.1", "::1": "::1", "[::1]": "::1"}
"""What may be asked for -> the address to listen on."""


def parsed(address: str) -> tuple[str, int]:
    """Return the address to listen on and the port of `PORT` or `HOST:PORT`; port 0 takes a free one.

    Raises:
        InvalidArguments: this is not an address of the loopback interface.
    """
    host, _, port = address.rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) < 65536):
        raise InvalidArguments(
            f"--http {address}: the port is missing or not a number below 65536.", fix="Give a port, as in --http 8000."
        )
    if (known := LOOPBACK.get(host or "127.0.0.1")) is None:
        raise InvalidArguments(
            f"--http {address}: without authentication, the server can listen only on the loopback interface.",
            fix=f"Give only the port (--http {port}), and use an SSH tunnel to reach it from elsewhere.",
        )
    return known, int(port)


def run(server: MCPServer[Any], host: str, port: int) -> int:
    """Serve until a signal comes; return 128 + its number.

    Raises:
        InvalidArguments: the address is in use, or cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        raise InvalidArguments(
            f"Cannot listen on {host} port {port}: {error.strerror or error}.",
            fix="Give another port, or 0 for a free one.",
        ) from None
    with listener:
        return anyio.run(_serve, server, listener)


async def _serve(server: MCPServer[Any], listener: socket.socket) -> int:
    """Serve on a listening socket until a signal comes; a second one ends what is still open at once."""
    host, port = listener.getsockname()[:2]
    names = [f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")]
    app = server.streamable_http_app(
        streamable_http_path=PATH,
        host=host,
        transport_security=TransportSecuritySettings(
            allowed_hosts=names, allowed_origins=[f"http://{name}" for name in names]
        ),
        max_request_body_size=MAX_LINE_BYTES,
    )
    config = uvicorn.Config(
        app, log_config=None, access_log=False, ws="none", lifespan="on", timeout_graceful_shutdown=GRACE_SECONDS
    )
    web = _Web(config)
    received: list[int] = []
    async with anyio.create_task_group() as tasks:

        async def end_on_signal(*, task_status: TaskStatus[None]) -> None:
            with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
                task_status.started()
                async for number in signals:
                    web.force_exit = bool(received)
                    web.should_exit = True
                    received.append(number.value)

        await tasks.start(end_on_signal)
        url = f"http://{f'[{host}]' if ':' in host else host}:{port}{PATH}"
        log.warning("http_listening", url=url, open_to="every user on this machine")
        await web.serve(sockets=[listener])
        tasks.cancel_scope.cancel()
    return 128 + received[0] if received else 1


class _Web(uvicorn.Server):
    """The web server without signal handlers of its own: it would raise the signal again instead of returning."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to us."""
        yield
