"""A foreign conductor whose five places are taken: calls wait for their turn, and none has an effect that its caller did not see."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from podium.errors import ConductorTimeout
from podium.wire.dispatcher import Peer
from tests.support.capped import PLACES, Capped, idle_clients
from tests.support.sockets import listening
from tests.unit.client.link.stand_in import MARIANNE_STATUS, client_for

pytestmark = pytest.mark.anyio


async def say_status(params: dict[str, Any], peer: Peer) -> dict[str, Any]:
    return MARIANNE_STATUS


async def echo(params: dict[str, Any], peer: Peer) -> dict[str, Any]:
    return params


@asynccontextmanager
async def capped(path: Path) -> AsyncIterator[Capped]:
    conductor = Capped({"daemon.status": say_status, "read": echo, "job.cancel": echo})
    async with listening(path, conductor.serve):
        yield conductor


@pytest.mark.parametrize("has_met", [False, True], ids=["never-met", "met-before"])
async def test_a_call_waits_longer_than_for_a_connection_until_another_client_leaves(
    short_tmp: Path, *, has_met: bool
) -> None:
    path, replies = short_tmp / "c.sock", list[Any]()

    async def read() -> None:
        replies.append(await client.call("read", {"n": 1}))

    async with capped(path) as conductor, client_for(path, connect_seconds=0.01) as client:
        if has_met:
            await client.identity()
        async with idle_clients(path) as held, anyio.create_task_group() as tasks:
            tasks.start_soon(read)
            await conductor.connections(PLACES + 1)
            await anyio.sleep(0.05)  # longer than connect_seconds: what is to be seen is that nothing happens
            assert conductor.asked == ["daemon.status"] * has_met
            held[0].close()
    assert replies == [{"n": 1}]


async def test_a_change_that_found_no_place_is_not_made_later_and_its_outcome_is_known(short_tmp: Path) -> None:
    path = short_tmp / "c.sock"
    async with capped(path) as conductor, client_for(path, call_seconds=0.2) as client:
        await client.identity()
        async with idle_clients(path):
            await conductor.connections(PLACES)
            with pytest.raises(ConductorTimeout, match="five connections at once") as caught:
                await client.mutate("job.cancel", {"job_id": "x"}, check="get_job")
        await conductor.connections(0)
    assert "outcome" not in caught.value.facts
    assert "job.cancel" not in conductor.asked


async def test_between_two_calls_no_connection_is_held(short_tmp: Path) -> None:
    path = short_tmp / "c.sock"
    async with capped(path) as conductor, client_for(path) as client:
        for n in range(3):
            assert await client.call("read", {"n": n}) == {"n": n}
            await conductor.connections(0)
