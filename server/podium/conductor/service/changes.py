"""What pause, resume, modify, cancel and clear share: find the job, apply the transition, answer again what was answered."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from podium.conductor.clock import Clock
from podium.conductor.rules.batch import Batch
from podium.conductor.rules.state import JobRun
from podium.conductor.service import refusals
from podium.conductor.service.context import Context
from podium.conductor.supervisor.supervisor import Retired
from podium.contract.methods import ControlParams
from podium.contract.models import JobView
from podium.errors import PodiumError

Transition = Callable[[JobRun, Batch, Clock], Any]


async def apply(context: Context, job_id: str, transition: Transition,
                request_key: str | None = None) -> tuple[dict[str, Any], JobView]:  # fmt: skip
    """Apply a control transition; when this returns, what it did is on the disk.

    A request key that was answered before gets that answer again, with the job as it is now.

    Raises:
        JobNotFound, JobDeleted, WrongState, StorageFull.
    """
    async with context.locks.hold(job_id):
        if request_key is not None and (reply := remembered(context, request_key)) is not None:
            return reply, context.views.of_row(await context.queries.job(job_id))
        while True:
            job = await find(context, job_id)
            try:
                done = await context.supervisor.change(job, partial(transition, job), request_key)
            except Retired:
                continue
            return done, context.views.of(job)


async def answer(context: Context, params: ControlParams, transition: Transition, word: str) -> dict[str, Any]:
    """Return the reply of a pause or cancel: `word` is true when the intent is on the disk, false with the refusal's facts."""
    try:
        done, view = await apply(context, params.job_id, transition, params.request_key)
    except PodiumError as error:
        return {word: False, "error": error.message, **refusals.facts(error)}
    return {word: True, "job": view.model_dump(), **done}


async def find(context: Context, job_id: str) -> JobRun:
    """Return a job in memory, or loaded for a change.

    Raises:
        JobNotFound, JobDeleted.
    """
    job = context.supervisor.jobs.get(job_id) or await context.loader.job(job_id)
    if job is None:
        await context.queries.job(job_id)  # raises with near names
        raise Retired
    return job


def remembered(context: Context, request_key: str) -> dict[str, Any] | None:
    """Return what was answered under this request key, None for a new one."""
    row = context.store.find("SELECT reply FROM replies WHERE key = ?", request_key)
    return json.loads(row["reply"]) if row else None
