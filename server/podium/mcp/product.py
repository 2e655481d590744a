"""The server as it is shipped: every tool, over the conductor of the settings, on either transport."""

from collections.abc import Sequence

from mcp.server import MCPServer

from podium.client.job_control import job_control
from podium.mcp.app import Offer, build_server
from podium.mcp.calls.invoke import State
from podium.mcp.tasks.ticket import Signer
from podium.mcp.tasks.wait import WaitTasks
from podium.mcp.transports import stdio
from podium.settings import Settings


def serve_stdio(settings: Settings) -> int:
    """Serve the tools to one client on the standard streams, and return the process's exit code."""
    return stdio.run(product(settings))


def serve_http(settings: Settings, address: str, *, hosts: Sequence[str] = (), any_local_user: bool = False) -> int:
    """Serve the tools on `PORT` or `HOST:PORT` of the loopback interface, and return the process's exit code.

    `hosts` are further names in the clients' URLs; `any_local_user` serves every user of this machine.

    Raises:
        InvalidArguments: the address is not valid, is not loopback, or is taken; see `http.serving.run`.
    """
    from podium.mcp.transports.http import serving  # noqa: PLC0415  stdio starts without a web server

    return serving.run(product(settings), *serving.parsed(address), serving.Access(hosts, any_local_user))


def product(settings: Settings) -> MCPServer[State]:
    """Return the server; no conductor need run for this."""
    return build_server(lambda: job_control(settings), Offer(tasks=WaitTasks(Signer(settings.home))))
