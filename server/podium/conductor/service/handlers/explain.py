"""`job.explain`: why a job failed, waits or is stuck, in one answer."""

import sqlite3
from collections.abc import Sequence
from functools import partial
from typing import Any

import anyio.to_thread

from podium.conductor.rules.plans import LoadedPlan
from podium.conductor.rules.state import Attempt
from podium.conductor.service.context import Context
from podium.conductor.views import explain, places
from podium.contract.methods import JobParams
from podium.contract.models import ExplainView, SheetView
from podium.logs.end import end_of_output
from podium.logs.read import LogTarget
from podium.logs.written import last_write, logs_of
from podium.times import iso
from podium.wire.dispatcher import Peer

_BLOCKED_SHOWN = 10
_TELLING = {"failed", "running", "waiting", "cancelled"}  # states of a sheet that explain a job


async def handle(context: Context, params: JobParams, peer: Peer) -> dict[str, Any]:
    """Answer an `ExplainView`."""
    await context.supervisor.flushed()
    row = await context.queries.job(params.job_id)
    job = context.views.of_row(row)
    found = await context.store.read(partial(explain.read, row=row))
    facts = await _sheet_facts(context, row, found) if found.sheet is not None else {}
    away = ""
    if (active := context.supervisor.jobs.get(job.job_id)) is not None:
        facts["cause"] = explain.slots(active, context.supervisor.scheduler, accepting=context.supervisor.accepting)
        if not context.supervisor.unstored.ended(active):
            facts["waits_until"] = explain.waits_until(active, context.engines.place)
            if found.sheet in active.running:
                away = places.explained(active, found.sheet or 1, context.engines.place, job.reason)
        if active.holding and "sheet" not in facts:
            blocked = [active.label(num) for num in active.loaded.after(active.holding)]
            facts |= {"blocked": blocked[:_BLOCKED_SHOWN], "blocked_total": len(blocked)}
    view = ExplainView(job=job, kind=explain.kind_of(job), healing=found.healing, **facts)
    return view.model_copy(update={"cause": explain.cause_of(view, away)}).model_dump()


async def _sheet_facts(context: Context, row: sqlite3.Row, found: explain.Found) -> dict[str, Any]:
    """Return the sheet that explains the job, with its attempts, its output and what it blocks."""
    loaded = await context.loader.plan(row["plan_hash"])
    sheets = await context.sheet_views.page(row, found.sheet or 1, 1)
    if not sheets or sheets[0].status not in _TELLING:
        return {}  # the job took another score meanwhile, or the sheet explains nothing
    blocked = [loaded.plan.sheet(num).label for num in loaded.after([sheets[0].sheet])]
    return {
        "sheet": sheets[0],
        "blocked": blocked[:_BLOCKED_SHOWN],
        "blocked_total": len(blocked),
        "failed": [f"{loaded.plan.sheet(num).label}: {reason}" for num, reason in found.failed],
        "earlier_attempts": [explain.attempt_line(each) for each in found.attempts[:-1]],
        **await _output(context, row["job_id"], sheets[0], found.attempts, loaded),
    }


async def _output(
    context: Context, job_id: str, sheet: SheetView, attempts: Sequence[Attempt], loaded: LoadedPlan
) -> dict[str, Any]:
    """Return the end of the last attempt's most informative stream, and facts about all of its output."""
    if not attempts:
        return {}
    last = attempts[-1]
    folder = context.home.attempt(job_id, last.serial)
    target = partial(
        LogTarget, job_id=job_id, sheet=sheet.sheet, attempt=last.attempt, sheet_name=sheet.name, running=last.open
    )
    hide = (await context.values.of(job_id, loaded)).masker
    output = await anyio.to_thread.run_sync(end_of_output, folder, target, explain.streams_of(last), hide)
    logs = await anyio.to_thread.run_sync(logs_of, folder)
    other = sum(log.st_size for stream, log in logs.items() if stream != output.stream)
    written_at = iso(last_write(logs.values())) if last.open else ""
    return {"output": output, "other_bytes": other, "written_at": written_at}
