"""`job.submit`: take a job. It is on the disk before the answer is sent."""

import hashlib
import json
import os
from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path

import anyio.to_thread

from podium.conductor import faults
from podium.conductor.attempts.workspaces import check_mounted, make_workspace
from podium.conductor.clock import wall
from podium.conductor.plans import environment, given
from podium.conductor.plans.approvals import hidden
from podium.conductor.plans.given import GivenScore
from podium.conductor.rules.plans import LoadedPlan
from podium.conductor.rules.state import JobRun
from podium.conductor.service import fitting
from podium.conductor.service.context import Context
from podium.conductor.service.handlers import validate
from podium.conductor.service.naming import job_id_of
from podium.contract.methods import SubmitParams
from podium.contract.models import JobView
from podium.contract.replies import DryRunReply, Refusal, SubmitReply
from podium.errors import (
    IdempotencyConflict,
    InvalidArguments,
    JobDeleted,
    PodiumError,
    StorageFull,
    SubmitRejected,
)
from podium.home import shared_workspaces
from podium.wire.dispatcher import Peer

_KEY = "SELECT digest, job_id, deleted_at FROM idempotency WHERE key = ?"


async def handle(context: Context, params: SubmitParams, peer: Peer) -> SubmitReply | DryRunReply | Refusal:
    """Answer `accepted` with the job, or `rejected` with the reason. A dry run answers the plan and stores nothing."""
    try:
        if params.dry_run:
            params, score = await _given(context, params)
            plan = await validate.planned(context, params, score, peer, is_start=True)
            return DryRunReply(job_id="", status="accepted", message="Nothing was run.", plan=plan)
        key = params.idempotency_key or params.request_key
        # Of two calls with the same key at once, the second waits and then finds what the first has stored.
        async with context.changes.locks.hold(f"key {key}") if key is not None else nullcontext():
            view, replayed = await _submit(context, params, peer)
    except PodiumError as error:
        return Refusal.of(error, job_id="", status="rejected", message=error.message)
    message = "The job was already started with this key." if replayed else "The job is stored and queued."
    return SubmitReply(job_id=view.job_id, status="accepted", message=message, job=view, replayed=replayed)


async def _submit(context: Context, params: SubmitParams, peer: Peer) -> tuple[JobView, bool]:
    """Return the job, and whether it was started before."""
    if context.shutting_down:
        raise SubmitRejected("The conductor is shutting down.", fix="Start it again: podium start.")
    if params.request_key is not None and (reply := context.changes.remembered(params.request_key)) is not None:
        return context.views.of_row(await context.queries.job(str(reply["job_id"]))), True
    params, score = await _given(context, params)
    key = params.idempotency_key
    digest = "" if key is None else _digest(params, score)
    earlier = _earlier(context, params, digest)
    if earlier is not None:
        return context.views.of_row(await context.queries.job(earlier)), True
    job = await _make(context, params, score, peer)
    if params.environment:
        await context.values.keep(job.job_id, params.environment)
    if any(sheet.hold for sheet in job.loaded.plan.sheets):
        job.loaded = hidden(job.loaded, (await context.values.of(job.job_id, job.loaded)).masker, score.text)
    records = [("idempotency", (key, digest, job.job_id))] if key is not None else []
    try:
        await fitting.check(context, job.loaded, score.text)
        await context.supervisor.submit(job, records, params.request_key)
    except (StorageFull, SubmitRejected):
        if params.environment:
            await context.values.drop(job.job_id)
        if job.loaded.plan.workspace is None:  # made only for this job; no sheet has used it
            with suppress(OSError):
                await anyio.to_thread.run_sync(os.rmdir, job.workspace)
        raise
    return context.views.of(job), False


async def _given(context: Context, params: SubmitParams) -> tuple[SubmitParams, GivenScore]:
    """Return the call and its score. Raises as `given.read` and `_again`."""
    if params.again is not None:
        return await _again(context, params, params.again)
    score = await given.read(
        params,
        max_bytes=context.settings.max_score_bytes,
        variables=params.variables,
        workspace=params.workspace,
        passed=params.environment,
    )
    return params, score


async def _again(context: Context, params: SubmitParams, job_id: str) -> tuple[SubmitParams, GivenScore]:
    """Return the call and the score for a new run of what another job has run, with what came with its start.

    Raises:
        InvalidArguments: a score is given too. JobNotFound, JobDeleted.
    """
    if params.config_path is not None or params.config_content is not None:
        raise InvalidArguments("again and a score are given.", fix="Give only one of them.")
    row = await context.queries.job(job_id)
    digest, path, _ = given.latest(row)
    plan = (await context.loader.plan(digest)).plan
    kept = await context.values.kept(job_id) if plan.env_pass else {}
    environment = {**kept, **params.environment}
    own = plan.workspace is None and params.start_sheet is None  # a folder of its own, as the first run had
    folder = plan.folder or params.client_cwd
    score = GivenScore(
        await context.loader.source(digest), Path(path) if path else None, Path(folder) if folder else None,
        {**plan.started_with, **params.variables}, params.workspace or (None if own else row["workspace"]),
        passed=tuple(sorted(environment)), given_path=environment.get("PATH", ""),
    )  # fmt: skip
    return replace(params, environment=environment), score


def _digest(params: SubmitParams, score: GivenScore) -> str:
    """Return a digest of everything that must be the same when an idempotency key is used again."""
    same = (params.workspace, params.start_sheet, params.self_healing, sorted(params.variables.items()),
            str(score.path or ""), score.text)  # fmt: skip
    return hashlib.sha256(json.dumps(same).encode()).hexdigest()


def _earlier(context: Context, params: SubmitParams, digest: str) -> str | None:
    """Return the job that this key has started before.

    Raises:
        IdempotencyConflict: the key was used with something else. JobDeleted: its job was deleted.
    """
    key = params.idempotency_key
    row = context.store.find(_KEY, key) if key is not None else None
    if row is None:
        return None
    known, job_id, deleted_at = row
    if deleted_at is not None:
        raise JobDeleted(f"The idempotency key {key!r} was used to start job {job_id}, which has since been deleted.",
                         fix="Use a new key to run it again.", job_id=job_id)  # fmt: skip
    if known != digest:
        raise IdempotencyConflict(
            f"The idempotency key {key!r} was already used to start job {job_id} with different arguments or a different score.",
            fix=f"Use a new key, or call get_job with job_id={job_id}.", job_id=job_id,
        )  # fmt: skip
    return str(job_id)


async def _make(context: Context, params: SubmitParams, score: GivenScore, peer: Peer) -> JobRun:
    """Compile the score, make the workspace, and return the job with its warnings."""
    seq = context.supervisor.reserve()

    def place(loaded: LoadedPlan) -> tuple[str, Path, int]:
        environment.check_given(loaded.plan, params.environment)
        first = loaded.sheet_number(params.start_sheet) or 1
        job_id = job_id_of(loaded.plan.name, seq, context.store.home_id)
        workspace = _workspace(context, loaded, job_id)
        check_mounted(workspace, context.home.cluster_record)
        make_workspace(workspace, closed=loaded.plan.workspace is None)
        faults.point("after_workspace")
        return job_id, workspace, first

    prepared = await context.compiler.prepare(score, place, client=peer, at_home=True)
    plan, (job_id, workspace, first) = prepared.loaded.plan, prepared.found
    known = await context.values.of("", prepared.loaded)
    warnings = [*plan.warnings, *known.missing(plan), *_missing_instruments(prepared.loaded, prepared.installed)]
    # A folder that was made for this job has no other user.
    if plan.workspace and (others := sorted(context.supervisor.working_in(str(workspace)))):
        warnings.append(f"other active jobs also use the workspace: {', '.join(others[:3])}")
    return JobRun(
        seq=seq, job_id=job_id, name=plan.name, loaded=prepared.loaded, workspace=str(workspace),
        submitted_at=wall(), config_path=str(score.path) if score.path else None, start_sheet=first,
        self_healing=params.self_healing, warnings=tuple(map(known.masker, warnings)), client=params.client or f"uid {peer.uid}",
    )  # fmt: skip


def _workspace(context: Context, loaded: LoadedPlan, job_id: str) -> Path:
    """Return the score's workspace, or one of the job's own, which nodes can see if any of its sheets runs on a cluster."""
    if loaded.plan.workspace is None and loaded.on_cluster:
        return shared_workspaces(context.settings.cluster, context.store.mark) / job_id
    return Path(loaded.plan.workspace or context.home.workspace(job_id))


def _missing_instruments(loaded: LoadedPlan, installed: set[str]) -> list[str]:
    """Return warnings about instruments that are not installed here: sheets that run here with them will fail or fall back."""
    missing = set(loaded.instruments) - installed
    if not missing:
        return []
    here = [sheet for sheet in loaded.plan.sheets if not sheet.on_cluster]
    first = {sheet.instrument for sheet in here} & missing
    lost = {sheet.instrument for sheet in here if missing.issuperset(sheet.instruments)}
    return [
        f"not found in PATH: {', '.join(sorted(names))}; sheets that use them will {what}"
        for names, what in ((lost, "fail"), (first - lost, "fall back"))
        if names
    ]
