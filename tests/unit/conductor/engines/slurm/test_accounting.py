"""What the queue has forgotten is asked of the accounting: about all lanes at once, and seldom while it does not answer."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest

from podium.conductor.engines.port import AttemptSpec, EndReason
from podium.conductor.engines.slurm import ends
from podium.conductor.engines.slurm.commands import sacct
from podium.conductor.engines.slurm.engine import SlurmEngine, SlurmOptions
from podium.conductor.engines.slurm.flights import Flight
from podium.conductor.engines.slurm.shared import Seen
from podium.conductor.engines.slurm.verdicts import SILENT_SECONDS
from podium.conductor.processes.run import Finished, Runner
from podium.lane.place import Claim, Exit

pytestmark = pytest.mark.anyio

LONG_AGO = 1000.0  # seconds


class Accounting(Runner):
    """A cluster of which only the accounting answers, in these words; None: it does not."""

    def __init__(self, said: str | None) -> None:
        self.said = said
        self.seconds = 0.0  # that it takes
        self.asked: list[str] = []

    async def run(self, argv: Sequence[str], **_: Any) -> Finished:
        if "sacct" in argv:
            self.asked.append(argv[-1])
            await anyio.sleep(self.seconds)
            return Finished(0, self.said) if self.said is not None else Finished(-9, timed_out=True)
        return Finished(1)


def forgotten(engine: SlurmEngine, serial: int, end: Exit | None = None) -> Flight:
    """Return an attempt whose lane the queue does not know any more."""
    spec = AttemptSpec(f"mk.job-1.{serial}", Path(f"/h/jobs/job-1/{serial}"), "", Path(), {})
    flight = engine.fleet.add(spec, 0.0)
    Path(flight.folder).mkdir(parents=True)
    now = time.monotonic()
    engine.fleet.note(flight, Seen(True, Claim(str(100 + serial), "f1"), exit=end, exit_at=1.0), now)
    flight.claimed_at = flight.sign_at = now - LONG_AGO
    return flight


@pytest.mark.parametrize(
    ("state", "reason"),
    [("TIMEOUT", "timed_out"), ("CANCELLED by 0", "cancelled_elsewhere"), ("PREEMPTED", "preempted")],
)
async def test_an_attempt_that_the_cluster_ended_is_told_why_after_the_queue_has_forgotten_it(
    tmp_path: Path, state: str, reason: EndReason
) -> None:
    runner = Accounting("")
    async with SlurmEngine(runner, SlurmOptions(tmp_path), mark="mk") as engine:
        flight = forgotten(engine, 1, Exit("terminated", signal=15))
        runner.said = f"101|101|{state}|f1|{flight.pool.label}\n"
        await ends.conclude(engine, [flight], time.monotonic())
        assert (await anext(engine.changes())).reason == reason


async def test_all_that_was_forgotten_is_asked_about_at_once(tmp_path: Path) -> None:
    runner = Accounting("")
    async with SlurmEngine(runner, SlurmOptions(tmp_path), mark="mk") as engine:
        flights = [forgotten(engine, serial) for serial in range(3)]
        label = flights[0].pool.label
        runner.said = f"100|100|NODE_FAIL|f1|{label}\n101|101|NODE_FAIL|f1|another\n102|102|RUNNING|f1|{label}\n"
        await ends.conclude(engine, flights, time.monotonic())
        assert [(await anext(engine.changes())).reason for _ in flights] == ["node_failed", "lost", "lost"]
    assert runner.asked == ["--jobs=100,101,102"]


async def test_an_accounting_that_does_not_answer_is_left_in_peace_and_ends_come_without_it(tmp_path: Path) -> None:
    runner = Accounting(None)
    async with SlurmEngine(runner, SlurmOptions(tmp_path), mark="mk") as engine:
        for serial in range(3):
            await ends.conclude(engine, [forgotten(engine, serial)], time.monotonic())
            assert (await anext(engine.changes())).reason == "lost"
    assert runner.asked == ["--jobs=100"]


async def test_what_falls_silent_while_the_accounting_is_asked_is_asked_about_too_before_it_is_told(
    tmp_path: Path,
) -> None:
    runner = Accounting("")
    runner.seconds = 0.3
    async with SlurmEngine(runner, SlurmOptions(tmp_path), mark="mk") as engine:
        flights = [forgotten(engine, serial) for serial in range(2)]
        label = flights[0].pool.label
        runner.said = f"100|100|NODE_FAIL|f1|{label}\n101|101|PREEMPTED|f1|{label}\n"
        flights[1].sign_at = time.monotonic() - SILENT_SECONDS + 0.2
        for reason in ("node_failed", "preempted"):
            await ends.conclude(engine, engine.fleet.of_stage("playing"), time.monotonic())
            assert (await anext(engine.changes())).reason == reason
    assert runner.asked == ["--jobs=100", "--jobs=101"]


def test_the_accounting_is_asked_about_the_clusters_that_all_commands_are_for() -> None:
    assert "--clusters=far" in sacct(["7"], "far")
    assert not [word for word in sacct(["7"]) if word.startswith("--clusters")]
