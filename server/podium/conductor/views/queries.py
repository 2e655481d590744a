"""Looking up jobs: one by its id, many as pages."""

import sqlite3
from typing import Any

from podium.conductor.store.rows import JOB_COLUMNS
from podium.conductor.store.store import Store
from podium.conductor.supervisor.loading import missing
from podium.conductor.views.cursors import number_in
from podium.contract.methods import ListParams
from podium.errors import InvalidArguments

_JOB = f"SELECT {JOB_COLUMNS} FROM jobs WHERE job_id = ?"  # noqa: S608 -- constants only
# Of the partial index `jobs_completed`: one step, however many jobs there are.
LAST_COMPLETED = f"SELECT {JOB_COLUMNS} FROM jobs WHERE name = ? AND status = 'completed' ORDER BY seq DESC LIMIT 1"  # noqa: S608
_ALL_JOBS = "SELECT COALESCE(SUM(jobs), 0) FROM status_counts"


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
        before = number_in(params.cursor) if params.cursor else None
        if params.cursor and before is None:
            raise InvalidArguments(
                f"{params.cursor!r} is not a cursor from list_jobs.",
                fix="Pass next_cursor from the previous page, or leave it out.",
            )
        return await self._store.read(lambda db: _page(db, params, before, limit))


def _page(db: sqlite3.Connection, params: ListParams, before: int | None,
          limit: int) -> tuple[list[sqlite3.Row], str, int]:  # fmt: skip
    parts: list[str] = []
    values: list[Any] = []
    if params.status:
        parts.append("status = ?")
        values.append(params.status)
    count = _ALL_JOBS
    if params.name:
        parts.append("(instr(lower(name), lower(?)) OR instr(lower(job_id), lower(?)))")
        values += [params.name, params.name]
        count = "SELECT COUNT(*) FROM jobs"  # only a part of a name makes this look at each of them
    where = f"WHERE {' AND '.join(parts)}" if parts else ""
    total = db.execute(f"{count} {where}", values).fetchone()[0]
    if before is not None:
        where = f"{where} AND seq < ?" if where else "WHERE seq < ?"
        values.append(before)
    query = f"SELECT {JOB_COLUMNS} FROM jobs {where} ORDER BY seq DESC LIMIT ?"  # noqa: S608 -- constants only
    rows = db.execute(query, [*values, limit + 1]).fetchall()
    return rows[:limit], str(rows[limit - 1]["seq"]) if len(rows) > limit else "", total
