"""How long things are kept: ended jobs as the settings say, replies for an hour, the keys of deleted jobs for seven days.

A job is deleted as `delete_job` does it: with its history and logs, while its id stays taken and its workspace is left alone.
This happens in the background in small steps, so that no caller waits for it. By default ended jobs are kept for thirty days.
"""

import sqlite3

import anyio

from podium.conductor.clock import wall
from podium.conductor.rules.batch import Batch, Record
from podium.conductor.rules.state import JobRun
from podium.conductor.rules.transitions import control
from podium.conductor.store.store import Store
from podium.conductor.supervisor.changes import Changes
from podium.conductor.supervisor.supervisor import Supervisor
from podium.contract.states import TERMINAL
from podium.errors import PodiumError, StorageFull
from podium.log import get_logger
from podium.settings import Settings

EVERY_SECONDS = 3600.0
STEP_JOBS = 50  # deleted at most in one step
STEP_PLANS = 20
BETWEEN_SECONDS = 1.0  # between two steps while there is more to do
REPLY_SECONDS = 3600.0  # a client that has lost a reply asks again within seconds
KEY_SECONDS = 7 * 86400.0
DAY_SECONDS = 86400.0

_ENDED = f"status IN ({', '.join(map(repr, sorted(TERMINAL)))})"
_AGED = f"SELECT job_id, finished_at FROM jobs WHERE {_ENDED} AND finished_at < ? ORDER BY finished_at LIMIT ?"  # noqa: S608
_SURPLUS = f"SELECT job_id, finished_at FROM jobs WHERE {_ENDED} ORDER BY finished_at DESC LIMIT ? OFFSET ?"  # noqa: S608
_UNUSED_PLANS = """
SELECT hash FROM plans WHERE hash NOT IN (
    SELECT plan_hash FROM jobs UNION SELECT next_plan_hash FROM jobs WHERE next_plan_hash IS NOT NULL
) AND hash NOT IN (SELECT plan_hash FROM attempts) LIMIT ?
"""

log = get_logger()


class Retention:
    """Deletes what is no longer kept. `run` is its only task."""

    def __init__(self, settings: Settings, store: Store, supervisor: Supervisor, changes: Changes) -> None:
        self._settings = settings
        self._store = store
        self._supervisor = supervisor
        self._changes = changes

    async def run(self) -> None:
        """Do a step every hour, or at once if there is more to do, until cancelled."""
        while True:
            more = False
            try:
                more = await self.step()
            except StorageFull as error:
                log.warning("retention_waits", error=error.message)
            await anyio.sleep(BETWEEN_SECONDS if more else EVERY_SECONDS)

    async def step(self) -> bool:
        """Do one bounded piece of the work; return whether there may be more.

        Raises:
            StorageFull: the rest is tried again later.
        """
        overdue = await self._store.read(self._overdue)
        for job_id, finished_at in overdue:
            await self._delete(job_id, finished_at)
        rows = await self._store.read(_useless)
        if rows:
            await self._supervisor.write(rows)
        return len(overdue) >= STEP_JOBS or len(rows) >= STEP_PLANS

    def _overdue(self, db: sqlite3.Connection) -> list[tuple[str, float]]:
        """Return jobs that are no longer kept, each with the time of its end."""
        days, jobs = self._settings.retention_days, self._settings.retention_jobs
        rows = []
        if days:
            rows += db.execute(_AGED, (wall() - days * DAY_SECONDS, STEP_JOBS)).fetchall()
        if jobs:
            rows += db.execute(_SURPLUS, (STEP_JOBS, jobs)).fetchall()
        return list(dict.fromkeys((row["job_id"], row["finished_at"]) for row in rows))

    async def _delete(self, job_id: str, finished_at: float) -> None:
        """Delete a job, unless it was deleted or resumed meanwhile."""

        def expire(job: JobRun, batch: Batch) -> bool:
            if job.finished_at != finished_at:
                return False
            control.delete(job, batch)
            return True

        try:
            done, _ = await self._changes.apply(job_id, expire)
        except StorageFull:
            raise
        except (PodiumError, ValueError) as error:  # ValueError: its plan has a version that we cannot read
            log.info("job_kept", job_id=job_id, reason=str(error))
            return
        if done:
            log.info("job_expired", job_id=job_id)


def _useless(db: sqlite3.Connection) -> list[Record]:
    """Return the rows, each with its kind, that delete replies, keys and plans that are no longer needed."""
    now = wall()
    plans = db.execute(_UNUSED_PLANS, (STEP_PLANS,)).fetchall()
    rows: list[Record] = [("unused_plans", tuple(row)) for row in plans]
    for kind, query, oldest in (
        ("old_replies", "SELECT 1 FROM replies WHERE at < ? LIMIT 1", now - REPLY_SECONDS),
        ("old_keys", "SELECT 1 FROM idempotency WHERE deleted_at < ? LIMIT 1", now - KEY_SECONDS),
    ):
        if db.execute(query, (oldest,)).fetchone():
            rows.append((kind, (oldest,)))
    return rows
