"""How long things are kept: ended jobs as the settings say, replies for an hour, the keys of deleted jobs for seven days.

A job is deleted as `delete_job` does it: with its history and logs, while its id stays taken and its workspace is left alone.
This happens in the background in small steps, so that no caller waits for it. By default ended jobs are kept for thirty days.

Ages are counted in time that was seen passing. After a jump of more than a day, because the clock was set or because nobody was
there (a holiday), nothing is deleted for its age until a day has been seen passing (`clock.Calendar`). Which jobs are the newest
is told by the order of their last events, never by a clock.
"""

import sqlite3
from collections.abc import Mapping

import anyio

from podium.conductor import clock
from podium.conductor.clock import Calendar, Moment, Timekeeper
from podium.conductor.rules.batch import Batch, Record
from podium.conductor.rules.state import JobRun
from podium.conductor.rules.transitions import control
from podium.conductor.store.store import Store
from podium.conductor.supervisor.changes import Changes
from podium.conductor.supervisor.supervisor import Supervisor
from podium.contract.methods import KEY_DAYS
from podium.contract.states import TERMINAL
from podium.errors import PodiumError, StorageFull
from podium.log import get_logger
from podium.settings import Settings

EVERY_SECONDS = 600.0
STEP_JOBS = 50  # deleted at most in one step
STEP_PLANS = 20
BETWEEN_SECONDS = 1.0  # between two steps while there is more to do
REPLY_SECONDS = 3600.0  # a client that has lost a reply asks again within seconds
OLD_REPLY_SECONDS = (
    2 * 86400.0
)  # more than the calendar may be ahead: so old ones go also when nobody stays for an hour
DAY_SECONDS = 86400.0
KEY_SECONDS = KEY_DAYS * DAY_SECONDS
TASK_SECONDS = 7 * DAY_SECONDS

_ENDED = f"status IN ({', '.join(map(repr, sorted(TERMINAL)))})"
_LATEST_FIRST = (
    "ORDER BY (SELECT seq FROM events WHERE job_id = jobs.job_id ORDER BY job_seq DESC LIMIT 1) DESC, seq DESC"
)
_NEWEST = f"SELECT seq FROM jobs WHERE {_ENDED} {_LATEST_FIRST} LIMIT ?"  # noqa: S608
_AGED = f"""
SELECT job_id, finished_at FROM jobs WHERE {_ENDED} AND finished_at < ? AND seq NOT IN ({_NEWEST}) ORDER BY seq LIMIT ?
"""  # noqa: S608
_SURPLUS = f"SELECT job_id, finished_at FROM jobs WHERE {_ENDED} {_LATEST_FIRST} LIMIT ? OFFSET ?"  # noqa: S608
_UNUSED_PLANS = """
SELECT hash FROM plans WHERE hash NOT IN (
    SELECT plan_hash FROM jobs UNION SELECT next_plan_hash FROM jobs WHERE next_plan_hash IS NOT NULL
) AND hash NOT IN (SELECT plan_hash FROM attempts UNION SELECT plan_hash FROM notifications) LIMIT ?
"""

log = get_logger()


class Retention:
    """Deletes what is no longer kept. `run` is its only task."""

    def __init__(
        self, settings: Settings, store: Store, supervisor: Supervisor, changes: Changes, timekeeper: Timekeeper
    ) -> None:
        self._settings = settings
        self._store = store
        self._timekeeper = timekeeper
        self._supervisor = supervisor
        self._changes = changes
        self._doubt = 0.0

    async def run(self) -> None:
        """Do a step every ten minutes, or at once if there is more to do, until cancelled."""
        while True:
            more = False
            try:
                more = await self.step(clock.now())
            except StorageFull as error:
                log.warning("retention_waits", error=error.message)
            await anyio.sleep(BETWEEN_SECONDS if more else EVERY_SECONDS)

    async def step(self, now: Moment) -> bool:
        """Do one bounded piece of the work; return whether there may be more.

        Raises:
            StorageFull: the rest is tried again later.
        """
        calendar = self._look(now)
        if calendar.is_news(self._timekeeper.stored):
            await self._supervisor.write([("calendar", (calendar.text(),))])  # first: a restart goes on from here
            self._timekeeper.stored = calendar
        overdue = await self._store.read(lambda db: self._overdue(db, calendar.sure))
        for job_id, finished_at in overdue:
            await self._delete(job_id, finished_at)
        oldest = self._oldest(now, calendar.sure)
        rows = await self._store.read(lambda db: _useless(db, oldest))
        if rows:
            await self._supervisor.write(rows)
        return len(overdue) >= STEP_JOBS or len(rows) >= STEP_PLANS

    def _look(self, now: Moment) -> Calendar:
        calendar = self._timekeeper.look(now)
        if calendar.doubt > self._doubt:
            days = (calendar.wall - calendar.sure) / DAY_SECONDS
            log.warning("clock_jumped", ahead_days=round(days, 1), retention_waits_seconds=round(calendar.doubt))
        self._doubt = calendar.doubt
        return calendar

    def _oldest(self, now: Moment, sure: float) -> dict[str, float]:
        """Return for each kind of row that is forgotten the oldest time that is kept."""
        ran = now.mono - self._timekeeper.began.mono
        replies = sure - OLD_REPLY_SECONDS
        if ran >= REPLY_SECONDS:  # whatever the clock was set to meanwhile, so long they have been there
            replies = max(replies, min(now.wall, self._timekeeper.began.wall + ran) - REPLY_SECONDS)
        return {"old_replies": replies, "old_keys": sure - KEY_SECONDS, "old_task_ends": sure - TASK_SECONDS}

    def _overdue(self, db: sqlite3.Connection, sure: float) -> list[tuple[str, float]]:
        """Return jobs that are no longer kept, each with the time of its end."""
        days, jobs = self._settings.retention_days, self._settings.retention_jobs
        rows = []
        if days:
            kept = self._settings.retention_newest
            rows += db.execute(_AGED, (sure - days * DAY_SECONDS, kept, STEP_JOBS)).fetchall()
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


_FORGOTTEN = {
    "old_replies": "SELECT 1 FROM replies WHERE at < ? LIMIT 1",
    "old_keys": "SELECT 1 FROM idempotency WHERE deleted_at < ? LIMIT 1",
    "old_task_ends": "SELECT 1 FROM task_ends WHERE at < ? LIMIT 1",
}


def _useless(db: sqlite3.Connection, oldest: Mapping[str, float]) -> list[Record]:
    """Return the rows, each with its kind, that delete plans without a job, and what is older than the oldest that is kept."""
    plans = db.execute(_UNUSED_PLANS, (STEP_PLANS,)).fetchall()
    rows: list[Record] = [("unused_plans", tuple(row)) for row in plans]
    rows += [(kind, (at,)) for kind, at in oldest.items() if db.execute(_FORGOTTEN[kind], (at,)).fetchone()]
    return rows


def calendar_of(db: sqlite3.Connection, present: float) -> Calendar:
    """Return the calendar that an earlier conductor left. Without one, it is as late as the last event, or the present."""
    row = db.execute("SELECT value FROM meta WHERE key = 'calendar'").fetchone()
    if row is not None and (kept := Calendar.read(row[0])) is not None:
        return kept
    last = db.execute("SELECT at FROM events ORDER BY seq DESC LIMIT 1").fetchone()
    at = last[0] if last is not None else present
    return Calendar(at, at)
