"""`job.status`: a job in the checkpoint form of the Marianne protocol, with our view beside it."""

import sqlite3
from typing import Any

from podium.conductor.context import Context
from podium.conductor.handlers import checkpoint
from podium.conductor.handlers.jobs import short_object
from podium.contract.methods import StatusParams
from podium.errors import InvalidArguments
from podium.wire.dispatcher import Peer

_PAGE = 50


async def handle(context: Context, params: StatusParams, peer: Peer) -> dict[str, Any]:
    """Answer the checkpoint object, or the short one while the job has not started."""
    await context.supervisor.settled()
    row = await context.queries.job(params.job_id)
    reply = await state(context, row, sheets=params.sheets)
    if params.sheets_cursor is not None or params.sheets_limit is not None:
        reply.update(await _page(context, row, params))
    return reply


async def state(context: Context, row: sqlite3.Row, *, sheets: bool) -> dict[str, Any]:
    """Return the state object of a job; without its sheets when they are not wanted."""
    view = context.views.of_row(row)
    if row["status"] == "queued" and row["started_at"] is None:
        return {**short_object(row), "podium": view.model_dump()}
    views = await context.sheet_views.page(row, 1, row["sheets_total"]) if sheets else []
    return {**checkpoint.of(row, view, views), "podium": view.model_dump()}


async def _page(context: Context, row: sqlite3.Row, params: StatusParams) -> dict[str, Any]:
    first = _first_of(params.sheets_cursor)
    limit = params.sheets_limit or _PAGE
    views = await context.sheet_views.page(row, first, limit)
    following = first + len(views)
    cursor = str(following) if views and following <= row["sheets_total"] else ""
    return {"podium_sheets": [view.model_dump() for view in views], "podium_sheets_cursor": cursor}


def _first_of(cursor: str | None) -> int:
    if not cursor:
        return 1
    if not cursor.isdecimal() or int(cursor) < 1:
        raise InvalidArguments(f"sheets_cursor {cursor!r} is not one of get_job.",
                               fix="Pass the sheets_cursor of the previous reply, or leave it out.")  # fmt: skip
    return int(cursor)
