"""`job.list`: jobs, newest first; the plain array of the old protocol, or pages.

Those that have not ended are all in memory, which alone knows what waits or is stuck; the others come from the store.
"""

import heapq
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any

from podium.conductor.rules.state import JobRun
from podium.conductor.service.context import Context
from podium.conductor.views import checkpoint
from podium.conductor.views.queries import place
from podium.contract.methods import ListParams
from podium.contract.models import JobView
from podium.contract.replies import ListedJob, ListReply
from podium.contract.states import TERMINAL
from podium.wire.dispatcher import Peer

_PLAIN = 100
_IN_MEMORY: dict[str | None, Callable[[JobRun], bool]] = {
    "active": lambda job: job.status not in TERMINAL,
    "waiting": lambda job: job.status == "queued" or (job.status == "running" and not job.running),
    "stuck": lambda job: job.stuck,
}


async def handle(context: Context, params: ListParams, peer: Peer) -> list[ListedJob] | ListReply:
    """Answer an array of the newest 100 or, when a limit or cursor is given, a page with its cursor and the total."""
    await context.supervisor.flushed()
    if params.status in _IN_MEMORY:
        jobs, cursor, total = _page(context, params)
        await context.supervisor.flushed()  # so that what is shown is on the disk
    else:
        rows, cursor, total = await context.queries.page(params, _PLAIN)
        jobs = [_listed(checkpoint.short(row), context.views.of_row(row)) for row in rows]
    if params.limit is None and params.cursor is None:
        return jobs
    return ListReply(jobs=jobs, next_cursor=cursor, total=total)


def _page(context: Context, params: ListParams) -> tuple[list[ListedJob], str, int]:
    """Return a page of the jobs in memory, the cursor of the next one ("" at the end) and the number of matching jobs."""
    limit, before = params.limit or _PLAIN, place(params.cursor)
    found = list(_matching(context, params))
    page = heapq.nlargest(
        limit + 1, (job for job in found if before is None or job.seq < before), key=attrgetter("seq")
    )
    cursor = str(page[limit - 1].seq) if len(page) > limit else ""
    return [_listed(checkpoint.short(vars(job)), context.views.of(job)) for job in page[:limit]], cursor, len(found)


def _matching(context: Context, params: ListParams) -> Iterator[JobRun]:
    name, fits = (params.name or "").lower(), _IN_MEMORY[params.status]
    for job in context.supervisor.jobs.values():
        if fits(job) and (name in job.name.lower() or name in job.job_id.lower()):
            yield job


def _listed(short: dict[str, Any], view: JobView) -> ListedJob:
    progress = {"progress_completed": view.sheets_completed, "progress_total": view.sheets_total}
    return ListedJob.model_validate({**short, "status": view.status, **progress, "podium": view})
