"""`job.status`: a job in the checkpoint form of the Marianne protocol, with our view beside it."""

import sqlite3
from typing import Any

from podium.conductor.service.context import Context
from podium.conductor.service.handlers.jobs import short_object
from podium.conductor.views import checkpoint
from podium.conductor.views.cursors import number_in
from podium.contract.methods import StatusParams
from podium.errors import InvalidArguments
from podium.wire.dispatcher import Peer
from podium.wire.framing import RawJson, dumps

_PAGE = 50


async def handle(context: Context, params: StatusParams, peer: Peer) -> dict[str, Any] | RawJson:
    """Answer the checkpoint object, or the short one while the job has not started."""
    await context.supervisor.flushed()
    row = await context.queries.job(params.job_id)
    if params.sheets_cursor is not None or params.sheets_limit is not None:
        return {**_head(context, row), "sheets": {}, **await _page(context, row, params)}
    return await state(context, row) if params.sheets else {**_head(context, row), "sheets": {}}


def _head(context: Context, row: sqlite3.Row) -> dict[str, Any]:
    view = context.views.of_row(row)
    if row["status"] == "queued" and row["started_at"] is None:
        return {**short_object(row), "podium": view.model_dump()}
    return checkpoint.of(row, view)


async def state(context: Context, row: sqlite3.Row) -> RawJson:
    """Return the state object of a job with all its sheets, joined as text."""
    head = _head(context, row)
    if "job_name" not in head:
        return RawJson(dumps(head))
    texts = await context.sheet_views.texts(row)
    head.update(instruments_used=texts.instruments, sheets_in_progress=texts.running)
    return RawJson(dumps(head)[:-1] + b',"sheets":' + texts.text + b"}")


async def _page(context: Context, row: sqlite3.Row, params: StatusParams) -> dict[str, Any]:
    first = _first_of(params.sheets_cursor)
    limit = params.sheets_limit or _PAGE
    loaded = await context.loader.plan(row["plan_hash"])  # held, so that the page does not load it again
    views = await context.sheet_views.page(row, first, limit)
    following = first + len(views)
    cursor = str(following) if views and following <= row["sheets_total"] else ""
    sheets = [view.model_dump() for view in views]
    return {"podium_description": loaded.plan.description, "podium_sheets": sheets, "podium_sheets_cursor": cursor}


def _first_of(cursor: str | None) -> int:
    if not cursor:
        return 1
    if not (number := number_in(cursor)):
        raise InvalidArguments(f"{cursor!r} is not a sheets_cursor of get_job.",
                               fix="Pass the sheets_cursor of the previous reply, or leave it out.")  # fmt: skip
    return number
