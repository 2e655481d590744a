"""Clearing a rate limit lets the sheets that wait for it run at once, and that is on the disk before the answer."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fault_jobs import config_with, numbered
from tests.support.jobs import check_history, sheets_of, submit, until
from tests.support.marianne_client import MarianneClient
from tests.support.podium_home import Conductor, make_home
from tests.support.podium_home import until as holds

LIMITED = "aliases: [limited-too]\nexecutable: /bin/bash\nprompt: file\nrate_limit_patterns: [rate limit reached]\n"
# Meets the limit as long as the file `free` is missing.
RUNS = "if [ ! -e free ]; then echo 'rate limit reached, try again in 10 minutes' >&2; exit 1; fi"


@pytest.fixture
def conductor(short_tmp: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Conductor]:
    config = config_with("limited", LIMITED, tmp_path_factory.mktemp("config"))
    running = Conductor(make_home(short_tmp)).start(PODIUM_CONFIG=config)
    yield running
    running.end()


def waits(conductor: Conductor, workspace: Path, instrument: str = "limited") -> str:
    """Return a job whose sheet waits for the limit."""
    workspace.mkdir(exist_ok=True)
    job_id = submit(conductor, numbered(workspace, RUNS, instrument=instrument))
    holds(lambda: sheets_of(conductor, job_id)["1"]["status"] == "waiting")
    return job_id


def test_the_sheets_that_wait_for_a_cleared_limit_run_at_once(conductor: Conductor, tmp_path: Path) -> None:
    jobs = [waits(conductor, tmp_path), waits(conductor, tmp_path, "limited-too")]
    with MarianneClient(conductor.settings.socket) as client:
        limits = client.result("daemon.rate_limits", {})
        assert (limits["active_limits"], limits["recent_events_count"], limits["backends"].keys()) == (
            1,
            2,
            {"limited"},
        )
        assert limits["backends"]["limited"]["sheets"] == 2
        (tmp_path / "free").touch()
        for instrument in ("cli", "nope", 5):
            cleared = client.result("daemon.clear_rate_limits", {"instrument": instrument})
            assert (cleared["cleared"], cleared["instrument"]) == (0, instrument)
        assert client.result("daemon.clear_rate_limits", {"instrument": "limited"})["cleared"] == 1
        assert client.result("daemon.rate_limits")["backends"] == {}
        for job_id in jobs:
            until(conductor, job_id, "completed")
            check_history(conductor, job_id)
        assert client.result("daemon.clear_rate_limits", {"instrument": None}) == {
            "cleared": 0,
            "instrument": None,
            "sheets": 0,
        }


def test_a_limit_that_still_holds_makes_the_sheet_wait_again(conductor: Conductor, tmp_path: Path) -> None:
    job_id = waits(conductor, tmp_path)
    with MarianneClient(conductor.settings.socket) as client:
        assert client.result("daemon.clear_rate_limits", {"instrument": None})["sheets"] == 1
        holds(lambda: sheets_of(conductor, job_id)["1"]["attempts"] == 2)
        holds(lambda: client.result("daemon.rate_limits")["active_limits"] == 1)
        client.result("job.cancel", {"job_id": job_id, "workspace": ""})


def test_a_cleared_limit_of_a_paused_job_is_cleared_over_a_crash_and_the_job_stays_paused(
    conductor: Conductor, tmp_path: Path
) -> None:
    job_id = waits(conductor, tmp_path)
    with MarianneClient(conductor.settings.socket) as client:
        client.result("job.pause", {"job_id": job_id, "workspace": ""})
        assert client.result("daemon.clear_rate_limits", {"instrument": "limited"})["sheets"] == 1
    conductor.kill()
    conductor.start()
    assert until(conductor, job_id, "paused")["waiting"] == []
    assert sheets_of(conductor, job_id)["1"]["status"] == "pending"
    (tmp_path / "free").touch()
    with MarianneClient(conductor.settings.socket) as client:
        assert client.result("job.resume", {"job_id": job_id, "workspace": ""})["status"] == "accepted"
    until(conductor, job_id, "completed")


def test_a_retry_is_no_limit_and_is_not_cleared(conductor: Conductor, tmp_path: Path) -> None:
    retry = {"max_retries": 1, "base_delay_seconds": 600, "jitter": False}
    job_id = submit(conductor, numbered(tmp_path, "exit 1", retry=retry))
    holds(lambda: sheets_of(conductor, job_id)["1"]["status"] == "waiting")
    with MarianneClient(conductor.settings.socket) as client:
        assert client.result("daemon.rate_limits")["active_limits"] == 0
        assert client.result("daemon.clear_rate_limits", {})["sheets"] == 0
        client.result("job.cancel", {"job_id": job_id, "workspace": ""})
