"""`daemon.top` beside a cluster: a process number of a node is not one of this machine."""

import os
from types import SimpleNamespace
from typing import cast

import anyio
import pytest

from podium.conductor.engines.port import Usage
from podium.conductor.rules.state import Attempt
from podium.conductor.service.context import Context
from podium.conductor.service.handlers import top
from podium.contract.methods import NoParams
from podium.logs.read import NO_SECRETS
from podium.wire.dispatcher import Peer
from tests.support.plans import job_of, plan_of


@pytest.mark.anyio
@pytest.mark.parametrize(("node", "count"), [("", 1), ("f2", 0)])
async def test_the_processes_of_a_node_are_not_looked_for_on_this_machine(node: str, count: int) -> None:
    job = job_of(plan_of([[]]))
    job.running[1] = Attempt(1, 1, 1, 1, "key", "hash", "cli", 5.0)

    async def describe(keys: list[str]) -> dict[str, Usage]:
        await anyio.lowlevel.checkpoint()
        return {key: Usage(1, 1, alive=True, zombie=False, pids=(os.getpid(),), node=node) for key in keys}

    async def of(job_id: str, loaded: object) -> object:
        await anyio.lowlevel.checkpoint()
        return SimpleNamespace(masker=NO_SECRETS)

    context = SimpleNamespace(
        supervisor=SimpleNamespace(jobs={job.job_id: job}, scheduler=SimpleNamespace(used=1)),
        values=SimpleNamespace(of=of),
        engines=SimpleNamespace(describe=describe),
        uptime_seconds=1.0,
    )
    told = await top.top(cast(Context, context), NoParams(), cast(Peer, None))
    assert len(told["processes"]) == count
