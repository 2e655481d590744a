"""`job.status`: a job in the checkpoint form of the Marianne protocol, with our view beside it."""

import sqlite3
from typing import Any

from podium.conductor.service.context import Context
from podium.conductor.service.running import running
from podium.conductor.views import checkpoint
from podium.conductor.views.cursors import number_in
from podium.contract.methods import StatusParams
from podium.contract.models import JobView
from podium.contract.replies import StatusReply
from podium.errors import InvalidArguments
from podium.wire.dispatcher import Peer
from podium.wire.framing import RawJson, dumps

_PAGE = 50


async def handle(context: Context, params: StatusParams, peer: Peer) -> dict[str, Any] | RawJson:
    """Answer the checkpoint object, or the short one while the job waits for its start, with the members of `StatusReply`."""
    await context.supervisor.flushed()
    row = await context.queries.job(params.job_id)
    paged = params.sheets_cursor is not None or params.sheets_limit is not None
    if params.sheets and not paged:
        return await state(context, row)
    view = context.views.of_row(row)
    ours = (await _page(context, row, view, params)).model_dump() if paged else {"podium": view.model_dump()}
    if params.running:
        ours["podium_running"] = (await running(context, row)).model_dump()
    return {**_form(row, view), "sheets": {}, **ours}


async def state(context: Context, row: sqlite3.Row) -> RawJson:
    """Return the state object of a job with all its sheets, joined as text."""
    view = context.views.of_row(row)
    head = {**_form(row, view), "podium": view.model_dump()}
    if "job_name" not in head:
        return RawJson(dumps(head))
    texts = await context.sheet_views.texts(row)
    head.update(
        instruments_used=texts.instruments,
        sheets_in_progress=texts.running,
        total_retry_count=texts.retries,
        rate_limit_waits=texts.limit_waits,
        cost_limit_reached=texts.is_overspent,
    )
    return RawJson(dumps(head)[:-1] + b',"sheets":' + texts.text + b"}")


def _form(row: sqlite3.Row, view: JobView) -> dict[str, Any]:
    """Return the form that the Marianne protocol has for a job: short until it runs, then a checkpoint."""
    return (
        {**checkpoint.short(row), "status": view.status} if checkpoint.is_short(row, view) else checkpoint.of(row, view)
    )


async def _page(context: Context, row: sqlite3.Row, view: JobView, params: StatusParams) -> StatusReply:
    cursor = params.sheets_cursor
    first = number_in(cursor) if cursor else 1
    if not first:
        raise InvalidArguments(f"{cursor!r} is not a sheets_cursor from get_job.",
                               fix="Pass sheets_cursor from the previous reply, or leave it out.")  # fmt: skip
    loaded = await context.loader.plan(row["plan_hash"])  # held, so that the page does not load it again
    hide = (await context.values.of(row["job_id"], loaded)).masker
    found = await context.sheet_views.page(row, first, params.sheets_limit or _PAGE)
    sheets = [each.model_copy(update={"description": hide(each.description)}) for each in found]
    following = first + len(sheets)
    return StatusReply(
        podium=view,
        podium_description=hide(loaded.plan.description),
        podium_sheets=sheets,
        podium_sheets_cursor=str(following) if sheets and following <= row["sheets_total"] else "",
    )
