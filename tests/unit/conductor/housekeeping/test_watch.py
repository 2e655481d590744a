"""What the conductor does when nothing runs."""

from pathlib import Path

from tests.support import podium_home
from tests.support.jobs import submit, until
from tests.support.podium_home import Conductor, make_home


def test_memory_is_given_back_when_jobs_have_ended(short_tmp: Path) -> None:
    conductor = Conductor(make_home(short_tmp, stuck_seconds=1, log_level="debug")).start()

    def given_back_after_the_end() -> bool:
        return "memory_given_back" in conductor.log.read_text().rpartition("attempt_ended")[2]

    try:
        until(conductor, submit(conductor, "name: short\nsheets: [{run: 'true'}]\n"), "completed")
        podium_home.until(given_back_after_the_end)
    finally:
        conductor.end()
