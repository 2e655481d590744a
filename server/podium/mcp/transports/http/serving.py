"""The MCP server over HTTP, for clients on this machine: `podium serve --http PORT`.

There is no authentication. So it listens on the loopback interface only, and serves only connections of the user that runs it,
as the kernel names their owner. A page in a browser, which that user runs too, is kept out by Host and Origin: they must name
this very address. It serves any number of clients in both eras at /mcp and ends as `podium serve` does on stdio, also when
streams are open.
"""

import os
import re
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import anyio
import anyio.to_thread
import uvicorn
from anyio.abc import TaskStatus
from mcp.server import MCPServer
from mcp.server.transport_security import TransportSecuritySettings

from podium.errors import InvalidArguments
from podium.log import get_logger
from podium.mcp.transports.eras import MAX_LINE_BYTES
from podium.mcp.transports.http import peers
from podium.mcp.transports.http.connection import USUAL, Connection, Limits
from podium.mcp.transports.http.edge import PATH, Edge
from podium.mcp.transports.http.peers import Address

log = get_logger()

BACKLOG = 128
GRACE_SECONDS = 2  # for open requests and streams, once it is asked to end
LOOPBACK = {"127.0.0.1": "127.0.0.1", "localhost": "127.0.0.1", "::1": "::1", "[::1]": "::1"}
"""What may be asked for -> the address to listen on."""
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[0-9a-z._-]+)(:\d{1,5})?")


@dataclass(frozen=True)
class Access:
    """Who may use the server beside this user's clients at its own address.

    `hosts` are further names under which it is reached, each with a port or for any; with `any_local_user` the kernel is not
    asked whose a connection is.
    """

    hosts: Sequence[str] = ()
    any_local_user: bool = False


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


def run(server: MCPServer[Any], host: str, port: int, access: Access = Access()) -> int:
    """Serve until a signal comes; return 128 + its number.

    Raises:
        InvalidArguments: the address is in use or cannot be listened on, a host is none, or this system does not tell whose
            connections come.
    """
    _check(access)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise InvalidArguments(
            f"Cannot listen on {host} port {port}: {error.strerror or error}.",
            fix="Give another port, or 0 for a free one.",
        ) from None
    with listener:
        return anyio.run(serve, server, listener, access)


async def serve(
    server: MCPServer[Any], listener: socket.socket, access: Access = Access(), limits: Limits = USUAL
) -> int:
    """Serve on a listening socket until a signal comes; a second one ends what is still open at once."""
    host, port = listener.getsockname()[:2]
    # Its connections inherit this. Without it the second part of an answer waits for the client to confirm the first: 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    security = _security(port, access)
    app = server.streamable_http_app(
        streamable_http_path=PATH, host=host, transport_security=security, max_request_body_size=MAX_LINE_BYTES
    )
    refusal = _nobody if access.any_local_user else _foreign
    config = uvicorn.Config(
        Edge(app, security, limits),
        http=cast(Any, partial(Connection, limits=limits, refusal=refusal, crowd={})),
        backlog=BACKLOG,
        log_config=None,
        access_log=False,
        ws="none",
        lifespan="on",
        timeout_keep_alive=int(limits.idle_seconds),
        timeout_graceful_shutdown=GRACE_SECONDS,
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
        open_to = "every user of this machine" if access.any_local_user else f"user {os.getuid()} of this machine"
        log.warning("http_listening", url=url, open_to=open_to)
        await web.serve(sockets=[listener])
        tasks.cancel_scope.cancel()
    return 128 + received[0] if received else 1


def _check(access: Access) -> None:
    for name in access.hosts:
        if not _HOST.fullmatch(name.lower()):
            raise InvalidArguments(
                f"--allowed-host {name}: this is not the name of a host.",
                fix="Give the name in the clients' URL, with its port or for any: --allowed-host dev.example:8443.",
            )
    if not access.any_local_user and not peers.are_known():
        raise InvalidArguments(
            "--http: this system does not tell whose a connection is, so every user of this machine could run commands as you.",
            fix="Use podium serve on stdio. If no other user can log in to this machine, add --any-local-user.",
        )


def _security(port: int, access: Access) -> TransportSecuritySettings:
    """Return the names under which the server may be reached: in the header Host, and of a page in the header Origin."""
    own = [f"{name}{suffix}" for name in ("127.0.0.1", "localhost", "[::1]") for suffix in _suffixes(port)]
    others = [name for each in access.hosts for name in _with_ports(each.lower())]
    origins = [f"{scheme}://{name}" for name in others for scheme in ("http", "https")]
    return TransportSecuritySettings(
        allowed_hosts=own + others, allowed_origins=[*(f"http://{name}" for name in own), *origins]
    )


def _suffixes(port: int) -> list[str]:
    return [f":{port}", ""] if port == 80 else [f":{port}"]  # clients leave out the usual one


def _with_ports(name: str) -> list[str]:
    found = _HOST.fullmatch(name)
    return [name] if found and found[2] else [name, f"{name}:*"]


async def _nobody(_: Address, __: Address) -> str:
    return ""


async def _foreign(peer: Address, here: Address) -> str:
    """Refuse a connection that does not belong to this user."""
    user = await anyio.to_thread.run_sync(peers.owner, peer, here)
    if user == os.getuid():
        return ""
    log.warning("foreign_peer_refused", uid=user, port=peer[1])
    whose = "its owner is not known" if user is None else f"this one belongs to user {user}"
    return (
        f"Forbidden: this server runs commands as user {os.getuid()}, so it serves only that user's connections; {whose}. "
        "Start a server of your own: podium serve --http PORT."
    )


class _Web(uvicorn.Server):
    """The web server without signal handlers of its own: it would raise the signal again instead of returning."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to us."""
        yield
