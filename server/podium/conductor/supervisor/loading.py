"""Jobs from the store into memory."""

import hashlib
import math
import sqlite3
from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple
from weakref import WeakValueDictionary

from podium.conductor.rules.plans import LoadedPlan, hash_of
from podium.conductor.rules.state import JobRun
from podium.conductor.store.rows import ATTEMPT_COLUMNS, JOB_COLUMNS, SHEET_COLUMNS
from podium.conductor.store.store import Store
from podium.conductor.supervisor import damage
from podium.conductor.supervisor.damage import damaged, naming
from podium.conductor.supervisor.saving import attempt_from, job_from, run_from
from podium.contract.near import NAMED_SHOWN, as_named, job_not_found
from podium.errors import JobDamaged, JobDeleted, PodiumError
from podium.score.model.plan import load_plan
from podium.times import iso

_AT_ONCE = 200  # jobs that are read in one turn of a thread
_LAST = """SELECT seq, (SELECT COALESCE(MAX(job_seq), 0) FROM events WHERE events.job_id = jobs.job_id),
    (SELECT COALESCE(MAX(serial), 0) FROM attempts WHERE attempts.job = jobs.seq) FROM jobs WHERE seq IN ({marks})"""

_NAMED = "SELECT job_id, status, submitted_at, finished_at FROM jobs WHERE name = ? ORDER BY seq DESC LIMIT ?"
_COUNT_NAMED = "SELECT COUNT(*) FROM jobs WHERE name = ?"


class Loader:
    """Loads jobs. A plan that several jobs run is loaded once while any of them is in memory."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._plans: WeakValueDictionary[str, LoadedPlan] = WeakValueDictionary()

    async def plan(self, digest: str) -> LoadedPlan:
        """Return the plan with this hash.

        Raises:
            JobDeleted: its last job was deleted since the hash was read.
        """
        loaded = self._plans.get(digest)
        if loaded is None:
            loaded = self.share(await self._store.read(lambda db: _read_plan(db, digest)))
        return loaded

    def share(self, loaded: LoadedPlan) -> LoadedPlan:
        """Return the plan with this hash that is already in memory, given the texts of this one, else this one."""
        known = self._plans.setdefault(loaded.hash, loaded)
        known.text, known.source = loaded.text, loaded.source
        return known

    async def source(self, digest: str) -> str:
        """Return the text of the score that this plan was made of.

        Raises:
            JobDeleted: as `plan`.
        """
        row = await self._store.read(
            lambda db: db.execute("SELECT source FROM plans WHERE hash = ?", (digest,)).fetchone()
        )
        if row is None:
            raise deleted()
        return str(row["source"])

    async def job(self, job_id: str) -> JobRun | None:
        """Return a job from the store, ready for the scheduler, or None.

        Raises:
            JobDeleted: it was deleted meanwhile.
        """
        row = await self._store.read(lambda db: read_job(db, job_id))
        if row is None:
            return None
        try:
            with naming(job_id, "its score as it is stored"):
                loaded = await self.plan(row["plan_hash"])
                following = await self.plan(row["next_plan_hash"]) if row["next_plan_hash"] else None
        except JobDeleted:
            if await self._store.read(lambda db: read_job(db, job_id)) == row:
                raise damaged(job_id, "its score is missing") from None
            raise
        return await self._store.read(lambda db: job_from_rows(db, job_id, loaded, following))

    async def active(self) -> tuple[list[JobRun], list[JobDamaged]]:
        """Return every job that is not terminal, in the order of submission, and why others cannot be understood."""
        active = "status IN ('queued', 'running', 'paused')"
        query = f"SELECT {JOB_COLUMNS} FROM jobs WHERE {active} ORDER BY seq"  # noqa: S608 -- constants only
        rows = await self._store.read(lambda db: db.execute(query).fetchall())
        hashes = dict.fromkeys(row[column] for row in rows for column in ("plan_hash", "next_plan_hash"))
        plans: dict[str, LoadedPlan | JobDamaged] = {}
        for digest in filter(None, hashes):
            try:
                with naming("", "its score as it is stored"):
                    plans[digest] = await self.plan(digest)
            except JobDeleted:
                plans[digest] = damaged("", "its score is missing")
            except JobDamaged as error:
                plans[digest] = error
        found: list[JobRun | JobDamaged] = []
        for first in range(0, len(rows), _AT_ONCE):
            found += await self._store.read(partial(_jobs_with, rows[first : first + _AT_ONCE], plans))
        jobs = [each for each in found if isinstance(each, JobRun)]
        return jobs, [each for each in found if isinstance(each, JobDamaged)]


def deleted(job_id: str = "") -> JobDeleted:
    """Return the error for a job that was deleted."""
    name, facts = (f"Job '{job_id}'", {"job_id": job_id}) if job_id else ("The job", {})
    return JobDeleted(f"{name} was deleted", fix="Call list_jobs to see all jobs.", **facts)


def missing(db: sqlite3.Connection, job_id: str) -> PodiumError:
    """Return the error for a job without a row: JobDeleted, or JobNotFound with the jobs of that name, else with similar ids."""
    if db.execute("SELECT 1 FROM tombstones WHERE job_id = ?", (job_id,)).fetchone():
        return deleted(job_id)
    if rows := db.execute(_NAMED, (job_id, NAMED_SHOWN)).fetchall():
        named = [as_named(*row[:2], *map(_time, row[2:])) for row in rows]
        return job_not_found(job_id, (), named, db.execute(_COUNT_NAMED, (job_id,)).fetchone()[0])
    recent = db.execute("SELECT job_id FROM jobs ORDER BY seq DESC LIMIT 1000")
    return job_not_found(job_id, [each[0] for each in recent])


def _time(seconds: float | None) -> str:
    return iso(seconds) if seconds is not None and math.isfinite(seconds) else ""


def _jobs_with(
    rows: list[sqlite3.Row], plans: Mapping[str, LoadedPlan | JobDamaged], db: sqlite3.Connection
) -> list[JobRun | JobDamaged]:
    """Build the jobs with these rows, with the same few queries for all of them. Nothing else may change them meanwhile."""
    parts = _parts_of(db, [row["seq"] for row in rows])
    found: list[JobRun | JobDamaged] = []
    for row in rows:
        loaded, following = plans.get(row["plan_hash"]), plans.get(row["next_plan_hash"])
        try:
            if not isinstance(loaded, LoadedPlan) or isinstance(following, JobDamaged):
                found.append(damaged(row["job_id"], "its score, as it is stored, cannot be read"))
            else:
                found.append(_built(row, loaded, following, parts[row["seq"]]))
        except JobDamaged as error:
            found.append(error)
    return found


def job_from_rows(db: sqlite3.Connection, job_id: str, loaded: LoadedPlan, following: LoadedPlan | None) -> JobRun:
    """Build a job from its rows and its plans, ready for the scheduler.

    Raises:
        JobDeleted: it has no row any more.
        JobDamaged: its rows cannot be understood.
    """
    row = read_job(db, job_id)
    if row is None:
        raise deleted(job_id)
    return _built(row, loaded, following, _parts_of(db, [row["seq"]])[row["seq"]])


class _Parts(NamedTuple):
    """The rows of a job's sheets and of its open attempts, and the highest numbers of its events and attempts."""

    sheets: list[sqlite3.Row]
    attempts: list[sqlite3.Row]
    last_event: int
    last_attempt: int


def _parts_of(db: sqlite3.Connection, jobs: Sequence[int]) -> dict[int, _Parts]:
    """Return the parts of the jobs with these numbers."""
    marks = ", ".join("?" * len(jobs))
    # Whole: a cursor that an error leaves open would keep this connection at an old state of the database.
    last = {seq: numbers for seq, *numbers in db.execute(_LAST.format(marks=marks), jobs).fetchall()}
    parts = {seq: _Parts([], [], *last.get(seq, (0, 0))) for seq in jobs}
    for row in db.execute(f"SELECT {SHEET_COLUMNS} FROM sheets WHERE job IN ({marks})", jobs).fetchall():  # noqa: S608 -- marks only
        parts[row["job"]].sheets.append(row)
    query = f"SELECT {ATTEMPT_COLUMNS} FROM attempts WHERE open = 1 AND job IN ({marks})"  # noqa: S608 -- marks only
    for row in db.execute(query, jobs).fetchall():
        parts[row["job"]].attempts.append(row)
    return parts


def _built(row: sqlite3.Row, loaded: LoadedPlan, following: LoadedPlan | None, parts: _Parts) -> JobRun:
    """Build a job from its rows.

    Raises:
        JobDamaged: they cannot be understood.
    """
    with naming(row["job_id"], "its rows"):
        job = job_from(row, loaded, following)
        job.sheets = {run.num: run for run in map(run_from, parts.sheets)}
        job.running = {attempt.sheet: attempt for attempt in map(attempt_from, parts.attempts)}
        damage.check(job, parts.last_event, parts.last_attempt)
        for num, attempt in job.running.items():
            attempt.claim = job.claim_of(num)
        job.rebuild()
    return job


def _read_plan(db: sqlite3.Connection, digest: str) -> LoadedPlan:
    row = db.execute("SELECT plan, source FROM plans WHERE hash = ?", (digest,)).fetchone()
    if row is None:
        raise deleted()
    plan, source = row
    # Up to schema 3 the score did not count: jobs whose scores had the same plan share the text of the first.
    if digest not in (hash_of(plan, source), hashlib.sha256(plan.encode()).hexdigest()):
        raise ValueError("its text does not match its hash")
    return LoadedPlan(digest, load_plan(plan))


def read_job(db: sqlite3.Connection, job_id: str) -> sqlite3.Row | None:
    """Return a job's row, or None."""
    query = f"SELECT {JOB_COLUMNS} FROM jobs WHERE job_id = ?"  # noqa: S608 -- constants only
    row: sqlite3.Row | None = db.execute(query, (job_id,)).fetchone()
    return row
