"""Thousands of attempts on the cluster: what is done for each of them does not grow with their number."""

import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from podium.conductor.engines.port import AttemptSpec
from podium.conductor.engines.slurm import counting
from podium.conductor.engines.slurm.answers import STATES, Row
from podium.conductor.engines.slurm.fleet import Fleet
from podium.conductor.engines.slurm.shared import Seen, Shared
from podium.lane.place import Claim
from podium.score.model.plan import Resources


def fill(folder: Path, count: int, *, jobs: int) -> Fleet:
    """Return a fleet of so many attempts of so many jobs, one half waiting and one half claimed."""
    fleet = Fleet(Shared(folder, "python3", "token"), "mk.")
    for serial in range(count):
        job_id = f"job-{serial % jobs}"
        key = f"mk.{job_id}.{serial}"
        flight = fleet.add(AttemptSpec(key, folder / job_id / str(serial), "", folder, {}, resources=Resources()), 0.0)
        flight.stage = "waiting"
        if serial % 2:
            fleet.note(flight, Seen(True, Claim(str(1000 + serial), "f1")), 1.0)
    return fleet


def rows(fleet: Fleet, state: str) -> dict[str, Row]:
    """Return a lane for each attempt."""
    flights = fleet.flights.values()
    return {
        lane: Row(lane, lane, state, STATES[state], name=flight.pool.label)
        for flight in flights
        if (lane := str(1000 + flight.serial))
    }


def look_round(fleet: Fleet) -> None:
    """Do what a round and the bells of all attempts do in memory, while lanes run and after they have ended."""
    for state in ("RUNNING", "COMPLETED"):
        fleet.take_queue(rows(fleet, state), 2.0, 2.0)
        for pool in fleet.pools.values():
            counting.missing(pool, {})
            counting.surplus(pool, 3.0)
        for flight in fleet.flights.values():
            assert fleet.find(flight.pool.job_id, flight.serial) is flight
            assert (counting.lane_of(flight.pool, flight) is None) == (flight.claim is None)


def steps_of(fleet: Fleet) -> int:
    """Return how many lines are executed, and rounds of loops begun, in a look at all of it."""
    count = 0

    def note(_frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal count
        count += event == "line"
        return note

    before = sys.gettrace()
    sys.settrace(note)
    try:
        look_round(fleet)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("spread", ["one job", "a job each"])
def test_a_look_at_twice_as_many_attempts_is_twice_the_work(tmp_path: Path, spread: str) -> None:
    few, many = (steps_of(fill(tmp_path, count, jobs=1 if spread == "one job" else count)) for count in (200, 400))
    assert many < 2.2 * few
