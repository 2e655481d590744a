"""The store: one transaction or nothing, and no database is ever overwritten."""

import resource
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import anyio
import pytest

from podium.conductor import daemon
from podium.conductor.clock import Moment
from podium.conductor.rules.batch import Batch
from podium.conductor.rules.plans import LoadedPlan
from podium.conductor.rules.transitions import jobs, sheets
from podium.conductor.store import database, schema
from podium.conductor.store.database import open_writer
from podium.conductor.store.rows import JOB_COLUMNS, STATEMENTS, Rows
from podium.conductor.store.schema import UnreadableDatabase
from podium.conductor.store.store import StorageBroken, open_store
from podium.conductor.supervisor.loading import Loader
from podium.conductor.supervisor.saving import rows_of
from podium.conductor.views.queries import LAST_COMPLETED
from podium.errors import JobDeleted, StorageFull
from podium.home import DATABASE
from podium.settings import Settings
from tests.support.plans import job_of, plan_of

pytestmark = pytest.mark.anyio
NOW = Moment(5.0, 5.0)


async def test_a_committed_job_is_read_back_as_it_was(tmp_path: Path) -> None:
    job = job_of(plan_of([[], [1]]))
    async with open_store(tmp_path) as store:
        batch = Batch(1, NOW)
        jobs.submit(job, batch)
        sheets.start(job, 1, batch, store.home_id)
        await store.commit(rows_of(batch))
        loaded = await Loader(store).job(job.job_id)
    assert loaded is not None
    assert (loaded.status, loaded.total, list(loaded.ready), loaded.blocked) == ("running", 2, [], {2: 1})
    assert [attempt.key for attempt in loaded.running.values()] == [f"{store.home_id}.demo-1.1"]


async def test_a_job_that_is_deleted_while_it_is_read_counts_as_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = job_of(plan_of([[]]))
    async with open_store(tmp_path) as store:
        batch = Batch(1, NOW)
        jobs.submit(job, batch)
        await store.commit(rows_of(batch))
        loader = Loader(store)

        async def plan(digest: str) -> LoadedPlan:
            gone = Rows()
            gone.add("deleted_jobs", (job.seq,))
            await store.commit(gone)
            return job.loaded

        monkeypatch.setattr(loader, "plan", plan)
        with pytest.raises(JobDeleted, match=job.job_id):
            await loader.job(job.job_id)
        with pytest.raises(JobDeleted):
            await Loader(store).plan("gone")


async def test_a_commit_that_fails_writes_nothing(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        rows = Rows()
        rows.add("tombstones", ("gone", 1.0))
        rows.add("removals", (None,))
        rows.add("removals", ({"not": "a value"},))
        with pytest.raises(sqlite3.Error):
            await store.commit(rows)
        assert await store.read(lambda db: db.execute("SELECT COUNT(*) FROM tombstones").fetchone()[0]) == 0


async def test_what_happened_is_kept_though_a_name_in_it_is_not_unicode(tmp_path: Path) -> None:
    job = job_of(plan_of([[]]))
    async with open_store(tmp_path) as store:
        batch = Batch(1, NOW)
        jobs.submit(job, batch)
        job.reason = "found b\udcffd.txt"
        await store.commit(rows_of(batch))
        loaded = await Loader(store).job(job.job_id)
    assert loaded is not None
    assert loaded.reason == "found b?d.txt"


async def test_a_full_disk_is_said_and_nothing_is_written(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        rows = Rows()
        rows.add("plans", ("hash", "x" * 2_000_000, ""))
        resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, before[1]))
        try:
            with pytest.raises(StorageFull):
                await store.commit(rows)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert await store.read(lambda db: db.execute("SELECT COUNT(*) FROM plans").fetchone()[0]) == 0
        await store.commit(rows)


@pytest.mark.parametrize(
    ("statement", "said"), [("PRAGMA query_only=OFF", "locked"), ("PRAGMA query_only=ON", "readonly")]
)
@pytest.mark.parametrize("kind", ["tombstones", "plans"])  # written in a thread, and on the loop
async def test_a_database_that_cannot_be_written_now_is_no_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, statement: str, said: str, kind: str
) -> None:
    monkeypatch.setattr(database, "BUSY_MILLISECONDS", 100)
    row = {"tombstones": ("gone", 1.0), "plans": ("hash", "{}", "")}[kind]
    async with open_store(tmp_path) as store:
        rows = Rows()
        rows.add(kind, row)
        store._writer.execute(statement)
        with closing(sqlite3.connect(tmp_path / DATABASE, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StorageFull, match=f"cannot be written to right now: .*{said}"):
                await store.commit(rows)
            other.execute("ROLLBACK")
        store._writer.execute("PRAGMA query_only=OFF")
        await store.commit(rows)
        assert await store.read(lambda db: db.execute(f"SELECT COUNT(*) FROM {kind}").fetchone()[0]) == 1  # noqa: S608


class _Unflushed:
    """A connection whose commit fails in the flush. SQLite gives no way to cause that without a disk that is broken."""

    def __init__(self, real: sqlite3.Connection) -> None:
        self.real = real

    @property
    def in_transaction(self) -> bool:
        return self.real.in_transaction

    def execute(self, statement: str) -> sqlite3.Cursor:
        if statement == "COMMIT":
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorname = "SQLITE_IOERR_FSYNC"
            raise error
        return self.real.execute(statement)


async def test_a_flush_that_fails_is_no_refusal_and_nothing_is_rolled_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_store(tmp_path) as store:
        real = store._writer
        with monkeypatch.context() as patch:
            patch.setattr(store, "_writer", _Unflushed(real))
            with pytest.raises(StorageBroken, match="disk I/O error"):
                await store.commit(Rows())
        real.execute("ROLLBACK")


def test_a_conductor_stops_when_its_disk_is_broken(
    home: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def broken(loader: Loader) -> None:
        raise StorageBroken("The disk of PODIUM_HOME failed to flush written data.")

    monkeypatch.setattr(Loader, "active", broken)  # the first thing that a conductor awaits inside its task group
    home.home.mkdir(parents=True)
    assert daemon.run(home) == 1
    assert "stopped_as_the_disk_is_broken" in capsys.readouterr().err


def test_an_old_database_is_brought_up_to_date_with_its_jobs(tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / DATABASE, isolation_level=None)
    db.executescript(schema.STEPS[0])
    db.executescript("PRAGMA user_version = 1; INSERT INTO meta VALUES ('home_id', 'abc')")
    batch = Batch(1, NOW)
    for seq in (1, 2, 3):
        jobs.submit(job_of(plan_of([[]]), seq=seq), batch)
    rows = rows_of(batch).by_kind
    had = {row[1] for row in db.execute("PRAGMA table_info(jobs)")}
    old = [name for name in JOB_COLUMNS.split(", ") if name in had]  # as that version wrote them; newer ones come last
    marks = ", ".join("?" * len(old))
    table = f"INSERT INTO jobs ({', '.join(old)}) VALUES ({marks})"  # noqa: S608
    db.executemany(table, [row[: len(old)] for row in rows.pop("jobs")])
    for kind, each in rows.items():
        db.executemany(STATEMENTS[kind], each)
    db.execute("UPDATE jobs SET start_sheet = 2, sheets_skipped = 3 WHERE seq = 1")
    sheet = "INSERT INTO sheets VALUES (1, ?, 'skipped', ?, ?, 0, 0, NULL, NULL, NULL, NULL, 0, 0, '')"
    db.executemany(sheet, [(2, "skip_when: true", 1), (3, "blocked by failed sheet 1", 0)])
    db.close()
    opened = open_writer(tmp_path)
    assert database.home_id(opened) == "abc"
    assert opened.execute("PRAGMA user_version").fetchone()[0] == schema.SCHEMA_VERSION
    assert opened.execute("SELECT DISTINCT survivors FROM jobs").fetchall() == [("[]",)]
    costs = "SELECT DISTINCT jobs.cost, cost_granted, sheets.cost, completions, note FROM jobs JOIN sheets ON job = seq"
    assert opened.execute(costs).fetchall() == [(0.0, 0.0, 0.0, 0, "")]
    kinds = "SELECT sheets_skipped, sheets_before_start, sheets_blocked FROM jobs WHERE seq = 1"
    assert opened.execute(kinds).fetchone() == (3, 1, 1)
    opened.execute("UPDATE jobs SET status = 'failed' WHERE seq = 2")
    opened.execute("DELETE FROM jobs WHERE seq = 3")
    assert opened.execute("SELECT * FROM status_counts ORDER BY status").fetchall() == [("failed", 1), ("queued", 1)]
    opened.close()


def test_a_log_for_which_there_is_no_room_in_the_database_keeps_nobody_from_starting(tmp_path: Path) -> None:
    killed, home = tmp_path / "killed", tmp_path / "home"
    killed.mkdir()
    db = open_writer(killed)
    db.executemany("INSERT INTO plans VALUES (?, ?, '')", [(f"hash {n}", "text" * 500) for n in range(100)])
    shutil.copytree(killed, home)
    db.close()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, before[1]))
    try:
        opened = open_writer(home)
        assert opened.execute("SELECT COUNT(*) FROM plans").fetchone()[0] == 100
        opened.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_database_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    open_writer(tmp_path).close()
    with sqlite3.connect(tmp_path / DATABASE) as db:
        db.execute(f"PRAGMA user_version = {schema.SCHEMA_VERSION + 1}")
    db.close()
    before = (tmp_path / DATABASE).read_bytes()
    with pytest.raises(UnreadableDatabase, match="newer Podium"):
        open_writer(tmp_path)
    assert (tmp_path / DATABASE).read_bytes() == before


@pytest.mark.parametrize(
    "content", [b"this is no database, but long enough to look at" * 50, b"SQLite format 3\0" + b"\xff" * 5000]
)
def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / DATABASE).write_bytes(content)
    with pytest.raises(UnreadableDatabase, match="left unchanged"):
        open_writer(tmp_path)
    assert (tmp_path / DATABASE).read_bytes() == content


def test_a_damaged_page_is_found_at_start(tmp_path: Path) -> None:
    db = open_writer(tmp_path)
    db.executemany("INSERT INTO plans VALUES (?, ?, '')", [(f"hash {n}", "text" * 500) for n in range(200)])
    db.close()
    with (tmp_path / DATABASE).open("r+b") as file:
        file.seek(40 * 4096)
        file.write(b"\xa5" * 8192)
    with pytest.raises(UnreadableDatabase, match="left unchanged"):
        open_writer(tmp_path)


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    open_writer(tmp_path).close()
    reader = database.open_reader(tmp_path)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("DELETE FROM meta")
    reader.close()


async def test_another_programs_lock_delays_a_commit_and_not_the_event_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_MILLISECONDS", 20_000)
    rows = Rows()
    rows.add("plans", ("hash", "{}", ""))
    with anyio.fail_after(10):
        async with open_store(tmp_path) as store, anyio.create_task_group() as tasks:
            with closing(sqlite3.connect(tmp_path / DATABASE, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                tasks.start_soon(store.commit, rows)
                await anyio.wait_all_tasks_blocked()  # would not return while the loop waits for the lock
                other.execute("ROLLBACK")
        assert await store_count(tmp_path) == 1


async def store_count(home: Path) -> int:
    """Return how many plans a store holds."""
    async with open_store(home) as store:
        count: int = await store.read(lambda db: db.execute("SELECT COUNT(*) FROM plans").fetchone()[0])
        return count


def test_the_last_completed_job_of_a_name_is_found_by_an_index_alone(tmp_path: Path) -> None:
    with closing(open_writer(tmp_path)) as connection:
        plan = " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {LAST_COMPLETED}", ("nightly",)))
    assert "USING COVERING INDEX jobs_by_name (name=?)" in plan
    assert "TEMP B-TREE" not in plan
