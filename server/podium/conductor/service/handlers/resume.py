"""`job.resume`: let a paused, failed or cancelled job go on, or withdraw a pending pause."""

from collections.abc import Callable, Collection
from typing import Any

import anyio.to_thread

from podium.conductor.clock import Clock
from podium.conductor.plans import given as scores
from podium.conductor.plans.differing import differing
from podium.conductor.rules.batch import Batch
from podium.conductor.rules.state import JobRun, LoadedPlan
from podium.conductor.rules.transitions import control as transitions
from podium.conductor.rules.transitions.control import Done
from podium.conductor.service import changes, refusals
from podium.conductor.service.context import Context
from podium.contract.methods import ResumeParams
from podium.contract.models import JobView
from podium.errors import PodiumError
from podium.wire.dispatcher import Peer


async def handle(context: Context, params: ResumeParams, peer: Peer) -> dict[str, Any]:
    """Answer `accepted` when the job is queued again on the disk; with a score it goes on with that one."""
    try:
        new, compare = await changed_score(context, params)
        change = _transition(params, new, compare)
        done, view = await changes.apply(context, params.job_id, change, params.request_key)
    except PodiumError as error:
        return refusals.rejected(error, params.job_id)
    return accepted(params.job_id, done, view)


def accepted(job_id: str, done: dict[str, Any], view: JobView) -> dict[str, Any]:
    """Return the reply of an accepted resume or modify."""
    facts = {**done, **done.get("kept", {})}
    return {"job_id": job_id, "status": "accepted", "job": view.model_dump(), **facts}


Comparison = Callable[[JobRun], Collection[int]]
"""Tells which sheets of a changed score differ from those of the job."""


async def changed_score(context: Context, params: ResumeParams) -> tuple[LoadedPlan | None, Comparison]:
    """Compile the score that came with the call, for the job's own workspace and the variables of its start; None without one.

    It is compared with the job's plan off the loop; a plan that came between is compared when it is asked for.
    """
    if params.config_path is None and params.config_content is None:
        return None, lambda job: ()
    row = await context.queries.job(params.job_id)
    old = await context.loader.plan(row["plan_hash"])
    given = await scores.read(context, params)
    prepared = await scores.prepare(
        context, params, given, variables=old.plan.started_with, inherited=True,
        workspace=row["workspace"], find=lambda loaded: None,
    )  # fmt: skip
    new = prepared.loaded
    found = await anyio.to_thread.run_sync(differing, old, new, row["workspace"])
    return new, lambda job: found if job.loaded.hash == old.hash else differing(job.loaded, new, job.workspace)


def _transition(params: ResumeParams, new: LoadedPlan | None, compare: Comparison) -> changes.Transition:
    def resume(job: JobRun, batch: Batch, now: Clock) -> Done:
        loaded = new or job.next_plan or job.loaded
        return transitions.resume(job, scores.sheet_number(loaded, params.from_sheet), new, batch, compare(job))

    return resume
