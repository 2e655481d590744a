"""`job.resume` and `job.modify`: let a job continue, with its own score or a changed one."""

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from podium.conductor.plans import given
from podium.conductor.plans.approvals import hidden
from podium.conductor.plans.compiling import differing
from podium.conductor.plans.environment import check_given
from podium.conductor.plans.given import GivenScore
from podium.conductor.rules.plans import LoadedPlan
from podium.conductor.rules.state import JobRun, phase_with
from podium.conductor.rules.transitions import control
from podium.conductor.rules.transitions.control import Comparison, Done
from podium.conductor.rules.transitions.modify import Difference, match_sheets
from podium.conductor.service import fitting
from podium.conductor.service.context import Context
from podium.contract.edits import check_change, show
from podium.contract.methods import ModifyParams, ResumeParams
from podium.contract.replies import ChangeReply, Refusal
from podium.contract.states import Action
from podium.errors import PodiumError, ScoreInvalid, WrongState
from podium.reader.requests import Edit, Nothing, decode, encode
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
        check_change(params)
        change = partial(action, from_sheet=params.from_sheet)
        if isinstance(params, ModifyParams) and params.dry_run:
            return await _previewed(context, params, peer)
        if params.config_path is not None or params.config_content is not None or params.replacements:
            done, job = await _with_score(context, params, peer, change)
        else:
            done, job = await context.changes.apply(params.job_id, change, params.request_key)
        facts = {**done, **done.get("kept", {})}
        return ChangeReply(job_id=params.job_id, status="accepted", job=context.views.of(job), **facts)
    except PodiumError as error:
        return Refusal.of(error, job_id=params.job_id, status="rejected", message=error.message)


async def _previewed(context: Context, params: ModifyParams, peer: Peer) -> ChangeReply:
    """Answer what the change would do; nothing of it is kept."""
    new, _, compare = await _changed_score(context, params, peer, keep=False)
    job = await context.changes.find(params.job_id)
    done = control.preview(job, new=new, from_sheet=params.from_sheet, differing=compare)
    facts: dict[str, Any] = {**done, **done.get("kept", {})}
    return ChangeReply(job_id=params.job_id, status="accepted", job=context.views.of(job), **facts)


async def _with_score(
    context: Context, params: ResumeParams, peer: Peer, change: Callable[..., Done]
) -> tuple[dict[str, Any], JobRun]:
    """Change a job's score, one change after another: an edit is made in what the one before it has left.

    If the job has another score by the time that the two are compared, as its sheets have ended meanwhile and a pending change
    has come into effect, the change is made anew. A call that is repeated is answered before anything is read: the text that an
    edit looks for is no longer there.
    """
    async with context.changes.locks.hold(f"score {params.job_id}"):
        if params.request_key is not None and (reply := context.changes.remembered(params.request_key)) is not None:
            return reply, await context.changes.find(params.job_id)
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
    context: Context, params: ResumeParams, peer: Peer, *, keep: bool = True
) -> tuple[LoadedPlan, str | None, Comparison]:
    """Compile the changed score for the job's own workspace and the variables of its start, and compare it.

    Its path comes with it, None for an inline one. With `keep`, values of variables that came with the call are kept.
    """
    row = await context.queries.job(params.job_id)
    action: Action = "modify" if isinstance(params, ModifyParams) else "resume"
    active = context.supervisor.jobs.get(params.job_id)  # whether a sheet holds is known only there
    phase = phase_with(row["status"], row["intent"], holding=active is not None and bool(active.holding))
    control.check_phase(params.job_id, row["status"], phase, action)
    old = await context.loader.plan(row["plan_hash"])
    digest, path, pending = given.latest(row)
    latest = await context.loader.plan(digest) if pending else old
    kept = await context.values.kept(params.job_id) if old.plan.env_pass or latest.plan.env_pass else {}
    environment = {**kept, **params.environment}
    score = await _score(context, params, row, latest, environment, peer)
    new = await _compiled(context, params, score, environment, peer)
    await fitting.check(context, new, score.text, old)
    if keep and environment != kept:
        await context.values.keep(params.job_id, environment)
    hide = (await context.values.of(params.job_id, new)).masker
    if (warnings := tuple(map(hide, new.plan.warnings))) != new.plan.warnings:
        new = replace(new, plan=new.plan.model_copy(update={"warnings": warnings}))
    new = hidden(new, hide, score.text)
    pairs = match_sheets(old, new)
    found = await differing(context.reader, old.plan, new.plan, pairs, row["workspace"], client=peer)
    if new.on_cluster and row["workspace"] == str(context.home.workspace(params.job_id)):
        warnings += (f"the job stays in {row['workspace']}, which the nodes of the cluster have to see.",)
    known = set(map(hide, old.plan.warnings))
    found = replace(
        found,
        warnings=tuple(each for each in warnings if each not in known),
        file=path or "" if params.config_path is None else "",
        on_pending=pending and bool(params.replacements),
    )

    def compare(job: JobRun) -> Difference:
        now_pending = job.next_plan.hash if job.next_plan else None
        if job.loaded.hash != old.hash or (params.replacements and now_pending != row["next_plan_hash"]):
            raise WrongState(
                f"Job {job.job_id} got another score at the same moment.", fix="Call again.", score_changed=True
            )
        return found

    return new, str(score.path) if score.path else None, compare


async def _compiled(
    context: Context, params: ResumeParams, score: GivenScore, environment: Mapping[str, str], peer: Peer
) -> LoadedPlan:
    """Compile the changed score."""
    try:
        made = await context.compiler.prepare(score, lambda each: check_given(each.plan, environment), client=peer)
    except ScoreInvalid as error:
        if params.replacements:
            _blame_edit(error, params.job_id)
        raise
    return made.loaded


def _blame_edit(error: ScoreInvalid, job_id: str) -> None:
    """Let the error for an edited score name the job's score and the edit, not the file that it once came from."""
    _, is_wrong, why = error.message.partition(" is not valid: ")
    told = f"the score of {job_id}{is_wrong}{why}" if why else error.message
    error.message = f"After this edit, which was not made: {told}"
    error.fix = f"Correct replace, and call again. {show(job_id)}"


async def _score(
    context: Context,
    params: ResumeParams,
    row: sqlite3.Row,
    latest: LoadedPlan,
    environment: Mapping[str, str],
    peer: Peer,
) -> GivenScore:
    """Return the score that came with the call, or the job's latest one with the call's edit.

    An edited one stays what it was, a file's or inline, and its relative paths begin where they did, wherever the caller is now.

    Raises:
        InvalidArguments: see `podium.reader.editing.edited`.
        ScoreInvalid, ConductorBusy: as `Reader.ask`. And what `given.read` raises.
    """
    variables, workspace = latest.plan.started_with, row["workspace"]
    if not params.replacements:
        return await given.read(
            params, max_bytes=context.settings.max_score_bytes, variables=variables, inherited=True, workspace=workspace,
            passed=environment,
        )  # fmt: skip
    hide = (await context.values.of(params.job_id, latest)).masker
    text = encode(await context.loader.source(latest.hash))
    for find, replacement in params.replacements:
        edit = Edit(find=find, replace=replacement, job_id=params.job_id, secrets=hide.secrets)
        _, text = await context.reader.ask(edit, Nothing, body=text, client=peer)
    path = given.latest(row).path
    folder = latest.plan.folder or params.client_cwd  # jobs of an earlier version know no folder
    return GivenScore(
        decode(text), Path(path) if path else None, Path(folder) if folder else None, variables, workspace, inherited=True,
        passed=tuple(sorted(environment)), given_path=environment.get("PATH", ""),
    )  # fmt: skip
