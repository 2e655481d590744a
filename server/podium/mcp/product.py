"""The server as it is shipped, for every transport: all tools, with the conductor that the settings name."""

from mcp.server import MCPServer

from podium.client.job_control import job_control
from podium.mcp.app import Offer, build_server
from podium.mcp.calls.invoke import State
from podium.mcp.tasks.ticket import Signer
from podium.mcp.tasks.wait import WaitTasks
from podium.settings import Settings


def product(settings: Settings) -> MCPServer[State]:
    """Return the server; this needs no running conductor."""
    return build_server(lambda: job_control(settings), Offer(tasks=WaitTasks(Signer(settings.home))))
