"""`job.explain`: why a job has failed, waits or is stuck, in one answer."""

import sqlite3
from collections.abc import Sequence
from functools import partial
from typing import Any

import anyio.to_thread

from podium.conductor import explain
from podium.conductor.context import Context
from podium.conductor.logs import LogTarget
from podium.conductor.logs.end import end_of_output
from podium.conductor.state import Attempt
from podium.contract.methods import JobParams
from podium.contract.models import ExplainView, JobView, LogView, SheetView
from podium.wire.dispatcher import Peer

_BLOCKED_SHOWN = 10


async def handle(context: Context, params: JobParams, peer: Peer) -> dict[str, Any]:
    """Answer an `ExplainView`."""
    await context.supervisor.flushed()
    row = await context.queries.job(params.job_id)
    job = context.views.of_row(row)
    found = await context.store.read(partial(explain.read, row=row))
    facts = await _sheet_facts(context, row, found) if found.sheet is not None else {}
    view = ExplainView(job=job, kind=explain.kind_of(job), healing=found.healing, **facts, **_waits(context, job))
    return view.model_copy(update={"cause": explain.cause_of(view)}).model_dump()


async def _sheet_facts(context: Context, row: sqlite3.Row, found: explain.Found) -> dict[str, Any]:
    """Return the sheet that explains the job, with its attempts, its output and what it blocks."""
    loaded = await context.loader.plan(row["plan_hash"])
    sheets = await context.sheet_views.page(row, found.sheet or 1, 1)
    if not sheets:  # the job took another score meanwhile
        return {}
    blocked = [loaded.plan.sheet(num).label for num in loaded.after([sheets[0].sheet])]
    return {
        "sheet": sheets[0],
        "blocked": blocked[:_BLOCKED_SHOWN],
        "blocked_total": len(blocked),
        "earlier_attempts": [explain.attempt_line(each) for each in found.attempts[:-1]],
        "output": await _output(context, row["job_id"], sheets[0], found.attempts),
    }


def _waits(context: Context, job: JobView) -> dict[str, str]:
    """Return what an active job waits for and until when."""
    run = context.supervisor.jobs.get(job.job_id)
    if run is None:
        return {}
    slots = explain.slots(run, context.supervisor.scheduler, accepting=context.supervisor.accepting)
    return {"cause": slots, "waits_until": explain.waits_until(run)}


async def _output(context: Context, job_id: str, sheet: SheetView, attempts: Sequence[Attempt]) -> LogView | None:
    """Return the end of what the last attempt wrote to the stream that tells most."""
    if not attempts:
        return None
    last = attempts[-1]
    folder = context.attempts.folder_of(job_id, last.serial)
    target = partial(
        LogTarget,
        job_id=job_id,
        sheet=sheet.sheet,
        attempt=last.attempt,
        sheet_name=sheet.name,
        running=last.open,
    )
    return await anyio.to_thread.run_sync(end_of_output, folder, target, explain.streams_of(last))
