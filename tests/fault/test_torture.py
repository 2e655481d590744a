"""A short crash campaign (`make torture` runs a long one), a full disk, a damaged database, and a clock that was set back."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from podium.settings import Settings
from tests.support.engines import on_a_disk_of_its_own
from tests.support.jobs import check_history, submit, types_of, until
from tests.support.podium_home import Conductor, ask
from tests.support.podium_home import until as wait_until
from tests.support.scores import TOKEN, token_score, tokens
from tests.torture.campaign import END_SECONDS, run_campaign
from tests.torture.damage import contents, log_of

DAY = 86_400
CAMPAIGN_SECONDS = END_SECONDS + 60  # half a minute on an idle machine


@pytest.fixture
def stopped(home: Settings) -> Iterator[Conductor]:
    """A conductor that a test starts itself, perhaps several times."""
    running = Conductor(home)
    yield running
    running.end()


@pytest.mark.timeout(CAMPAIGN_SECONDS)
def test_a_short_campaign_of_kills_breaks_no_promise() -> None:
    run_campaign("make test", 2)


@pytest.mark.timeout(CAMPAIGN_SECONDS + 30)
def test_on_a_full_disk_changes_are_refused_and_nothing_is_lost(short_tmp: Path) -> None:
    try:
        told = on_a_disk_of_its_own("tests.torture.full_disk", short_tmp, "make test", 1, seconds=CAMPAIGN_SECONDS)
    except subprocess.CalledProcessError as error:
        pytest.fail(error.stderr.decode())
    if told is None:
        pytest.skip("no mount namespaces here")
    assert 0 < told["refused"] < told["asked"]


def test_a_retry_comes_in_its_time_though_the_clock_was_set_back(stopped: Conductor, tmp_path: Path) -> None:
    retry = "    retry: {max_retries: 1, base_delay_seconds: 1.5}\n"
    score = f"name: flaky\nworkspace: {tmp_path}\nsheets:\n  - run: '[ \"$PODIUM_ATTEMPT\" -ge 2 ]'\n{retry}"
    stopped.start()
    job_id = submit(stopped, score)
    # The event stays; the state could be seen only for as long as the wait.
    wait_until(lambda: "sheet.retrying" in types_of(stopped, job_id))
    stopped.kill()
    stopped.start(PODIUM_CLOCK_SHIFT=str(-DAY))
    assert until(stopped, job_id, "completed", "failed")["status"] == "completed"


def test_a_wait_is_never_told_as_longer_than_it_is_though_the_clock_was_set_back(
    stopped: Conductor, tmp_path: Path
) -> None:
    retry = "    retry: {max_retries: 1, base_delay_seconds: 50}\n"
    stopped.start()
    job_id = submit(stopped, f"name: waits\nworkspace: {tmp_path}\nsheets:\n  - run: exit 1\n{retry}")
    wait_until(lambda: "sheet.retrying" in types_of(stopped, job_id))
    stopped.kill()
    stopped.start(PODIUM_CLOCK_SHIFT=str(-DAY))
    reason = ask(stopped.settings.socket, "job.status", {"job_id": job_id})["podium"]["reason"]
    told = re.search(r"is waiting for (\d+) s", reason)
    assert told is not None, reason
    assert int(told[1]) <= 60  # 50 s and the jitter


def test_a_sheet_that_starts_while_others_are_recovered_is_not_taken_for_one_of_them(
    stopped: Conductor, tmp_path: Path
) -> None:
    gated = f"name: gated\nworkspace: {tmp_path}\nsheets:\n  - run: {TOKEN}; until [ -e go ]; do sleep 0.1; done\n"
    stopped.start(PODIUM_MAX_SHEETS="1")
    jobs = [submit(stopped, gated) for _ in range(6)]
    wait_until(lambda: tokens(tmp_path))
    stopped.kill()
    stopped.start()
    until(stopped, jobs[-1], "running")
    (tmp_path / "go").touch()
    for job_id in jobs:
        assert until(stopped, job_id, "completed", "failed")["status"] == "completed"
        assert len(ask(stopped.settings.socket, "job.history", {"job_id": job_id})["records"]) == 1
    assert len(tokens(tmp_path)) == 6
    assert set(tokens(tmp_path).values()) == {1}


def test_a_job_that_was_cancelled_in_the_queue_runs_when_it_is_resumed(stopped: Conductor, tmp_path: Path) -> None:
    stopped.start(PODIUM_MAX_SHEETS="1")
    gate = f"name: gate\nworkspace: {tmp_path}\nsheets:\n  - run: 'while [ ! -e go ]; do sleep 0.1; done'\n"
    first = submit(stopped, gate)
    until(stopped, first, "running")
    queued = submit(stopped, token_score(tmp_path, sheets=1, seconds=0))
    assert ask(stopped.settings.socket, "job.cancel", {"job_id": queued})["job"]["status"] == "cancelled"
    assert ask(stopped.settings.socket, "job.resume", {"job_id": queued})["status"] == "accepted"
    (tmp_path / "go").touch()
    assert until(stopped, queued, "completed")


def test_a_damaged_log_keeps_the_conductor_from_starting_until_it_is_restored(
    stopped: Conductor, tmp_path: Path
) -> None:
    stopped.start()
    job_id = submit(stopped, token_score(tmp_path))
    until(stopped, job_id, "completed")
    stopped.kill()
    home = stopped.settings.home
    log = log_of(home)
    whole = contents(home)
    log.garble(log.commits[1] - 100)
    damaged = contents(home)
    stopped.launch()
    assert stopped.process is not None
    assert stopped.process.wait(60) == 1
    stopped.await_death()
    assert "podium.db-wal is missing, cut off or damaged" in stopped.log.read_text()
    assert contents(home) == damaged
    for name, data in whole.items():
        (home / name).write_bytes(data)
    stopped.start()
    assert until(stopped, job_id, "completed")
    assert set(tokens(tmp_path).values()) == {1}
    check_history(stopped, job_id)
