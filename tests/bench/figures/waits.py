"""Five hundred waits open at once in one server: what they cost the conductor, and how they end."""

import json
import time
from pathlib import Path

import anyio
from mcp import Client

from tests.bench.figures.agents import SERVE, environment, official_client
from tests.bench.machine import Bench
from tests.bench.measuring import Usage, sockets_of
from tests.bench.peers import Line
from tests.bench.report import Row, Target
from tests.support.podium_home import Conductor, until

WAITS = 500
LOOKED_SECONDS = 8.0  # more than the longest pause between two looks of a wait


def waits(bench: Bench) -> list[Row]:
    """Measure connections and CPU while the waits are open, and the time from the job's end to the last answer."""
    with bench.conductor() as conductor:
        gate = bench.new_folder() / "gate"
        return anyio.run(_measure, bench, conductor, gate)


async def _measure(bench: Bench, conductor: Conductor, gate: Path) -> list[Row]:
    count = bench.size(WAITS, 50)
    job_id = _gated_job(conductor, gate)
    sockets = sockets_of(conductor.pid)  # with those to keeper and reader, which it opens for its first job
    async with official_client(SERVE, environment(conductor)) as client, anyio.create_task_group() as tasks:
        for _ in range(count):
            tasks.start_soon(_wait, client, job_id)
        await anyio.sleep(2.0)
        opened, before = sockets_of(conductor.pid) - sockets, Usage.of(conductor.pid)
        await anyio.sleep(LOOKED_SECONDS)
        used = (Usage.of(conductor.pid).cpu_seconds - before.cpu_seconds) / LOOKED_SECONDS * 1000
        began = time.perf_counter()
        await anyio.Path(gate).touch()
    ended = (time.perf_counter() - began) * 1000
    return [
        Row("waits", f"connections of {count} waits", opened, "", target=Target("at most", 2.0, "value")),
        Row("waits", f"CPU of the conductor while {count} wait", used, "ms/s"),
        Row("waits", f"end of the job to the last of {count} answers", ended, "ms"),
    ]


def _gated_job(conductor: Conductor, gate: Path) -> str:
    """Start a job that runs until a file is there, and wait until it does."""
    run = f"until test -e {gate}; do sleep 0.01; done"
    with Line(conductor.settings.socket).shake_hands() as line:
        (reply,) = line.submit_all([f"name: gated\nsheets: [{{name: gate, run: '{run}'}}]\n"])
        job_id = str(json.loads(reply)["result"]["job_id"])
        until(lambda: line.ask("job.health", {"job_id": job_id})["is_alive"])
    return job_id


async def _wait(client: Client, job_id: str) -> None:
    found = await client.call_tool("wait_for_job", {"job_ids": [job_id], "timeout_seconds": 120})
    facts = found.structured_content
    assert facts is not None, found
    assert facts["woke_for"] == "settled", facts
