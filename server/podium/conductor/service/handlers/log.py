"""`job.log`: a bounded part of the output of one attempt, even while it runs."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import anyio.to_thread

from podium.conductor.service.context import Context
from podium.conductor.views.telling import telling_sheet
from podium.contract.methods import LogParams
from podium.contract.models import LogView
from podium.contract.secrets.masks import Masker
from podium.errors import InvalidArguments
from podium.logs.read import LogQuery, LogTarget, check_query, is_there, open_output, read_log
from podium.reader.requests import Search, Searched, encode
from podium.wire.dispatcher import Peer

_ATTEMPT = """
SELECT serial, attempt, open, end_reason FROM attempts
WHERE job = ?1 AND sheet = ?2 AND (?3 IS NULL OR attempt = ?3) ORDER BY attempt DESC LIMIT 1
"""
_RAN = {"exited", "timed_out", "stale", "killed", "out_of_memory", "output_limit"}  # after such an end there are files


async def handle(context: Context, params: LogParams, peer: Peer) -> dict[str, Any]:
    """Answer a `LogView`. Without a sheet, of the one that explains the job (see `telling`)."""
    row = await context.queries.job(params.job_id)
    loaded = await context.loader.plan(row["plan_hash"])
    num = loaded.sheet_number(params.sheet) or await context.store.read(lambda db: telling_sheet(db, row["seq"]))
    sheet = loaded.plan.sheet(num or 1)
    if num is None:
        return {"job_id": params.job_id, "sheet": sheet.num, "sheet_name": sheet.name, "attempt": 0,
                "stream": params.stream}  # fmt: skip
    values = (row["seq"], num, params.attempt)
    found = await context.store.read(lambda db: db.execute(_ATTEMPT, values).fetchone())
    if found is None and params.attempt is not None:
        raise InvalidArguments(f"Sheet {sheet.label} of job {params.job_id} has no attempt {params.attempt}.",
                               fix=f'Call get_job with job_id={params.job_id} and detail="full" for its attempts.')  # fmt: skip
    serial, attempt, running = (found["serial"], found["attempt"], bool(found["open"])) if found else (0, 0, False)
    running = running and serial not in context.supervisor.unstored.of(params.job_id).ends
    folder = context.home.attempt(params.job_id, serial)
    target = LogTarget(job_id=params.job_id, sheet=num, attempt=attempt, stream=params.stream, sheet_name=sheet.name,
                       running=running)  # fmt: skip
    query = LogQuery(params.mode, params.pattern, params.context_lines, params.cursor, params.max_lines,
                     params.copies)  # fmt: skip
    known = await context.values.of(params.job_id, loaded)
    if params.mode == "search":
        view = await _search(context, folder, target, query, known.masker, peer)
    else:
        view = await anyio.to_thread.run_sync(read_log, folder, target, query, None, known.masker)
    ran = found is not None and not running and found["end_reason"] in _RAN
    gone = ran and not view.total_bytes and not await anyio.to_thread.run_sync(is_there, folder, params.stream)
    return {**view.model_dump(), "gone": gone}


async def _search(
    context: Context, folder: Path, target: LogTarget, query: LogQuery, masker: Masker, peer: Peer
) -> LogView:
    """Have an output searched by the reader, which gets the open file."""
    check_query(query)
    fd = await anyio.to_thread.run_sync(open_output, folder, target.stream)
    try:
        request = Search(
            **asdict(target),
            context_lines=query.context_lines,
            cursor=query.cursor,
            max_lines=query.max_lines,
            copies=query.copies,
            secrets=masker.secrets,
        )
        files = [] if fd is None else [fd]
        found, _ = await context.reader.ask(request, Searched, body=encode(query.pattern), files=files, client=peer)
    finally:
        if fd is not None:
            os.close(fd)
    return found.view
