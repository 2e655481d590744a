"""More connections than the conductor serves: the one too many is told so at once, and nobody else is disturbed."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import anyio
import pytest

from podium.client.link.daemon_client import DaemonClient
from podium.errors import ConductorBusy
from podium.settings import Settings
from tests.support.podium_home import Conductor, ask

pytestmark = pytest.mark.anyio
SEATS = 8


@pytest.fixture
def small(home: Settings) -> Iterator[Conductor]:
    running = Conductor(home).start(PODIUM_MAX_CONNECTIONS=str(SEATS))
    yield running
    running.end()


async def test_a_connection_too_many_is_told_that_the_conductor_is_busy(small: Conductor) -> None:
    path = small.settings.socket
    with ExitStack() as crowd:
        for _ in range(SEATS):
            idle = crowd.enter_context(socket.socket(socket.AF_UNIX))
            idle.connect(str(path))
        with anyio.fail_after(60):
            async with DaemonClient(path, settings=small.settings) as client:
                with pytest.raises(ConductorBusy, match="has reached its connection limit"):
                    await client.call("daemon.health")
    with anyio.fail_after(60):
        while not has_room(small):  # noqa: ASYNC110 -- another process has no event for us
            await anyio.sleep(0.05)


def has_room(conductor: Conductor) -> bool:
    """Whether the conductor answers a new connection, rather than turning it away."""
    try:
        return bool(ask(conductor.settings.socket, "daemon.health")["status"] == "ok")
    except RuntimeError:
        return False
