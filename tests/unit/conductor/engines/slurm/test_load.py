"""The load of an attempt, as its lane wrote it a few seconds ago."""

import time
from pathlib import Path

from podium.conductor.engines.port import AttemptSpec
from podium.conductor.engines.slurm.engine import usage_of
from podium.conductor.engines.slurm.flights import Flight, Pool


def test_an_attempt_is_up_since_it_began_and_not_until_its_lane_wrote_last() -> None:
    spec = AttemptSpec("mk.job-1.1", Path("/home/jobs/job-1/1"), "", Path("/w"), {})
    flight = Flight(spec, Pool("job-1.hash", "mk.job-1.hash"), "/root/jobs/job-1/1", changed_at=time.time() - 9)
    assert 9 <= (usage_of({"pid": 7, "uptime": 5.5}, flight).uptime_seconds or 0) < 60
    flight.changed_at = time.time()  # seen late: a conductor that was started anew
    assert usage_of({"pid": 7, "uptime": 5.5}, flight).uptime_seconds == 5.5
