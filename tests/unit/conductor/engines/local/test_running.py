"""An attempt that is stopped, whenever that comes."""

from pathlib import Path

from podium.conductor.engines.local.attempt import Running
from tests.support.engines import make_spec


def test_an_attempt_stopped_before_its_launch_tells_the_first_reason(tmp_path: Path) -> None:
    running = Running(make_spec(tmp_path))
    running.stop("output_limit", 0.0, "the job holds too much")
    running.stop("cancelled", 1.0)
    end = running.never_begun()
    assert (end.reason, end.detail, end.exit_code) == ("output_limit", "the job holds too much", None)
