"""The server's way to the conductor: one client with few connections, opened when needed and closed with the server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from podium.client.daemon_client import DaemonClient
from podium.client.job_control import JobControlService
from podium.settings import Settings


@asynccontextmanager
async def open_port(settings: Settings) -> AsyncIterator[JobControlService]:
    """Open the proxy to the conductor and close it. No conductor need run for this: each call finds out."""
    async with DaemonClient(settings.socket, settings=settings) as client:
        yield JobControlService(client)
