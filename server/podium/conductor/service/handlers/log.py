"""`job.log`: a bounded part of the output of one attempt, also while it runs."""

import sqlite3
from typing import Any

import anyio.to_thread

from podium.conductor.logs import LogQuery, LogTarget, read_log
from podium.conductor.service.context import Context
from podium.conductor.views.telling import telling_sheet
from podium.contract.methods import LogParams
from podium.errors import InvalidArguments
from podium.wire.dispatcher import Peer

_ATTEMPT = """
SELECT serial, attempt, open FROM attempts
WHERE job = ?1 AND sheet = ?2 AND (?3 IS NULL OR attempt = ?3) ORDER BY attempt DESC LIMIT 1
"""


async def handle(context: Context, params: LogParams, peer: Peer) -> dict[str, Any]:
    """Answer a `LogView`. Without a sheet: the one that tells most (`telling`)."""
    row = await context.queries.job(params.job_id)
    plan = (await context.loader.plan(row["plan_hash"])).plan
    num = await _chosen(context, row, params)
    if num is None:
        sheet = plan.sheets[0]
        return {"job_id": params.job_id, "sheet": sheet.num, "sheet_name": sheet.name, "attempt": 0,
                "stream": params.stream}  # fmt: skip
    found = plan.find(num)
    if found is None:
        raise InvalidArguments(f"Job {params.job_id} has no sheet {num!r}.",
                               fix=f"Its sheets are: {', '.join(sheet.label for sheet in plan.sheets[:20])}.")  # fmt: skip
    target = await _target(context, row, params, plan.sheet(found).name, found)
    query = LogQuery(params.mode, params.pattern, params.context_lines, params.cursor, params.max_lines)
    return (await anyio.to_thread.run_sync(read_log, target, query)).model_dump()


async def _chosen(context: Context, row: sqlite3.Row, params: LogParams) -> int | str | None:
    if params.sheet not in (None, ""):
        return params.sheet
    return await context.store.read(lambda db: telling_sheet(db, row["seq"]))


async def _target(context: Context, row: sqlite3.Row, params: LogParams, name: str, num: int) -> LogTarget:
    values = (row["seq"], num, params.attempt)
    found = await context.store.read(lambda db: db.execute(_ATTEMPT, values).fetchone())
    if found is None and params.attempt is not None:
        raise InvalidArguments(f"Sheet {name or num} of job {params.job_id} has no attempt {params.attempt}.",
                               fix=f'Call get_job with job_id={params.job_id} and detail="full" to see them.')  # fmt: skip
    serial, attempt, running = (found["serial"], found["attempt"], bool(found["open"])) if found else (0, 0, False)
    path = context.attempts.folder_of(params.job_id, serial) / f"{params.stream}.log"
    return LogTarget(path=path, job_id=params.job_id, sheet=num, attempt=attempt, stream=params.stream,
                     sheet_name=name, running=running)  # fmt: skip
