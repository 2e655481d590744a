"""`job.resume` and `job.modify`: let a job continue, with its own score or a changed one."""

from collections.abc import Callable
from functools import partial

import anyio.to_thread

from podium.conductor.plans import given
from podium.conductor.plans.differing import differing
from podium.conductor.rules.plans import LoadedPlan
from podium.conductor.rules.transitions import control
from podium.conductor.rules.transitions.control import Comparison, Done
from podium.conductor.service.context import Context
from podium.contract.methods import ModifyParams, ResumeParams
from podium.contract.replies import ChangeReply, Refusal
from podium.errors import InvalidArguments, PodiumError
from podium.wire.dispatcher import Peer


async def resume(context: Context, params: ResumeParams, peer: Peer) -> ChangeReply | Refusal:
    """Answer `accepted` when the job is queued again on the disk; with a score it continues with that one."""
    return await _change(context, params, control.resume)


async def modify(context: Context, params: ModifyParams, peer: Peer) -> ChangeReply | Refusal:
    """Answer `accepted` when the changed score is on the disk; `pending` while sheets of the old one still run."""
    return await _change(context, params, control.modify)


async def _change(context: Context, params: ResumeParams, action: Callable[..., Done]) -> ChangeReply | Refusal:
    try:
        change = partial(action, from_sheet=params.from_sheet)
        if params.config_path is not None or params.config_content is not None:
            new, compare = await _changed_score(context, params)
            change = partial(change, new=new, differing=compare)
        elif isinstance(params, ModifyParams):
            raise InvalidArguments("job.modify needs a changed score.", fix="Give config_path or config_content.")
        done, job = await context.changes.apply(params.job_id, change, params.request_key)
        facts = {**done, **done.get("kept", {})}
        return ChangeReply(job_id=params.job_id, status="accepted", job=context.views.of(job), **facts)
    except PodiumError as error:
        return Refusal.of(error, job_id=params.job_id, status="rejected", message=error.message)


async def _changed_score(context: Context, params: ResumeParams) -> tuple[LoadedPlan, Comparison]:
    """Compile the score that came with the call, for the job's own workspace and the variables of its start.

    It is compared with the job's plan outside the event loop; only if the plan changed meanwhile it is compared again later.
    """
    row = await context.queries.job(params.job_id)
    old = await context.loader.plan(row["plan_hash"])
    score = await given.read(
        params, max_bytes=context.settings.max_score_bytes, variables=old.plan.started_with, inherited=True,
        workspace=row["workspace"],
    )  # fmt: skip
    new = (await context.compiler.prepare(score, lambda loaded: None)).loaded
    found = await anyio.to_thread.run_sync(differing, old, new, row["workspace"])
    return new, lambda job: found if job.loaded.hash == old.hash else differing(job.loaded, new, job.workspace)
