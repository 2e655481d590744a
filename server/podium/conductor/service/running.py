"""What a caller whose wait has timed out wants to know of a job: what runs since when, and how long the job took before."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import anyio.to_thread

from podium.conductor.rules.state import JobRun
from podium.conductor.service.context import Context
from podium.conductor.views.places import held, place_text, since
from podium.contract.waits import RunningSheet, RunningView
from podium.logs.written import last_write, logs_of
from podium.times import iso

_SHOWN = 3  # running sheets


async def running(context: Context, row: sqlite3.Row) -> RunningView:
    """Return it for the job with this row. Costs the same however many jobs and sheets there are."""
    return RunningView(sheets=await _sheets(context, row["job_id"]), earlier_seconds=_earlier(context, row["name"]))


async def _sheets(context: Context, job_id: str) -> list[RunningSheet]:
    job = context.supervisor.jobs.get(job_id)
    if job is None:
        return []
    ended = context.supervisor.unstored.ended(job)
    shown = [(num, job.running[num]) for num in sorted(job.running) if num not in ended][:_SHOWN]
    facts = [
        RunningSheet(
            label=job.label(num),
            since=since(job, num, context.engines.place),
            limit_seconds=_limit(context, job, num),
            place=place_text(job, num, context.engines.place),
        )
        for num, _ in shown
    ]
    folders = [context.home.attempt(job_id, attempt.serial) for _, attempt in shown]
    written = await anyio.to_thread.run_sync(_written, folders)
    return [each.model_copy(update={"written_at": at}) for each, at in zip(facts, written, strict=True)]


def _limit(context: Context, job: JobRun, num: int) -> float | None:
    """Return how long after its start a running sheet reaches its time limit, None if it has none."""
    limit = job.limit_of(num)
    return None if limit is None else limit + held(context.engines.place(job.running[num].key))


def _written(folders: Sequence[Path]) -> list[str]:
    return [iso(last_write(logs_of(folder).values())) for folder in folders]


def _earlier(context: Context, name: str) -> float | None:
    """Return how long the last completed job of this name took; None if there is none, or if its row cannot be understood."""
    row = context.queries.last_completed(name)
    view = context.views.of_row(row) if row is not None else None
    return view.elapsed_seconds if view is not None and view.status == "completed" else None
