"""`job.list`: jobs, newest first; the plain array of the old protocol, or pages."""

import sqlite3
from typing import Any

from podium.conductor.service.context import Context
from podium.contract.methods import ListParams
from podium.wire.dispatcher import Peer

_PLAIN = 100


async def handle(context: Context, params: ListParams, peer: Peer) -> Any:
    """Answer an array of the newest 100 or, when a limit or cursor is given, a page with its cursor and the total."""
    await context.supervisor.flushed()
    rows, cursor, total = await context.queries.page(params, _PLAIN)
    jobs = [_short(context, row) for row in rows]
    if params.limit is None and params.cursor is None:
        return jobs
    return {"jobs": jobs, "next_cursor": cursor, "total": total}


def _short(context: Context, row: sqlite3.Row) -> dict[str, Any]:
    view = context.views.of_row(row)
    done = view.sheets_completed
    return {**short_object(row), "status": view.status, "progress_completed": done,
            "progress_total": view.sheets_total, "podium": view.model_dump()}  # fmt: skip


def short_object(row: sqlite3.Row) -> dict[str, Any]:
    """Return the Marianne protocol's short form of a job; its times are epoch seconds."""
    short = {name: row[name] for name in ("job_id", "status", "config_path", "workspace", "submitted_at", "started_at")}
    if row["status"] == "failed":
        short["error_message"] = row["reason"]
    return short
