"""The server as it is shipped: every tool, over the conductor of the settings, whatever the transport."""

from mcp.server import MCPServer

from podium.client.job_control import job_control
from podium.mcp.app import Offer, build_server
from podium.mcp.calls.invoke import State
from podium.mcp.tasks.ticket import Signer
from podium.mcp.tasks.wait import WaitTasks
from podium.settings import Settings


def product(settings: Settings) -> MCPServer[State]:
    """Return the server; no conductor need run for this."""
    return build_server(lambda: job_control(settings), Offer(tasks=WaitTasks(Signer(settings.home))))
