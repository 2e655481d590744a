"""`job.clear`: delete terminal jobs and their logs. Active jobs are never deleted."""

import math
from typing import Any

from podium.conductor.clock import now, wall
from podium.conductor.rules.batch import Batch
from podium.conductor.rules.state import JobRun
from podium.conductor.rules.transitions import control
from podium.conductor.service.context import Context
from podium.contract.methods import ClearParams
from podium.contract.models import JobView
from podium.contract.replies import ClearReply, Refusal
from podium.contract.states import TERMINAL
from podium.errors import InvalidArguments, JobDamaged, PodiumError
from podium.times import span
from podium.wire.dispatcher import Peer


async def handle(context: Context, params: ClearParams, peer: Peer) -> ClearReply:
    """Answer how many were deleted, which, and why each named one was not."""
    await context.supervisor.flushed()
    deleted, refused = [], []
    for job_id in await _wanted(context, params):
        try:
            deleted.append(await _delete(context, job_id, params.request_key))
        except PodiumError as error:
            refused.append(Refusal.of(error, job_id=job_id, message=error.message))
    return ClearReply(deleted=len(deleted), jobs=deleted, refused=refused)


async def _delete(context: Context, job_id: str, request_key: str | None) -> JobView:
    """Delete one job and return its last view; a repeated call with the same key gets the same answer."""
    key = f"{request_key}:{job_id}" if request_key else None
    if key is not None and (reply := context.changes.remembered(key)) is not None:
        return JobView.model_validate(reply["job"])
    try:
        view = context.views.of(await context.changes.find(job_id))
    except JobDamaged:
        return await _delete_damaged(context, job_id)

    def delete(job: JobRun, batch: Batch) -> dict[str, Any]:
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


async def _wanted(context: Context, params: ClearParams) -> list[str]:
    """Return the ids that were named, or those of all terminal jobs that match the filters."""
    if params.job_ids is not None:
        return params.job_ids
    statuses = sorted(TERMINAL.intersection(params.statuses if params.statuses is not None else TERMINAL))
    # Without an age every ended job matches, even one that ended "later" because the clock was set back since.
    before = math.inf if params.older_than_seconds is None else _present(context) - params.older_than_seconds
    marks = ", ".join("?" * len(statuses))
    query = f"SELECT job_id FROM jobs WHERE status IN ({marks}) AND finished_at <= ? ORDER BY seq"  # noqa: S608
    rows = await context.store.read(lambda db: db.execute(query, [*statuses, before]).fetchall())
    return [row["job_id"] for row in rows]


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
            fix="Name the jobs, or give no age.",
        )
    return calendar.wall
