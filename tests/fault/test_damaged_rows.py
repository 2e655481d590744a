"""Rows that the database's own check finds whole and that make no sense: their job is named, and every other job works."""

import re
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from podium.conductor.store.store import open_store
from podium.conductor.supervisor.loading import Loader
from podium.conductor.supervisor.saving import event_from
from podium.errors import JobDamaged
from podium.home import DATABASE
from podium.settings import Settings
from tests.support.jobs import submit, until, wait_for_file
from tests.support.podium_home import Conductor, ask, make_home

DAMAGE = {
    "a status that does not exist": "UPDATE jobs SET status = 'exploded' WHERE job_id = ?",
    "torn warnings": "UPDATE jobs SET warnings = '[\"a' WHERE job_id = ?",
    "warnings of the wrong type": "UPDATE jobs SET warnings = '7' WHERE job_id = ?",
    "an impossible intent": "UPDATE jobs SET intent = 'dance' WHERE job_id = ?",
    "text that is no UTF-8": "UPDATE jobs SET status = CAST(x'ff80' AS TEXT) WHERE job_id = ?",
    "an event count of the past": "UPDATE jobs SET event_count = 0 WHERE job_id = ?",
    "an attempt count of the past": "UPDATE jobs SET serial = 0 WHERE job_id = ?",
    "an event count near the largest number": "UPDATE jobs SET event_count = 9223372036854775807 WHERE job_id = ?",
    "an attempt count near the largest number": "UPDATE jobs SET serial = 9223372036854775807 WHERE job_id = ?",
    "a sheet's retries below zero": "UPDATE sheets SET retries_used = -9 WHERE job IN (SELECT seq FROM jobs WHERE job_id = ?)",
    "a first sheet that it lacks": "UPDATE jobs SET start_sheet = 99 WHERE job_id = ?",
    "a time that is none": "UPDATE jobs SET submitted_at = 9e999 WHERE job_id = ?",
    "no plan": "UPDATE jobs SET plan_hash = 'gone' WHERE job_id = ?",
    "an empty plan hash": "UPDATE jobs SET plan_hash = '' WHERE job_id = ?",
    "a torn plan": "UPDATE plans SET plan = substr(plan, 1, 40) WHERE hash IN (SELECT plan_hash FROM jobs WHERE job_id = ?)",
    "a plan of another kind": "UPDATE plans SET plan = '[]' WHERE hash IN (SELECT plan_hash FROM jobs WHERE job_id = ?)",
    "a sheet's status": "UPDATE sheets SET status = 'odd' WHERE job IN (SELECT seq FROM jobs WHERE job_id = ?)",
    "a sheet's hold": "UPDATE sheets SET hold = 'odd' WHERE job IN (SELECT seq FROM jobs WHERE job_id = ?)",
    "a sheet's number": "UPDATE sheets SET num = num + 77 WHERE job IN (SELECT seq FROM jobs WHERE job_id = ?)",
    "a sheet's player": "UPDATE sheets SET player = 9 WHERE job IN (SELECT seq FROM jobs WHERE job_id = ?)",
    "a sheet's completions below zero": "UPDATE sheets SET completions = -9 WHERE job IN (SELECT seq FROM jobs WHERE job_id = ?)",
    "a sheet that costs less than nothing": "UPDATE sheets SET cost = -1 WHERE job IN (SELECT seq FROM jobs WHERE job_id = ?)",
    "a cost that is none": "UPDATE jobs SET cost = 9e999 WHERE job_id = ?",
    "a sheet's remedy": "UPDATE sheets SET remedy = '{' WHERE job IN (SELECT seq FROM jobs WHERE job_id = ?)",
}


@pytest.fixture
def stopped(home: Settings) -> Iterator[Conductor]:
    """A conductor that a test starts itself."""
    conductor = Conductor(home)
    yield conductor
    conductor.end()


def call(conductor: Conductor, method: str, **params: Any) -> Any:
    return ask(conductor.settings.socket, method, params)


@pytest.mark.parametrize("what", DAMAGE)
def test_a_row_that_makes_no_sense_is_named_can_be_deleted_and_holds_up_no_other_job(
    stopped: Conductor, tmp_path: Path, what: str
) -> None:
    stopped.start()
    first, second = tmp_path / "first", tmp_path / "second"
    broken = submit(
        stopped, "name: broken\nsheets: [{run: 'true'}, {run: 'true', hold: look}]\n".replace(", hold: look", "")
    )
    until(stopped, broken, "completed")
    waits = "sheets: [{name: a, run: 'true'}, {name: b, run: 'touch begun; until [ -e go ]; do sleep 0.1; done'}]\n"
    paused = submit(stopped, f"name: paused\n{waits}", workspace=str(first))
    whole = submit(stopped, f"name: whole\n{waits}# 2\n", workspace=str(second))
    wait_for_file(first / "begun")
    wait_for_file(second / "begun")
    call(stopped, "job.pause", job_id=paused)
    (first / "go").touch()
    until(stopped, paused, "paused", "completed")
    stopped.stop()
    with closing(sqlite3.connect(stopped.settings.home / DATABASE)) as db:
        for job_id in (broken, paused):
            db.execute(DAMAGE[what], (job_id,))
        db.commit()
        assert db.execute("PRAGMA quick_check").fetchone()[0] == "ok"
    stopped.start()
    listed = {job["podium"]["job_id"]: job["podium"] for job in call(stopped, "job.list", limit=10)["jobs"]}
    assert set(listed) == {broken, paused, whole}
    for job_id in (broken, paused):
        told = ""
        try:
            call(stopped, "job.status", job_id=job_id, sheets=False, sheets_limit=5)
            call(stopped, "job.explain", job_id=job_id)
        except RuntimeError as error:
            told = str(error)
        assert told == "" or ("JOB_DAMAGED" in told and job_id in told)
        deleted = call(stopped, "job.clear", job_ids=[job_id])
        assert deleted["deleted"] == 1, deleted
    (second / "go").touch()
    assert until(stopped, whole, "completed", "failed")["status"] == "completed"
    left = call(stopped, "job.list", limit=10)["jobs"]
    assert [job["podium"]["job_id"] for job in left] == [whole]


@pytest.mark.parametrize("number", [2**63 - 1, 2**63 - 2, 2**62])
def test_an_event_whose_number_was_flipped_keeps_the_conductor_from_starting_and_says_what_to_do(
    stopped: Conductor, number: int
) -> None:
    stopped.start()
    job_id = submit(stopped, "name: flipped\nsheets: [{run: 'true'}]\n")
    until(stopped, job_id, "completed")
    stopped.stop()
    path = stopped.settings.home / DATABASE
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE events SET seq = ? WHERE seq = 2", (number,))
        db.commit()
        assert db.execute("PRAGMA quick_check").fetchone()[0] == "ok"
    stopped.launch()
    stopped.await_death()
    said = stopped.log.read_text()
    assert f"an event of job {job_id} has the number {number}" in said
    assert "Traceback" not in said
    remedy = re.search(r"'(DELETE FROM events WHERE seq > \d+)'", said)
    assert remedy, said
    with closing(sqlite3.connect(path)) as db:
        db.execute(remedy[1])
        db.commit()
    stopped.start()
    assert until(stopped, submit(stopped, "name: next\nsheets: [{run: 'true'}]\n"), "completed")
    assert until(stopped, job_id, "completed")


@pytest.mark.parametrize(
    "where", ["UPDATE jobs SET seq = {}", "UPDATE sqlite_sequence SET seq = {} WHERE name = 'jobs'"]
)
def test_a_job_number_that_was_flipped_keeps_the_conductor_from_starting(stopped: Conductor, where: str) -> None:
    stopped.start()
    until(stopped, submit(stopped, "name: flipped\nsheets: [{run: 'true'}]\n"), "completed")
    stopped.stop()
    with closing(sqlite3.connect(stopped.settings.home / DATABASE)) as db:
        db.execute(where.format(2**63 - 1))
        db.commit()
    stopped.launch()
    stopped.await_death()
    said = stopped.log.read_text()
    assert "a job has a number that no conductor gives" in said
    assert "Restore" in said
    assert "Traceback" not in said


TEXTS = st.one_of(st.text(max_size=12), st.sampled_from(["", "null", "[]", "{}", "[1e999]", "running", "cancel"]))
NUMBERS = st.one_of(st.integers(-(2**63), 2**63 - 1), st.sampled_from([0, 1, 2, -1]))
REALS = st.one_of(st.floats(allow_nan=False), st.none())


def columns_of(db: sqlite3.Connection, table: str) -> list[tuple[str, str, bool]]:
    """Return the name and type of each column of a table, and whether it may be NULL."""
    return [(row[1], row[2], not row[3]) for row in db.execute(f"PRAGMA table_info({table})")]


@pytest.fixture(scope="module")
def sound() -> Iterator[bytes]:
    """The database of a conductor that was stopped with a paused job and an ended one."""
    with tempfile.TemporaryDirectory(prefix="pod-") as folder:
        conductor = Conductor(make_home(Path(folder)))
        conductor.start()
        until(conductor, submit(conductor, "name: ended\nsheets: [{run: 'true'}]\n"), "completed")
        waits = "name: held\nsheets: [{run: 'touch begun; until [ -e go ]; do sleep 0.1; done'}, {run: 'true'}]\n"
        held = submit(conductor, waits, workspace=folder)
        wait_for_file(Path(folder) / "begun")
        call(conductor, "job.pause", job_id=held)
        (Path(folder) / "go").touch()
        until(conductor, held, "paused")
        conductor.end()
        with closing(sqlite3.connect(conductor.settings.home / DATABASE)) as db:
            yield db.serialize()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_one_value_becomes_jobs_load_or_are_named(sound: bytes, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory(prefix="pod-") as folder:
        path = Path(folder) / DATABASE
        path.write_bytes(sound)
        with closing(sqlite3.connect(path)) as db:
            table = data.draw(st.sampled_from(["jobs", "sheets", "attempts", "events", "plans"]))
            column, kind, nullable = data.draw(st.sampled_from(columns_of(db, table)))
            value = data.draw({"TEXT": TEXTS, "INTEGER": NUMBERS, "REAL": REALS}[kind])
            assume(value is not None or nullable)
            with suppress(sqlite3.IntegrityError):  # no damage: the database itself refuses it
                db.execute(f"UPDATE {table} SET {column} = ?", (value,))  # noqa: S608
            db.commit()
        anyio.run(_load_all, Path(folder))


async def _load_all(home: Path) -> None:
    """Do what a start does, and look at each job as callers do."""
    async with open_store(home) as store:
        loader = Loader(store)
        _, damaged = await loader.active()
        assert all(error.facts["job_id"] for error in damaged)
        rows = await store.read(lambda db: db.execute("SELECT * FROM jobs").fetchall())
        for row in rows:
            with suppress(JobDamaged):
                await loader.job(row["job_id"])
        events = await store.read(lambda db: db.execute("SELECT * FROM events").fetchall())
        assert all(event_from(event) for event in events)
