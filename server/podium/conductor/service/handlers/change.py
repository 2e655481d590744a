"""`job.resume` and `job.modify`: let a job continue, with its own score or a changed one."""

from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial
from typing import Any

from podium.conductor.plans import given
from podium.conductor.plans.approvals import hidden
from podium.conductor.plans.compiling import differing
from podium.conductor.plans.environment import check_given
from podium.conductor.rules.plans import LoadedPlan
from podium.conductor.rules.state import JobRun
from podium.conductor.rules.transitions import control
from podium.conductor.rules.transitions.control import Comparison, Done
from podium.conductor.rules.transitions.modify import match_sheets
from podium.conductor.service.context import Context
from podium.contract.methods import ModifyParams, ResumeParams
from podium.contract.replies import ChangeReply, Refusal
from podium.errors import InvalidArguments, PodiumError, WrongState
from podium.wire.dispatcher import Peer

TRIES = 3


async def resume(context: Context, params: ResumeParams, peer: Peer) -> ChangeReply | Refusal:
    """Answer `accepted` when the job is queued again on the disk; with a score it continues with that one."""
    return await _change(context, params, peer, control.resume)


async def modify(context: Context, params: ModifyParams, peer: Peer) -> ChangeReply | Refusal:
    """Answer `accepted` when the changed score is on the disk; `pending` while sheets of the old one still run."""
    return await _change(context, params, peer, control.modify)


async def _change(
    context: Context, params: ResumeParams, peer: Peer, action: Callable[..., Done]
) -> ChangeReply | Refusal:
    try:
        change = partial(action, from_sheet=params.from_sheet)
        if params.config_path is not None or params.config_content is not None:
            done, job = await _with_score(context, params, peer, change)
        elif isinstance(params, ModifyParams):
            raise InvalidArguments("job.modify needs a changed score.", fix="Give config_path or config_content.")
        else:
            done, job = await context.changes.apply(params.job_id, change, params.request_key)
        facts = {**done, **done.get("kept", {})}
        return ChangeReply(job_id=params.job_id, status="accepted", job=context.views.of(job), **facts)
    except PodiumError as error:
        return Refusal.of(error, job_id=params.job_id, status="rejected", message=error.message)


async def _with_score(
    context: Context, params: ResumeParams, peer: Peer, change: Callable[..., Done]
) -> tuple[dict[str, Any], JobRun]:
    """Change a job's score. If the job has another one by the time that the two are compared, they are compared again."""
    for tries_left in range(TRIES - 1, -1, -1):
        new, path, compare = await _changed_score(context, params, peer)
        try:
            whole = partial(change, new=new, path=path, differing=compare)
            return await context.changes.apply(params.job_id, whole, params.request_key)
        except WrongState as error:
            if not error.facts.get("score_changed") or not tries_left:
                raise
    raise AssertionError  # the last try returns or raises


async def _changed_score(
    context: Context, params: ResumeParams, peer: Peer
) -> tuple[LoadedPlan, str | None, Comparison]:
    """Compile the score that came with the call, for the job's own workspace and the variables of its start, and compare it.

    Its path comes with it, None for an inline one.
    """
    row = await context.queries.job(params.job_id)
    old = await context.loader.plan(row["plan_hash"])
    kept = await context.values.kept(params.job_id) if old.plan.env_pass else {}
    environment = {**kept, **params.environment}
    score = await given.read(
        params, max_bytes=context.settings.max_score_bytes, variables=old.plan.started_with, inherited=True,
        workspace=row["workspace"], passed=environment,
    )  # fmt: skip
    new = (
        await context.compiler.prepare(score, lambda loaded: check_given(loaded.plan, environment), client=peer)
    ).loaded
    if environment != kept:
        await context.values.keep(params.job_id, environment)
    hide = (await context.values.of(params.job_id, new)).masker
    if (warnings := tuple(map(hide, new.plan.warnings))) != new.plan.warnings:
        new = replace(new, plan=new.plan.model_copy(update={"warnings": warnings}))
    new = hidden(new, hide, score.text)
    pairs = match_sheets(old, new)
    found = await differing(context.reader, old.plan, new.plan, pairs, row["workspace"], client=peer)

    def compare(job: JobRun) -> Collection[int]:
        if job.loaded.hash != old.hash:
            raise WrongState(
                f"Job {job.job_id} got another score at the same moment.", fix="Call again.", score_changed=True
            )
        return found

    return new, str(score.path) if score.path else None, compare
