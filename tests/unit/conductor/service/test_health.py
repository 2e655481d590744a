"""`job.health` of a job whose sheets are on a cluster."""

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import anyio
import pytest

from podium.conductor.engines.port import Place, Usage
from podium.conductor.rules.state import Attempt
from podium.conductor.service.context import Context
from podium.conductor.service.handlers import health
from podium.conductor.supervisor.unstored import Unstored
from podium.contract.methods import JobParams
from podium.wire.dispatcher import Peer
from tests.support.plans import job_of, plan_of

pytestmark = pytest.mark.anyio


async def asked(places: dict[str, Place], usage: dict[str, Usage]) -> dict[str, Any]:
    """Return the health of a job of two sheets on a cluster, which have to be told at once."""
    plan = plan_of([[], []])
    job = job_of(plan.model_copy(update={"sheets": tuple(replace(each, engine="slurm") for each in plan.sheets)}))
    for num in (1, 2):
        job.running[num] = Attempt(1, num, num, 1, f"key{num}", "hash", "cli", 5.0)
        job.run_of(num).started_at = 5.0

    async def found(job_id: str) -> None:
        await anyio.lowlevel.checkpoint()

    async def describe(keys: Sequence[str]) -> dict[str, Usage]:
        await anyio.lowlevel.checkpoint()
        return usage

    context = SimpleNamespace(
        queries=SimpleNamespace(job=found),
        supervisor=SimpleNamespace(jobs={job.job_id: job}, unstored=Unstored()),
        engines=SimpleNamespace(place=places.get, describe=describe),
        launcher=SimpleNamespace(is_under_way=lambda attempt: True),
    )
    with anyio.fail_after(1):
        return await health.handle(cast(Context, context), JobParams(job_id=job.job_id), cast(Peer, None))


async def test_a_job_in_the_queue_has_no_process_and_says_so_at_once() -> None:
    places = {"key1": Place("queued", "512", reason="Priority"), "key2": Place("queued", "513")}
    told = await asked(places, {})
    assert (told["pid"], told["is_alive"], told["process_exists"]) == (None, False, False)
    assert (told["sheet"], told["place"]) == ("s1", "waits in Slurm's queue as job 512: Priority")


async def test_a_job_out_of_sight_says_that_its_engine_does_not_answer() -> None:
    told = await asked({"key1": Place("unknown", reason="timed out"), "key2": Place("unknown")}, {})
    assert (told["sheet"], told["place"]) == ("s1", "Slurm does not answer: timed out")


async def test_a_process_on_a_node_is_told_with_its_node_and_load() -> None:
    usage = Usage(71, 3, alive=True, zombie=False, cpu_percent=50.0, memory_mb=9.0, uptime_seconds=4.0, node="f2")
    told = await asked({"key1": Place("queued", "512"), "key2": Place("running", "513", "f2")}, {"key2": usage})
    assert (told["pid"], told["node"], told["sheet"], told["processes"]) == (71, "f2", "s2", 3)
    assert (told["is_alive"], told["place"], told["cpu_percent"]) == (True, "", 50.0)
