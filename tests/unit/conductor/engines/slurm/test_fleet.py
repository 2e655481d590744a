"""Where attempts on a cluster are said to be."""

from pathlib import Path

from podium.conductor.engines.port import AttemptSpec
from podium.conductor.engines.slurm.answers import Row
from podium.conductor.engines.slurm.fleet import Fleet
from podium.conductor.engines.slurm.flights import Flight
from podium.conductor.engines.slurm.shared import Seen, Shared
from podium.lane.place import Claim

NOW = 1000.0


def make_fleet() -> tuple[Fleet, Flight]:
    """Return a fleet with one attempt, which the lane 83_0 has claimed."""
    fleet = Fleet(Shared(Path("/shared/mk"), "python3", "token"), "mk.")
    flight = fleet.add(AttemptSpec("mk.job-1.1", Path("/home/jobs/job-1/1"), "", Path("/w"), {}), NOW)
    fleet.note(flight, Seen(there=True, claim=Claim("84", "f1", 7, "token", "83_0")), NOW)
    return fleet, flight


def test_a_job_has_one_name_before_and_after_the_cluster_has_told_of_it() -> None:
    fleet, flight = make_fleet()
    before = fleet.place(flight)
    row = Row("83_0", "84", "RUNNING", "running", nodes="f1", partition="main", name=flight.pool.label)
    fleet.take_queue({"83_0": row}, NOW, NOW)
    after = fleet.place(flight)
    assert (before.engine_id, after.engine_id, after.node) == ("83_0", "83_0", "f1")


def test_a_moment_of_the_next_try_that_is_over_is_not_told() -> None:
    fleet, flight = make_fleet()
    flight.claim = None
    flight.pool.hold_off(NOW, "QOSMaxSubmitJobPerUserLimit")
    assert fleet.place(flight).again_at == flight.pool.again_at
    flight.pool.again_at = 1.0
    place = fleet.place(flight)
    assert (place.reason, place.again_at) == ("QOSMaxSubmitJobPerUserLimit", None)


def test_an_attempt_of_a_cluster_that_does_not_answer_was_seen_last_where_its_claim_says() -> None:
    fleet, flight = make_fleet()
    fleet.words = "Unable to contact slurm controller"
    place = fleet.place(flight)
    assert (place.state, place.engine_id, place.node) == ("unknown", "83_0", "f1")
