"""What a killed conductor leaves of its database: a torn end is dropped, damage to what was acknowledged is never passed over."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from podium.conductor import clock
from podium.conductor.rules.batch import Batch
from podium.conductor.rules.transitions import jobs
from podium.conductor.store import acknowledged
from podium.conductor.store.database import open_writer
from podium.conductor.store.schema import UnreadableDatabase
from podium.conductor.store.store import open_store
from podium.conductor.supervisor.saving import rows_of
from podium.home import ACKNOWLEDGED, DATABASE
from tests.support.plans import job_of, plan_of
from tests.torture.damage import contents, log_of

pytestmark = pytest.mark.anyio
JOBS = 3


@pytest.fixture
async def home(tmp_path: Path) -> Path:
    """Return a home as kill -9 leaves it: three jobs in the log, one commit each."""
    (tmp_path / "running").mkdir()
    async with open_store(tmp_path / "running") as store:
        for number in range(1, JOBS + 1):
            job = job_of(plan_of([[]]))
            job.seq, job.job_id = number, f"job-{number}"
            batch = Batch(number, clock.now())
            jobs.submit(job, batch)
            await store.commit(rows_of(batch))
        shutil.copytree(tmp_path / "running", tmp_path / "killed")
    return tmp_path / "killed"


def jobs_in(home: Path) -> list[str]:
    db = open_writer(home)
    try:
        return [row[0] for row in db.execute("SELECT job_id FROM jobs ORDER BY seq")]
    finally:
        db.close()


def unacknowledge_the_last(home: Path) -> None:
    """Make the last commit one that was not acknowledged yet."""
    note = acknowledged.Acknowledged(home / ACKNOWLEDGED)
    note.note(JOBS - 1)
    note.close()


def cut_within_the_last(home: Path) -> None:
    log = log_of(home)
    log.cut(log.commits[-1] - 100)


def garble_the_last(home: Path) -> None:
    log = log_of(home)
    log.garble(log.commits[-1] - 100)


def cut_the_last_off(home: Path) -> None:
    log = log_of(home)
    log.cut(log.commits[-2])


def garble_an_earlier_one(home: Path) -> None:
    log = log_of(home)
    log.garble(log.commits[-2] - 100)


def garble_the_header(home: Path) -> None:
    log_of(home).garble(4)


def remove_the_log(home: Path) -> None:
    log_of(home).path.unlink()


def remove_the_database(home: Path) -> None:
    (home / DATABASE).unlink()


def empty_the_database(home: Path) -> None:
    (home / DATABASE).write_bytes(b"")


async def test_every_commit_is_noted_before_it_is_answered(home: Path) -> None:
    assert acknowledged.read(home / ACKNOWLEDGED) == JOBS
    assert jobs_in(home) == ["job-1", "job-2", "job-3"]


@pytest.mark.parametrize("damage", [cut_within_the_last, garble_the_last, cut_the_last_off])
async def test_a_torn_end_that_nobody_was_told_of_is_dropped(home: Path, damage: Callable[[Path], None]) -> None:
    unacknowledge_the_last(home)
    damage(home)
    assert jobs_in(home) == ["job-1", "job-2"]


async def test_bytes_after_the_last_commit_are_nothing(home: Path) -> None:
    log_of(home).append(b"\x5a" * 10_000)
    assert jobs_in(home) == ["job-1", "job-2", "job-3"]


@pytest.mark.parametrize(
    "damage",
    [
        cut_within_the_last,
        garble_the_last,
        cut_the_last_off,
        garble_an_earlier_one,
        garble_the_header,
        remove_the_log,
        remove_the_database,
        empty_the_database,
    ],
)
async def test_damage_to_what_was_acknowledged_is_refused_and_nothing_is_changed(
    home: Path, damage: Callable[[Path], None]
) -> None:
    whole = contents(home)
    damage(home)
    before = contents(home)
    with pytest.raises(
        UnreadableDatabase, match=r"podium\.db.* Restore podium\.db, podium\.db-wal and podium\.db-acked"
    ):
        open_writer(home)
    assert contents(home) == before
    for name, data in whole.items():
        (home / name).write_bytes(data)
    assert jobs_in(home) == ["job-1", "job-2", "job-3"]


async def test_who_removes_the_note_goes_on_with_what_is_left(home: Path) -> None:
    garble_an_earlier_one(home)
    (home / ACKNOWLEDGED).unlink()
    assert jobs_in(home) == ["job-1"]


@pytest.mark.parametrize("record", [b"", b"\0" * 32, b"0000000000000000000", b"00000000000000000003 en"])
def test_a_torn_note_knows_nothing(tmp_path: Path, record: bytes) -> None:
    (tmp_path / "note").write_bytes(record)
    assert acknowledged.read(tmp_path / "note") == 0
