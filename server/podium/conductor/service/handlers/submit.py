"""`job.submit`: take a job. It is on the disk before the answer is sent."""

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anyio.to_thread

from podium.conductor import faults
from podium.conductor.attempts.workspaces import make_workspace
from podium.conductor.clock import wall
from podium.conductor.plans import given
from podium.conductor.plans.compiling import Prepared
from podium.conductor.plans.given import GivenScore
from podium.conductor.rules.plans import LoadedPlan
from podium.conductor.rules.state import JobRun
from podium.conductor.service.context import Context
from podium.conductor.service.handlers import validate
from podium.conductor.service.naming import job_id_of
from podium.contract.methods import SubmitParams
from podium.contract.models import JobView
from podium.contract.replies import DryRunReply, Refusal, SubmitReply
from podium.errors import IdempotencyConflict, JobDeleted, PodiumError, StorageFull, SubmitRejected
from podium.score.model.plan import Plan
from podium.wire.dispatcher import Peer

_KEY = "SELECT digest, job_id, deleted_at FROM idempotency WHERE key = ?"


async def handle(context: Context, params: SubmitParams, peer: Peer) -> SubmitReply | DryRunReply | Refusal:
    """Answer `accepted` with the job, or `rejected` with the reason. A dry run answers the plan and stores nothing."""
    try:
        if params.dry_run:
            plan = await validate.planned(context, params)
            return DryRunReply(job_id="", status="accepted", message="Nothing was run.", plan=plan)
        view, replayed = await _once(context, params, peer)
    except PodiumError as error:
        return Refusal.of(error, job_id="", status="rejected", message=error.message)
    message = "This key has already started the job." if replayed else "The job is stored and queued."
    return SubmitReply(job_id=view.job_id, status="accepted", message=message, job=view, replayed=replayed)


async def _once(context: Context, params: SubmitParams, peer: Peer) -> tuple[JobView, bool]:
    """Submit; of two calls with the same key at once, the second waits and then finds what the first has stored."""
    key = params.idempotency_key or params.request_key
    if key is None:
        return await _submit(context, params, peer)
    async with context.changes.locks.hold(f"key {key}"):
        return await _submit(context, params, peer)


async def _submit(context: Context, params: SubmitParams, peer: Peer) -> tuple[JobView, bool]:
    """Return the job, and whether it was started before."""
    if context.shutting_down:
        raise SubmitRejected("The conductor is shutting down.", fix="Start it again: podium start.")
    max_bytes = context.settings.max_score_bytes
    score = await given.read(params, max_bytes=max_bytes, variables=params.variables, workspace=params.workspace)
    digest = _digest(params, score)
    earlier = _earlier(context, params, digest)
    if earlier is not None:
        return context.views.of_row(await context.queries.job(earlier)), True
    job = await _make(context, params, score, peer)
    key = params.idempotency_key
    records = [("idempotency", (key, digest, job.job_id))] if key is not None else []
    try:
        await context.supervisor.submit(job, records, params.request_key)
    except StorageFull:
        if job.loaded.plan.workspace is None:  # made only for this job; no sheet has used it
            with suppress(OSError):
                await anyio.to_thread.run_sync(os.rmdir, job.workspace)
        raise
    return context.views.of(job), False


def _digest(params: SubmitParams, score: GivenScore) -> str:
    """Return the hash of everything that must be the same when an idempotency key is used again."""
    same = (params.workspace, params.start_sheet, params.self_healing, sorted(params.variables.items()),
            str(score.path or ""), score.text)  # fmt: skip
    return hashlib.sha256(json.dumps(same).encode()).hexdigest()


def _earlier(context: Context, params: SubmitParams, digest: str) -> str | None:
    """Return the job that this key, or this very request, has started before.

    Raises:
        IdempotencyConflict: the key was used with something else. JobDeleted: its job was deleted.
    """
    if params.request_key is not None and (reply := context.changes.remembered(params.request_key)) is not None:
        return str(reply["job_id"])
    key = params.idempotency_key
    row = context.store.find(_KEY, key) if key is not None else None
    if row is None:
        return None
    known, job_id, deleted_at = row
    if known != digest:
        raise IdempotencyConflict(
            f"The idempotency key {key!r} started job {job_id} with other arguments or another score text.",
            fix=f"Use a new key, or call get_job with job_id={job_id}.", job_id=job_id,
        )  # fmt: skip
    if deleted_at is not None:
        raise JobDeleted(f"The idempotency key {key!r} started job {job_id}, which was deleted.",
                         fix="Use a new key to run it again.", job_id=job_id)  # fmt: skip
    return str(job_id)


@dataclass(frozen=True)
class _Place:
    """What a new job is called, where it works and with which sheet it begins."""

    job_id: str
    workspace: Path
    first: int


async def _make(context: Context, params: SubmitParams, score: GivenScore, peer: Peer) -> JobRun:
    seq = context.supervisor.reserve()
    prepared = await context.compiler.prepare(score, partial(_place, context, params, seq))
    plan, place = prepared.loaded.plan, prepared.found
    warnings = (*plan.warnings, *_missing_instruments(prepared), *_sharing(context, plan, place))
    return JobRun(
        seq=seq, job_id=place.job_id, name=plan.name, loaded=prepared.loaded, workspace=str(place.workspace),
        submitted_at=wall(), config_path=str(score.path) if score.path else None, start_sheet=place.first,
        self_healing=params.self_healing, warnings=warnings, client=params.client or f"uid {peer.uid}",
    )  # fmt: skip


def _place(context: Context, params: SubmitParams, seq: int, loaded: LoadedPlan) -> _Place:
    """Make the workspace of job number `seq`. Blocks."""
    first = loaded.sheet_number(params.start_sheet) or 1
    job_id = job_id_of(loaded.plan.name, seq, context.store.home_id)
    own = loaded.plan.workspace
    workspace = Path(own) if own else context.home.workspace(job_id)
    make_workspace(workspace)
    faults.point("after_workspace")
    return _Place(job_id, workspace, first)


def _sharing(context: Context, plan: Plan, place: _Place) -> list[str]:
    """Return the warning that other jobs use the same folder; one that was made for this job has no other user."""
    others = context.supervisor.working_in(str(place.workspace)) if plan.workspace else []
    return [f"the workspace is also used by active job {', '.join(sorted(others)[:3])}"] if others else []


def _missing_instruments(prepared: Prepared[_Place]) -> list[str]:
    """Return warnings about instruments that are not installed: their sheets will fail or fall back."""
    loaded = prepared.loaded
    missing = set(loaded.instruments) - prepared.installed
    if not missing:
        return []
    first = {sheet.instrument for sheet in loaded.plan.sheets} & missing
    lost = {sheet.instrument for sheet in loaded.plan.sheets if missing.issuperset(sheet.instruments)}
    return [
        f"not found in PATH: {', '.join(sorted(names))}; their sheets will {what}"
        for names, what in ((lost, "fail"), (first - lost, "fall back"))
        if names
    ]
