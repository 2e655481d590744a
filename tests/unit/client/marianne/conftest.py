"""A recorded Marianne conductor on a real socket, and the service that calls it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from podium.client.job_control import JobControlService
from podium.client.link.daemon_client import DaemonClient
from tests.unit.client.link.stand_in import MARIANNE_STATUS, client_for, stand_in
from tests.unit.client.marianne.recordings import SCORE, FakeMarianne


@pytest.fixture
def marianne(short_tmp: Path) -> FakeMarianne:
    workspace = short_tmp / "ws"
    workspace.mkdir()
    return FakeMarianne(str(workspace))


@pytest.fixture
async def client(short_tmp: Path, marianne: FakeMarianne) -> AsyncIterator[DaemonClient]:
    async with (
        stand_in(short_tmp, marianne.handlers(), status=MARIANNE_STATUS) as conductor,
        client_for(conductor.path, effect_seconds=0.2) as client,
    ):
        yield client


@pytest.fixture
def service(client: DaemonClient) -> JobControlService:
    return JobControlService(client)


@pytest.fixture
def score(short_tmp: Path) -> str:
    path = short_tmp / "audit.yaml"
    path.write_text(SCORE)
    return str(path)
