"""Many servers at one foreign conductor that serves five connections at once: none shuts another out."""

from pathlib import Path
from typing import Any

import anyio
import pytest

from podium.wire.dispatcher import Peer
from tests.support.agent import agent
from tests.support.capped import Capped
from tests.support.podium_home import make_home
from tests.support.sockets import listening
from tests.unit.client.link.stand_in import MARIANNE_STATUS

pytestmark = pytest.mark.anyio
SERVERS = 10
RUNNING = {
    "job_id": "long",
    "status": "running",
    "config_path": "/scores/long.yaml",
    "workspace": "/ws",
    "submitted_at": 1.0,
    "started_at": 2.0,
    "progress_completed": 1,
    "progress_total": 3,
}


async def say_status(params: dict[str, Any], peer: Peer) -> dict[str, Any]:
    return MARIANNE_STATUS


async def list_jobs(params: dict[str, Any], peer: Peer) -> list[dict[str, Any]]:
    return [RUNNING]


async def show_job(params: dict[str, Any], peer: Peer) -> dict[str, Any]:
    return {**RUNNING, "total_sheets": 3, "sheets": {"1": {"status": "completed"}, "2": {"status": "dispatched"}}}


async def test_ten_servers_call_and_wait_at_a_conductor_with_five_places(short_tmp: Path) -> None:
    settings = make_home(short_tmp)
    settings.socket.parent.mkdir(exist_ok=True)
    conductor = Capped({"daemon.status": say_status, "job.list": list_jobs, "job.status": show_job})
    listed, waited, everybody_is_there = list[int](), list[str](), anyio.Event()

    async def use() -> None:
        async with agent(settings, "auto") as own:
            listed.append(len((await own.call("list_jobs"))["jobs"]))
            if len(listed) == SERVERS:
                everybody_is_there.set()
            await everybody_is_there.wait()  # so that all of them wait at the same time
            waited.append((await own.call("wait_for_job", job_ids=["long"], timeout_seconds=3))["woke_for"])

    async with listening(settings.socket, conductor.serve):
        async with anyio.create_task_group() as tasks:
            for _ in range(SERVERS):
                tasks.start_soon(use)
        await conductor.connections(0)
    assert (listed, waited) == ([1] * SERVERS, ["timeout"] * SERVERS)
    assert conductor.asked.count("daemon.status") == SERVERS  # each server asks once who it is
