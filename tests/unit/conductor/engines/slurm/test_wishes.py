"""Lanes are made to look, and are ended, without anything else having to wait for Slurm."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest

from podium.conductor.engines.port import AttemptSpec
from podium.conductor.engines.slurm import wishes
from podium.conductor.engines.slurm.answers import STATES, Row
from podium.conductor.engines.slurm.engine import SlurmEngine, SlurmOptions
from podium.conductor.engines.slurm.flights import Flight
from podium.conductor.engines.slurm.shared import Seen
from podium.conductor.processes.run import Finished, Runner
from podium.lane.place import Claim, read_ask

pytestmark = pytest.mark.anyio


class Silent(Runner):
    """A cluster whose commands do not answer."""

    def __init__(self) -> None:
        self.asked: list[Sequence[str]] = []
        self.limits: list[float] = []

    async def run(self, argv: Sequence[str], *, timeout_seconds: float, **_: Any) -> Finished:
        if "scancel" in argv:
            self.asked.append(argv[argv.index("scancel") :])
            self.limits.append(timeout_seconds)
        await anyio.sleep_forever()
        return Finished(0)


def play(engine: SlurmEngine, serial: int, state: str) -> Flight:
    """Return an attempt that a lane in this state has claimed."""
    flight = engine.fleet.add(AttemptSpec(f"mk.job-1.{serial}", Path(f"/h/jobs/job-1/{serial}"), "", Path(), {}), 0.0)
    Path(flight.folder).mkdir(parents=True)
    lane = str(100 + serial)
    engine.fleet.note(flight, Seen(True, Claim(lane, "f1")), time.monotonic())
    rows = dict(flight.pool.lanes) | {lane: Row(lane, lane, state, STATES[state], name=flight.pool.label)}
    engine.fleet.take_queue(rows, 1.0, 1.0)
    return flight


async def test_only_lanes_that_run_are_made_to_look_and_none_twice_at_the_same_time(tmp_path: Path) -> None:
    runner = Silent()
    async with SlurmEngine(runner, SlurmOptions(tmp_path), mark="mk") as engine:
        flights = [play(engine, serial, state) for serial, state in enumerate(("RUNNING", "PENDING", "COMPLETED"))]
        for _ in range(2):
            wishes.wake(engine, flights)
            await anyio.wait_all_tasks_blocked()
    assert runner.asked == [["scancel", "--batch", "--signal=USR1", "100"]]
    assert max(runner.limits) <= 5


async def test_a_cancel_that_slurm_does_not_answer_holds_up_no_other_wish(tmp_path: Path) -> None:
    runner = Silent()
    async with SlurmEngine(runner, SlurmOptions(tmp_path), mark="mk") as engine:
        stubborn, other = play(engine, 1, "RUNNING"), play(engine, 2, "RUNNING")
        stubborn.cancelled_at, stubborn.asked = time.monotonic() - 100, "stop"
        with anyio.fail_after(5):
            await wishes.bring_about(engine)
            await engine.cancel(other.spec.key, grace_seconds=1)
            while (ask := read_ask(other.folder)) is None:  # noqa: ASYNC110 -- nothing tells of it
                await anyio.sleep(0.01)
    assert ["scancel", "101"] in runner.asked
    assert ask.what == "stop"
