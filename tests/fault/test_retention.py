"""Retention: ended jobs, replies and keys go when the settings say so, whole, and nothing else does."""

import resource
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from podium.settings import Settings
from tests.support.jobs import events_of, submit, until
from tests.support.podium_home import Conductor, ask, make_home
from tests.support.podium_home import until as eventually
from tests.support.scarce import ROOM, fill_before, limited

DAY = 86400.0
SCORE = "name: {name}\nsheets: [{{name: only, run: '{run}'}}]"


@pytest.fixture
def home(short_tmp: Path) -> Settings:
    """Return settings that keep everything."""
    return make_home(short_tmp, retention_days=0, retention_newest=0)


def run(conductor: Conductor, name: str, command: str = "echo ran >>ran", **params: Any) -> str:
    """Run a job to its end and return its id."""
    job_id = submit(conductor, SCORE.format(name=name, run=command), **params)
    until(conductor, job_id, "completed", "failed")
    return job_id


def change(settings: Settings, statement: str, *values: object) -> None:
    """Change the database of a home whose conductor is stopped."""
    with closing(sqlite3.connect(settings.home / "podium.db")) as db, db:
        assert db.execute(statement, values).rowcount > 0


def column(settings: Settings, query: str) -> set[str]:
    """Return the first column of a query."""
    with closing(sqlite3.connect(settings.home / "podium.db")) as db:
        return {row[0] for row in db.execute(query)}


def age(settings: Settings, job_id: str, days: float) -> None:
    """Let a job have ended so long ago."""
    change(settings, "UPDATE jobs SET finished_at = ? WHERE job_id = ?", time.time() - days * DAY, job_id)


def known(conductor: Conductor) -> set[str]:
    """Return the ids of the jobs there are."""
    return {job["job_id"] for job in ask(conductor.settings.socket, "job.list")}


@pytest.fixture
def keeper(home: Settings) -> Iterator[Conductor]:
    """Return a running conductor that keeps everything, until it is started with another rule."""
    running = Conductor(home).start()
    yield running
    running.end()


def restart(conductor: Conductor, **environment: str) -> None:
    """Stop a conductor, if it runs, and start it with other settings."""
    if conductor.process is not None:
        conductor.stop()
    conductor.start(**environment)


def test_an_ended_job_goes_whole_after_its_days_and_the_others_stay(keeper: Conductor) -> None:
    old, young = run(keeper, "old"), run(keeper, "young", "exit 1")
    workspace = keeper.settings.home / "workspaces" / old
    folder = keeper.settings.home / "jobs" / old
    going = submit(keeper, SCORE.format(name="going", run="sleep 1000"))
    until(keeper, going, "running")
    assert folder.is_dir()
    keeper.stop()
    age(keeper.settings, old, 8)
    age(keeper.settings, young, 6)
    change(keeper.settings, "UPDATE jobs SET submitted_at = 1.0, started_at = 1.0 WHERE job_id = ?", going)
    restart(keeper, PODIUM_RETENTION_DAYS="7")
    eventually(lambda: known(keeper) == {young, going})
    eventually(lambda: not folder.exists())
    with pytest.raises(RuntimeError, match="JOB_DELETED"):
        ask(keeper.settings.socket, "job.status", {"job_id": old})
    assert [event["type"] for event in events_of(keeper, old)] == ["job.deleted"]
    assert "job.failed" in [event["type"] for event in events_of(keeper, young)]
    assert (workspace / "ran").read_text() == "ran\n"
    plans = "SELECT source FROM plans"
    eventually(lambda: len(column(keeper.settings, plans)) == 2)


def test_of_ended_jobs_the_last_to_end_are_kept_whatever_the_clock_said(keeper: Conductor, tmp_path: Path) -> None:
    first = submit(keeper, SCORE.format(name="first", run=f"until [ -e {tmp_path}/go ]; do sleep 0.1; done"))
    jobs = [run(keeper, f"job{number}") for number in range(3)]
    (tmp_path / "go").touch()
    until(keeper, first, "completed")
    keeper.stop()
    age(keeper.settings, jobs[0], -40)  # it ended while the clock was ahead
    restart(keeper, PODIUM_RETENTION_JOBS="2")
    eventually(lambda: known(keeper) == {jobs[2], first})
    restart(keeper, PODIUM_RETENTION_JOBS="1")
    eventually(lambda: known(keeper) == {first})


def test_the_last_jobs_to_end_stay_however_old_they_are(keeper: Conductor) -> None:
    jobs = [run(keeper, f"job{number}") for number in range(3)]
    keeper.stop()
    for job_id in jobs:
        age(keeper.settings, job_id, 100)
    restart(keeper, PODIUM_RETENTION_DAYS="30", PODIUM_RETENTION_NEWEST="2")
    eventually(lambda: known(keeper) == set(jobs[1:]))


def test_a_clock_that_jumps_ahead_deletes_nothing_and_counts_once_time_was_seen_after_it(keeper: Conductor) -> None:
    job_id = run(keeper, "old", idempotency_key="used", request_key="first")
    gone = run(keeper, "gone", idempotency_key="gone")
    assert ask(keeper.settings.socket, "job.clear", {"job_ids": [gone]})["deleted"] == 1
    rules = {"PODIUM_RETENTION_DAYS": "30", "PODIUM_CLOCK_SHIFT": str(40 * DAY)}
    restart(keeper, **rules)
    eventually(lambda: "clock_jumped" in keeper.log.read_text())
    ahead = run(keeper, "ahead")  # the whole first look is over
    with pytest.raises(RuntimeError, match="The clock has jumped"):
        ask(keeper.settings.socket, "job.clear", {"older_than_seconds": 3600})
    assert known(keeper) == {job_id, ahead}
    assert "first" in column(keeper.settings, "SELECT key FROM replies")
    assert column(keeper.settings, "SELECT key FROM idempotency") == {"used", "gone"}
    restart(keeper, PODIUM_RETENTION_DAYS="30")  # the clock was corrected
    run(keeper, "right again")
    assert {job_id, ahead} < known(keeper)
    restart(keeper, **rules)  # it really is so much later, after a holiday
    run(keeper, "after the holiday")
    assert job_id in known(keeper)
    keeper.stop()
    change(keeper.settings, "UPDATE meta SET value = json_set(value, '$.doubt', 0.001) WHERE key = 'calendar'")
    restart(keeper, **rules)
    eventually(lambda: job_id not in known(keeper))
    assert ahead in known(keeper)


def test_a_job_never_ends_before_it_began_though_the_clock_was_set_back(keeper: Conductor, tmp_path: Path) -> None:
    job_id = submit(keeper, SCORE.format(name="long", run=f"until [ -e {tmp_path}/go ]; do sleep 0.1; done"))
    until(keeper, job_id, "running")
    restart(keeper, PODIUM_CLOCK_SHIFT=str(-40 * DAY))
    (tmp_path / "go").touch()
    ended = until(keeper, job_id, "completed")
    assert ended["submitted_at"] <= ended["started_at"] <= ended["finished_at"]


def test_more_than_one_step_of_jobs_goes_too(keeper: Conductor) -> None:
    run(keeper, "one")
    keeper.stop()
    copies = """
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
        INSERT INTO jobs SELECT seq + i, job_id || i, {} FROM jobs, n
    """
    with closing(sqlite3.connect(keeper.settings.home / "podium.db")) as db, db:
        names = [row[1] for row in db.execute("PRAGMA table_info(jobs)")][2:]
        db.execute(copies.format(", ".join(names)))
    restart(keeper, PODIUM_RETENTION_JOBS="3")
    eventually(lambda: len(known(keeper)) == 3)
    assert ask(keeper.settings.socket, "daemon.status")["jobs_total"] == 3


def test_with_zeros_everything_is_kept_and_by_default_thirty_days(keeper: Conductor) -> None:
    old, young = run(keeper, "old", request_key="first"), run(keeper, "young")
    keeper.stop()
    age(keeper.settings, old, 31)
    age(keeper.settings, young, 29)
    change(keeper.settings, "UPDATE replies SET at = 1.0")
    restart(keeper)
    eventually(lambda: not column(keeper.settings, "SELECT key FROM replies"))  # jobs would have gone before
    assert known(keeper) == {old, young}
    keeper.stop()
    restart(keeper, PODIUM_RETENTION_DAYS=str(Settings.model_fields["retention_days"].default))
    eventually(lambda: known(keeper) == {young})
    limits = ask(keeper.settings.socket, "daemon.status")["limits"]
    assert (limits["retention_days"], limits["retention_jobs"]) == (30.0, 0)


def test_old_replies_and_the_keys_of_jobs_deleted_long_since_are_forgotten(keeper: Conductor) -> None:
    gone = run(keeper, "gone", idempotency_key="used", request_key="first")
    kept = run(keeper, "kept", idempotency_key="in use", request_key="second")
    recent = run(keeper, "recent", idempotency_key="just deleted", request_key="third")
    assert ask(keeper.settings.socket, "job.clear", {"job_ids": [gone, recent]})["deleted"] == 2
    keeper.stop()
    change(keeper.settings, "UPDATE idempotency SET deleted_at = ? WHERE key = 'used'", time.time() - 7.1 * DAY)
    change(keeper.settings, "UPDATE replies SET at = ? WHERE key = 'first'", time.time() - 2.1 * DAY)
    restart(keeper)
    eventually(lambda: column(keeper.settings, "SELECT key FROM replies") == {"second", "third"})
    eventually(lambda: column(keeper.settings, "SELECT key FROM idempotency") == {"in use", "just deleted"})
    again = run(keeper, "gone", idempotency_key="used")
    assert known(keeper) == {kept, again}


def test_a_job_that_is_resumed_is_kept(keeper: Conductor) -> None:
    job_id = run(keeper, "failing", "exit 1")
    keeper.stop()
    age(keeper.settings, job_id, 100)
    restart(keeper)
    workspace = keeper.settings.home / "workspaces" / job_id
    score = SCORE.format(name="failing", run=f"until [ -e {workspace}/go ]; do sleep 0.1; done")
    reply = ask(keeper.settings.socket, "job.resume", {"job_id": job_id, "config_content": score})
    assert reply["status"] == "accepted", reply
    until(keeper, job_id, "running")
    restart(keeper, PODIUM_RETENTION_DAYS="1", PODIUM_RETENTION_JOBS="1")
    (workspace / "go").touch()
    until(keeper, job_id, "completed")
    assert known(keeper) == {job_id}


def test_a_full_disk_makes_retention_wait_not_fail(keeper: Conductor) -> None:
    job_id = run(keeper, "old")
    keeper.stop()
    age(keeper.settings, job_id, 100)
    fill_before(keeper.settings, "DELETE ON jobs")
    with limited(resource.RLIMIT_FSIZE, ROOM):
        restart(keeper, PODIUM_RETENTION_DAYS="1")
    eventually(lambda: "retention_waits" in keeper.log.read_text())
    assert known(keeper) == {job_id}
    assert (keeper.settings.home / "jobs" / job_id).is_dir()
