"""Lanes for attempts that ask for as much time as their partition gives: none of it is left for a second attempt."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest

from podium.conductor.engines.port import AttemptSpec
from podium.conductor.engines.slurm import counting
from podium.conductor.engines.slurm.answers import Row
from podium.conductor.engines.slurm.commands import spare_seconds
from podium.conductor.engines.slurm.engine import SlurmEngine, SlurmOptions
from podium.conductor.engines.slurm.flights import Pool
from podium.conductor.processes.run import Finished, Runner
from podium.score.model.plan import Resources

MINUTE = Resources(partition="brief", time_seconds=60)


class OneMinute(Runner):
    """A cluster that takes lanes of one minute only, as one with `EnforcePartLimits`."""

    def __init__(self) -> None:
        self.submits: list[list[str]] = []

    async def run(self, argv: Sequence[str], **_: Any) -> Finished:
        if "sbatch" not in argv:
            return Finished(1, "squeue: error: no answer")
        self.submits.append([each for each in argv if each.startswith("--time=")] + [argv[-1]])
        if "--time=1" in argv:
            return Finished(0, "7")
        return Finished(
            1,
            "sbatch: error: Batch job submission failed: Requested time limit is invalid (missing or exceeds some limit)",
        )


@pytest.mark.anyio
async def test_a_lane_that_is_refused_with_time_for_more_is_submitted_with_that_of_one_attempt(tmp_path: Path) -> None:
    runner = OneMinute()
    async with SlurmEngine(runner, SlurmOptions(tmp_path / "shared"), mark="mk") as engine:
        for serial, resources in enumerate((MINUTE, MINUTE)):
            folder = tmp_path / f"home/jobs/job-{serial}/1"
            await engine.submit(AttemptSpec(f"mk.job-{serial}.1", folder, "", tmp_path, {}, resources=resources))
            with anyio.fail_after(5):
                while len(runner.submits) < 2 + serial:  # noqa: ASYNC110 -- nothing tells of it
                    await anyio.sleep(0.01)
    assert runner.submits == [["--time=2", "60"], ["--time=1", "0"], ["--time=1", "0"]]


def test_a_lane_with_the_time_of_one_attempt_has_only_the_rest_of_a_minute_to_spare() -> None:
    assert [spare_seconds(Resources(time_seconds=each)) for each in (60, 61, 90, 120)] == [0, 59, 30, 0]


def test_a_lane_that_asks_for_too_much_time_makes_room_for_one_that_asks_for_less() -> None:
    pool = Pool("job-1.hash", "mk.job-1.hash", MINUTE)
    pool.lanes = {each: Row(each, each, "PENDING", "pending", "PartitionTimeLimit") for each in ("5", "6")}
    assert counting.too_long(pool) == ["5", "6"]
    pool.exact = {"5"}
    assert counting.too_long(pool) == ["6"], "what an attempt itself needs is asked for as it is"
    pool.resources = Resources(partition="brief")
    assert counting.too_long(pool) == []


class Three(Runner):
    """A cluster that takes three jobs of a user, and has them in its queue for ever."""

    def __init__(self) -> None:
        self.taken: list[int] = []

    async def run(self, argv: Sequence[str], **_: Any) -> Finished:
        if "sbatch" not in argv:
            return Finished(1, "squeue: error: no answer")
        array = next((each for each in argv if each.startswith("--array=0-")), "--array=0-0")
        count = int(array.removeprefix("--array=0-")) + 1
        if sum(self.taken) + count > 3:
            said = "Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size)"
            return Finished(1, f"sbatch: error: QOSMaxSubmitJobPerUserLimit\nsbatch: error: {said}")
        self.taken.append(count)
        return Finished(0, str(len(self.taken)))


@pytest.mark.anyio
async def test_as_many_lanes_are_submitted_as_the_limit_of_a_user_allows(tmp_path: Path) -> None:
    runner = Three()
    async with SlurmEngine(runner, SlurmOptions(tmp_path / "shared"), mark="mk") as engine:
        for serial in range(1, 9):
            folder = tmp_path / f"home/jobs/job-1/{serial}"
            await engine.submit(AttemptSpec(f"mk.job-1.{serial}", folder, "", tmp_path, {}))
        with anyio.fail_after(10):
            while sum(runner.taken) < 3:  # noqa: ASYNC110 -- nothing tells of it
                await anyio.sleep(0.01)
