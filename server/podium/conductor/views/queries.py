"""Looking up jobs: one by its id, many as pages."""

import sqlite3
from collections.abc import Sequence
from operator import itemgetter
from typing import Any, cast

from podium.conductor.store.rows import JOB_COLUMNS
from podium.conductor.store.store import Store
from podium.conductor.supervisor.loading import missing
from podium.conductor.views.cursors import number_in
from podium.contract.methods import ListParams
from podium.contract.states import JobFilter, JobStatus, ended_statuses
from podium.errors import InvalidArguments

_JOB = f"SELECT {JOB_COLUMNS} FROM jobs WHERE job_id = ?"  # noqa: S608 -- constants only
# Of the newest jobs of a name, so that it stays one short walk along the index, however many there are.
_NEWEST_NAMED = "SELECT seq, status FROM jobs WHERE name = ? ORDER BY seq DESC LIMIT 1000"
_LAST = f"SELECT MAX(seq) FROM ({_NEWEST_NAMED}) WHERE status = 'completed'"  # noqa: S608 -- constants only
LAST_COMPLETED = f"SELECT {JOB_COLUMNS} FROM jobs WHERE seq = ({_LAST})"  # noqa: S608 -- constants only
_ALL_JOBS = "SELECT COALESCE(SUM(jobs), 0) FROM status_counts"
_COUNT_JOBS = "SELECT COUNT(*) FROM jobs"


class Queries:
    """Reads jobs. The answer contains everything that was acknowledged before the call."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def job(self, job_id: str) -> sqlite3.Row:
        """Return a job's row.

        Raises:
            JobDeleted, JobNotFound: the latter names similar ids.
        """
        row = self._store.find(_JOB, job_id)
        if row is None:
            raise await self._store.read(lambda db: missing(db, job_id))
        return row

    def last_completed(self, name: str) -> sqlite3.Row | None:
        """Return the row of the newest completed job with exactly this name."""
        return self._store.find(LAST_COMPLETED, name)

    def jobs_total(self) -> int:
        """Return the number of jobs, including ended ones."""
        row = self._store.find(_ALL_JOBS)
        return 0 if row is None else int(row[0])

    async def page(self, params: ListParams, default_limit: int) -> tuple[list[sqlite3.Row], str, int]:
        """Return rows newest first, the cursor of the next page ("" at the end) and the number of matching jobs."""
        limit = params.limit or default_limit
        before = place(params.cursor)
        return await self._store.read(lambda db: _page(db, params, before, limit))


def place(cursor: str | None) -> int | None:
    """Return the number of the job at which a page of a list ended, None without a cursor.

    Raises:
        InvalidArguments: the cursor is none of ours.
    """
    before = number_in(cursor) if cursor else None
    if cursor and before is None:
        raise InvalidArguments(
            f"{cursor!r} is not a cursor from list_jobs.",
            fix="Pass next_cursor from the previous page, or leave it out.",
        )
    return before


def _page(db: sqlite3.Connection, params: ListParams, before: int | None,
          limit: int) -> tuple[list[sqlite3.Row], str, int]:  # fmt: skip
    rows: list[sqlite3.Row] = []
    total = 0
    for status in _statuses(params.status):  # one after the other: only then does the index have their order
        parts, values = _conditions(status, params.name)
        # Only a part of a name makes the count look at each job.
        total += db.execute(f"{_COUNT_JOBS if params.name else _ALL_JOBS} {_where(parts)}", values).fetchone()[0]
        if before is not None:
            parts, values = [*parts, "seq < ?"], [*values, before]
        query = f"SELECT {JOB_COLUMNS} FROM jobs {_where(parts)} ORDER BY seq DESC LIMIT ?"  # noqa: S608 -- constants only
        rows += db.execute(query, [*values, limit + 1]).fetchall()
    rows = sorted(rows, key=itemgetter("seq"), reverse=True)
    return rows[:limit], str(rows[limit - 1]["seq"]) if len(rows) > limit else "", total


def _statuses(status: JobFilter | None) -> Sequence[JobStatus | None]:
    """Return the statuses of the jobs to list; None is any."""
    if status is None or status == "any":
        return [None]
    return ended_statuses("ended") if status == "ended" else [cast(JobStatus, status)]


def _conditions(status: JobStatus | None, name: str | None) -> tuple[list[str], list[Any]]:
    parts, values = (["status = ?"], [status]) if status else ([], [])
    if name:
        return [*parts, "(instr(lower(name), lower(?)) OR instr(lower(job_id), lower(?)))"], [*values, name, name]
    return parts, values


def _where(parts: Sequence[str]) -> str:
    return f"WHERE {' AND '.join(parts)}" if parts else ""
