"""The engine of a cluster on which nothing is, what it tells, and how often it asks."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.conductor.engines.port import AttemptSpec, Place
from podium.conductor.engines.slurm.answers import Row
from podium.conductor.engines.slurm.engine import SlurmEngine, SlurmOptions
from podium.conductor.engines.slurm.fleet import Fleet
from podium.conductor.engines.slurm.rounds import LONG, next_pause
from podium.conductor.engines.slurm.shared import Seen, Shared
from podium.conductor.processes.run import Finished, Runner
from podium.lane.place import Claim
from podium.score.model.plan import Resources


class Counting(Runner):
    """Runs nothing, and keeps what it was to run."""

    def __init__(self) -> None:
        self.asked: list[Sequence[str]] = []

    async def run(self, argv: Sequence[str], **_: Any) -> Finished:
        self.asked.append(argv)
        return Finished(0)


def make_fleet(tmp_path: Path) -> Fleet:
    fleet = Fleet(Shared(tmp_path, "python3", "token"), "mk.")
    flight = fleet.add(
        AttemptSpec("mk.job-1.1", tmp_path / "jobs/job-1/1", "", tmp_path, {}, resources=Resources(cpus=1)), 0.0
    )
    flight.stage = "waiting"
    return fleet


def placed(fleet: Fleet) -> Place:
    return fleet.place(fleet.flights["mk.job-1.1"])


def row(fleet: Fleet, lane: str, state: str = "PENDING", **more: Any) -> dict[str, Row]:
    (pool,) = fleet.pools.values()
    kind = {"PENDING": "pending", "RUNNING": "running", "SUSPENDED": "suspended"}[state]
    return {lane: Row(lane, lane, state, kind, partition="main", name=pool.label, **more)}  # type: ignore[arg-type]


@pytest.mark.anyio
async def test_with_nothing_on_the_cluster_no_command_is_run_and_no_task_wakes(tmp_path: Path) -> None:
    runner = Counting()
    async with SlurmEngine(runner, SlurmOptions(tmp_path / "shared"), mark="mk") as engine:
        engine.clean()
        await anyio.wait_all_tasks_blocked()
        assert await engine.describe(["mk.job-1.1"]) == {}
        assert (await engine.poll(["mk.job-1.1"]), engine.status()) == ({}, "")
    assert not runner.asked
    assert not (tmp_path / "shared").exists()


@pytest.mark.anyio
async def test_the_same_question_is_asked_once(tmp_path: Path) -> None:
    runner = Counting()
    async with SlurmEngine(runner, SlurmOptions(tmp_path), mark="mk") as engine:
        assert [await engine.refusal(Resources(cpus=2)) for _ in range(3)] == ["", "", ""]
    assert [["--test-only" in words for words in runner.asked]] == [[True]]


def test_an_attempt_in_the_queue_is_where_its_first_lane_is(tmp_path: Path) -> None:
    fleet = make_fleet(tmp_path)
    rows = row(fleet, "5", reason="Priority", start=200.0) | row(fleet, "6", reason="Resources", start=100.0)
    fleet.take_queue(rows, 1.0, 1.0)
    found = placed(fleet)
    assert (found.state, found.engine_id, found.reason, found.expected_start) == ("queued", "6", "Resources", 100.0)


def test_an_attempt_without_a_lane_says_why_there_is_none(tmp_path: Path) -> None:
    fleet = make_fleet(tmp_path)
    next(iter(fleet.pools.values())).hold_off(0.0, "QOSMaxSubmitJobPerUserLimit")
    assert (placed(fleet).state, placed(fleet).reason) == ("queued", "QOSMaxSubmitJobPerUserLimit")


def test_a_claimed_attempt_runs_on_its_node_unless_the_cluster_suspends_it(tmp_path: Path) -> None:
    fleet = make_fleet(tmp_path)
    fleet.note(fleet.flights["mk.job-1.1"], Seen(True, Claim("7", "f2")), 1.0)
    assert (placed(fleet).state, placed(fleet).engine_id, placed(fleet).node) == ("running", "7", "f2")
    fleet.take_queue(row(fleet, "7", "SUSPENDED"), 1.0, 1.0)
    assert placed(fleet).state == "suspended"


def test_what_cannot_be_told_is_unknown_with_the_words(tmp_path: Path) -> None:
    fleet = make_fleet(tmp_path)
    fleet.words = "Socket timed out"
    assert (placed(fleet).state, placed(fleet).reason) == ("unknown", "Socket timed out")
    fleet.words = ""
    fleet.flights["mk.job-1.1"].trouble = "the folder does not answer"
    assert (placed(fleet).state, placed(fleet).obstacle) == ("unknown", "the folder does not answer")
    assert placed(fleet).reason == ""


def test_lanes_that_belong_to_no_pool_are_strays(tmp_path: Path) -> None:
    fleet = make_fleet(tmp_path)
    stray = Row("9", "9", "RUNNING", "running", name="mk.job-0.gone")
    over = Row("8", "8", "COMPLETED", "over", name="mk.job-0.gone")
    fleet.take_queue(row(fleet, "5") | {"9": stray, "8": over}, 1.0, 1.0)
    assert fleet.strays == {"job-0.gone": {"9": stray, "8": over}}


@given(st.lists(st.booleans(), max_size=100))
def test_the_cluster_is_asked_at_most_twenty_times_a_minute_and_seldom_when_nothing_changes(
    changes: list[bool],
) -> None:
    pause = shortest = SlurmOptions(Path()).ask_seconds
    for changed in changes:
        pause = next_pause(pause, shortest, changed=changed)
        assert 60 / 20 <= pause <= LONG * shortest
    for _ in range(10):
        pause = next_pause(pause, shortest, changed=False)
    assert pause == LONG * shortest
