"""What several tests of the proxy use."""

from collections.abc import AsyncIterator

import anyio
import pytest

from podium.client.job_control import JobControlService
from podium.client.link.daemon_client import DaemonClient
from tests.support.podium_home import Conductor


@pytest.fixture
async def service(shared_conductor: Conductor) -> AsyncIterator[JobControlService]:
    """Return the service over the conductor that tests share; each test has 40 s."""
    settings = shared_conductor.settings
    with anyio.fail_after(40):
        async with DaemonClient(settings.socket, settings=settings) as client:
            yield JobControlService(client)
