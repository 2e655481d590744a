"""`job.clear`: delete terminal jobs and their logs. Active jobs are never deleted.

Each job goes in one transaction with its event. A call with a limit also ends after a few seconds: what it did not reach is
left to the next one. A repeated call goes on where the first one stopped, and answers with what that deleted too.
"""

import json
import math
import sqlite3
import time
from collections import Counter
from typing import Any, NamedTuple

import anyio

from podium.conductor.clock import now, wall
from podium.conductor.rules.batch import Batch
from podium.conductor.rules.state import JobRun
from podium.conductor.rules.transitions import control
from podium.conductor.service.context import Context
from podium.conductor.store.rows import JOB_COLUMNS
from podium.conductor.supervisor.damage import NOT_UNDERSTOOD, damaged
from podium.contract.methods import ClearParams
from podium.contract.models import JobView
from podium.contract.replies import ClearReply, Refusal
from podium.contract.states import TERMINAL
from podium.errors import InvalidArguments, JobDamaged, JobDeleted, PodiumError, StorageFull, WrongState
from podium.times import span
from podium.wire.dispatcher import Peer

_AT_ONCE = 20  # jobs whose deletions may share a commit
_SECONDS = 10.0  # for a call with a limit: a third of what the proxy waits for a reply
_DONE = "SELECT key, reply FROM replies WHERE key > ?1 || ':' AND key < ?1 || ';'"  # ";" comes after ":"


class Chosen(NamedTuple):
    """The jobs that a call is to delete, each with its row unless it was named, and how many match in all, by status."""

    rows: dict[str, sqlite3.Row | None]
    counts: Counter[str]


async def handle(context: Context, params: ClearParams, peer: Peer) -> ClearReply:
    """Answer how many were deleted, which, and why each other one that was tried was not."""
    if params.dry_run and params.job_ids is not None:
        raise InvalidArguments("dry_run goes with a choice of jobs, not with job_ids.", fix="Leave dry_run out.")
    await context.supervisor.flushed()
    before = await _done_before(context, params)
    chosen = await _chosen(context, params, len(before))
    counts = chosen.counts + Counter(view.status for view in before)
    facts = {"total": counts.total(), "counts": dict(counts)}
    if params.dry_run:
        jobs = [context.views.of_row(row) for row in chosen.rows.values() if row is not None]
        return ClearReply(deleted=0, jobs=jobs, refused=[], **facts)
    deleted, refused = await _delete_all(context, params, chosen)
    jobs = [*before, *deleted]
    return ClearReply(deleted=len(jobs), jobs=jobs, refused=refused, **facts)


async def _delete_all(context: Context, params: ClearParams, chosen: Chosen) -> tuple[list[JobView], list[Refusal]]:
    """Delete jobs until all are tried, a call with a limit has lasted long enough, or the disk is full."""
    done: dict[str, JobView | PodiumError] = {}

    async def delete(job_id: str) -> None:
        try:
            done[job_id] = await _delete(context, job_id, params.request_key, chosen.rows[job_id])
        except PodiumError as error:
            done[job_id] = error
        except NOT_UNDERSTOOD as error:
            done[job_id] = damaged(job_id, f"{type(error).__name__}: {error}")

    ids = list(chosen.rows)
    deadline = math.inf if params.limit is None else time.monotonic() + _SECONDS
    for first in range(0, len(ids), _AT_ONCE):
        async with anyio.create_task_group() as tasks:
            for job_id in ids[first : first + _AT_ONCE]:
                tasks.start_soon(delete, job_id)
        if time.monotonic() > deadline or any(isinstance(each, StorageFull) for each in done.values()):
            break
    tried = [(job_id, done[job_id]) for job_id in ids if job_id in done]
    deleted = [each for _, each in tried if isinstance(each, JobView)]
    refused = [
        Refusal.of(each, job_id=job_id, message=each.message)
        for job_id, each in tried
        if isinstance(each, PodiumError) and not _is_gone(each, chosen.rows[job_id])
    ]
    return deleted, refused


def _is_gone(error: PodiumError, row: sqlite3.Row | None) -> bool:
    """Return whether somebody else deleted a job that was chosen, and not named: that is what this call wanted."""
    return isinstance(error, JobDeleted) and row is not None


async def _delete(context: Context, job_id: str, request_key: str | None, chosen: sqlite3.Row | None) -> JobView:
    """Delete one job and return its last view; a repeated call with the same key gets the same answer.

    Raises:
        WrongState: it is active, or no longer as it was when it was chosen.
    """
    key = f"{request_key}:{job_id}" if request_key else None
    if key is not None and (reply := context.changes.remembered(key)) is not None:
        return JobView.model_validate(reply["job"])
    try:
        view = context.views.of(await context.changes.find(job_id))
    except JobDamaged:
        return await _delete_damaged(context, job_id)

    def delete(job: JobRun, batch: Batch) -> dict[str, Any]:
        if chosen is not None and (job.status, job.finished_at) != (chosen["status"], chosen["finished_at"]):
            raise WrongState(
                f"Job {job_id} is {job.status}: it was resumed after it had been chosen.",
                fix="When it has ended again, clear it with the others.",
                job_id=job_id,
                state=job.status,
            )
        return {**control.delete(job, batch), "job": view.model_dump()}

    await context.changes.apply(job_id, delete, key)
    return view


async def _delete_damaged(context: Context, job_id: str) -> JobView:
    """Delete a job that cannot be understood, as far as its row names what belongs to it."""
    row = await context.queries.job(job_id)
    view = context.views.of_row(row)
    await context.supervisor.write(control.removal(row["seq"], job_id, wall()))
    context.supervisor.damaged.pop(job_id, None)
    context.supervisor.removed(job_id)
    return view


async def _done_before(context: Context, params: ClearParams) -> list[JobView]:
    """Return what a call with this request key, whose reply was lost, has deleted already."""
    if params.request_key is None or params.job_ids is not None:
        return []
    rows = await context.store.read(lambda db: db.execute(_DONE, (params.request_key,)).fetchall())
    jobs = [(row["key"], json.loads(row["reply"]).get("job")) for row in rows]
    # Another key that begins with this one and a colon is not meant.
    return [JobView.model_validate(job) for key, job in jobs if job and key == f"{params.request_key}:{job['job_id']}"]


async def _chosen(context: Context, params: ClearParams, done: int) -> Chosen:
    """Return the jobs that were named, or the terminal jobs that match, the oldest first; `done` of the limit are deleted."""
    if params.job_ids is not None:
        return Chosen(dict.fromkeys(params.job_ids), Counter())
    statuses = sorted(TERMINAL.intersection(params.statuses if params.statuses is not None else TERMINAL))
    # Without an age every ended job matches, even one that ended "later" because the clock was set back since.
    before = math.inf if params.older_than_seconds is None else _present(context) - params.older_than_seconds
    limit = -1 if params.limit is None else max(0, params.limit - done)
    return await context.store.read(lambda db: _matching(db, statuses, before, params.keep_newest, limit))


def _matching(db: sqlite3.Connection, statuses: list[str], before: float, keep: int, limit: int) -> Chosen:
    where = f"FROM jobs WHERE status IN ({', '.join('?' * len(statuses))}) AND finished_at <= ?"
    values: list[Any] = [*statuses, before]
    if keep:
        oldest_kept = f"SELECT seq {where} ORDER BY seq DESC LIMIT 1 OFFSET ?"
        found = db.execute(oldest_kept, [*values, keep - 1]).fetchone()
        where, values = f"{where} AND seq < ?", [*values, found["seq"] if found else 0]
    counts = db.execute(f"SELECT status, COUNT(*) {where} GROUP BY status", values).fetchall()
    rows = db.execute(f"SELECT {JOB_COLUMNS} {where} ORDER BY seq LIMIT ?", [*values, limit]).fetchall()
    return Chosen({row["job_id"]: row for row in rows}, Counter({row["status"]: row[1] for row in counts}))


def _present(context: Context) -> float:
    """Return the present, in seconds since the epoch.

    Raises:
        InvalidArguments: the clock has jumped, so no age is sure; what is deleted does not come back.
    """
    calendar = context.timekeeper.at(now())
    if calendar.doubt:
        raise InvalidArguments(
            f"The clock has jumped, or the conductor was off, by {span(abs(calendar.wall - calendar.sure))}: "
            f"how old a job is will be sure after {span(calendar.doubt)} more of running.",
            fix="Choose by status or keep_newest instead of age, or wait until then.",
        )
    return calendar.wall
