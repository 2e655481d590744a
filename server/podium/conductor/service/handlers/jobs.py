"""`job.list`: jobs, newest first; the plain array of the old protocol, or pages."""

import math
import sqlite3
from typing import Any

from podium.conductor.service.context import Context
from podium.contract.methods import ListParams
from podium.contract.replies import ListedJob, ListReply
from podium.wire.dispatcher import Peer

_PLAIN = 100


async def handle(context: Context, params: ListParams, peer: Peer) -> list[ListedJob] | ListReply:
    """Answer an array of the newest 100 or, when a limit or cursor is given, a page with its cursor and the total."""
    await context.supervisor.flushed()
    rows, cursor, total = await context.queries.page(params, _PLAIN)
    jobs = [_listed(context, row) for row in rows]
    if params.limit is None and params.cursor is None:
        return jobs
    return ListReply(jobs=jobs, next_cursor=cursor, total=total)


def _listed(context: Context, row: sqlite3.Row) -> ListedJob:
    view = context.views.of_row(row)
    progress = {"progress_completed": view.sheets_completed, "progress_total": view.sheets_total}
    return ListedJob.model_validate({**short_object(row), "status": view.status, **progress, "podium": view})


def short_object(row: sqlite3.Row) -> dict[str, Any]:
    """Return the Marianne protocol's short form of a job; its times are epoch seconds."""
    short = {name: row[name] for name in ("job_id", "status", "config_path", "workspace")}
    times = {name: row[name] for name in ("submitted_at", "started_at")}
    short |= {name: time if time is None or math.isfinite(time) else None for name, time in times.items()}  # damaged
    if row["status"] == "failed":
        short["error_message"] = row["reason"]
    return short
