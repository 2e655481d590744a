"""`job.explain`: why a job has failed, waits or is stuck, in one answer."""

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, get_args

import anyio.to_thread

from podium.conductor.logs import LogTarget
from podium.conductor.logs.end import end_of_output
from podium.conductor.rules.state import Attempt
from podium.conductor.service.context import Context
from podium.conductor.views import explain
from podium.contract.methods import JobParams
from podium.contract.models import ExplainView, JobView, SheetView, Stream
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
    view = ExplainView(job=job, kind=explain.kind_of(job), healing=found.healing, **facts, **_waits(context, job))
    return view.model_copy(update={"cause": explain.cause_of(view)}).model_dump()


async def _sheet_facts(context: Context, row: sqlite3.Row, found: explain.Found) -> dict[str, Any]:
    """Return the sheet that explains the job, with its attempts, its output and what it blocks."""
    loaded = await context.loader.plan(row["plan_hash"])
    sheets = await context.sheet_views.page(row, found.sheet or 1, 1)
    if (
        not sheets or sheets[0].status not in _TELLING
    ):  # the job took another score meanwhile, or the sheet explains nothing
        return {}
    blocked = [loaded.plan.sheet(num).label for num in loaded.after([sheets[0].sheet])]
    return {
        "sheet": sheets[0],
        "blocked": blocked[:_BLOCKED_SHOWN],
        "blocked_total": len(blocked),
        "failed": [f"{loaded.plan.sheet(num).label}: {reason}" for num, reason in found.failed],
        "earlier_attempts": [explain.attempt_line(each) for each in found.attempts[:-1]],
        **await _output(context, row["job_id"], sheets[0], found.attempts),
    }


def _waits(context: Context, job: JobView) -> dict[str, str]:
    """Return what an active job waits for and until when."""
    run = context.supervisor.jobs.get(job.job_id)
    if run is None:
        return {}
    slots = explain.slots(run, context.supervisor.scheduler, accepting=context.supervisor.accepting)
    return {"cause": slots, "waits_until": explain.waits_until(run)}


async def _output(context: Context, job_id: str, sheet: SheetView, attempts: Sequence[Attempt]) -> dict[str, Any]:
    """Return the end of what the last attempt wrote to the stream that tells most, and facts about all that it wrote."""
    if not attempts:
        return {}
    last = attempts[-1]
    folder = context.home.attempt(job_id, last.serial)
    target = partial(
        LogTarget,
        job_id=job_id,
        sheet=sheet.sheet,
        attempt=last.attempt,
        sheet_name=sheet.name,
        running=last.open,
    )
    output = await anyio.to_thread.run_sync(end_of_output, folder, target, explain.streams_of(last))
    written = await anyio.to_thread.run_sync(_written, folder)
    other = sum(size for stream, size in written.sizes.items() if stream != output.stream)
    return {"output": output, "other_bytes": other, "written_at": iso(written.at) if last.open else ""}


class _Written(NamedTuple):
    """What an attempt has written: bytes of each stream, and when the last of them came (epoch seconds), None for nothing."""

    sizes: dict[Stream, int]
    at: float | None


def _written(folder: Path) -> _Written:
    """Look at an attempt's logs; one that is not there (yet) is empty."""
    sizes: dict[Stream, int] = {}
    times = []
    for stream in get_args(Stream):
        with suppress(FileNotFoundError):
            found = (folder / f"{stream}.log").stat()
            sizes[stream] = found.st_size
            times += [found.st_mtime] if found.st_size else []
    return _Written(sizes, max(times, default=None))
