"""`job.submit`: take a job. It is on the disk before the answer says so."""

import hashlib
import json
import secrets
import time
from pathlib import Path
from typing import Any

import anyio.to_thread

from podium.conductor import faults
from podium.conductor.batch import Batch
from podium.conductor.clock import Clock
from podium.conductor.context import Context
from podium.conductor.handlers import control, refusals, scores, validate
from podium.conductor.handlers.resume import sheet_number
from podium.conductor.handlers.scores import Prepared
from podium.conductor.naming import job_id_of
from podium.conductor.state import JobRun, LoadedPlan
from podium.conductor.workspaces import make_workspace
from podium.contract.methods import SubmitParams
from podium.contract.models import JobView
from podium.errors import IdempotencyConflict, JobDeleted, PodiumError, SubmitRejected
from podium.wire.dispatcher import Peer

_KEY = "SELECT digest, job_id, deleted_at FROM idempotency WHERE key = ?"


async def handle(context: Context, params: SubmitParams, peer: Peer) -> dict[str, Any]:
    """Answer `accepted` with the job, or `rejected` with the reason. A dry run answers the plan and stores nothing."""
    try:
        if params.dry_run:
            plan = await validate.planned(context, params)
            return {"job_id": "", "status": "accepted", "message": "Nothing was run.", "plan": plan.model_dump()}
        # The same key twice at once: the second waits and then finds what the first has stored.
        async with context.locks.hold(f"key {params.idempotency_key or params.request_key or secrets.token_hex(8)}"):
            view, replayed = await _submit(context, params, peer)
    except PodiumError as error:
        return refusals.rejected(error)
    message = "This key started the job before." if replayed else "The job is stored and queued."
    return {"job_id": view.job_id, "status": "accepted", "message": message, "job": view.model_dump(),
            "replayed": replayed}  # fmt: skip


async def _submit(context: Context, params: SubmitParams, peer: Peer) -> tuple[JobView, bool]:
    if context.shutting_down:
        raise SubmitRejected("The conductor is shutting down.", fix="Start it again: podium start.")
    prepared = await scores.prepare(context, params, variables=params.variables, workspace=params.workspace)
    digest = _digest(params, prepared)
    earlier = _earlier(context, params, digest)
    if earlier is not None:
        return context.views.of_row(await context.queries.job(earlier)), True
    job = await _make(context, params, prepared, peer)

    def prepare(batch: Batch, now: Clock) -> None:
        if params.idempotency_key is not None:
            batch.extra.add("idempotency", (params.idempotency_key, digest, job.job_id))

    await context.supervisor.submit(job, prepare, params.request_key)
    return context.views.of(job), False


def _digest(params: SubmitParams, prepared: Prepared) -> str:
    """Return the hash of everything that an idempotency key must see again."""
    same = (params.workspace, params.start_sheet, params.self_healing, sorted(params.variables.items()),
            str(prepared.path or ""), prepared.text)  # fmt: skip
    return hashlib.sha256(json.dumps(same).encode()).hexdigest()


def _earlier(context: Context, params: SubmitParams, digest: str) -> str | None:
    """Return the job that this key, or this very request, has started before.

    Raises:
        IdempotencyConflict: the key was used with something else. JobDeleted: its job was deleted.
    """
    if params.request_key is not None and (reply := control.remembered(context, params.request_key)) is not None:
        return str(reply["job_id"])
    key = params.idempotency_key
    row = context.store.find(_KEY, key) if key is not None else None
    return None if row is None or key is None else _first_job(key, digest, *row)


def _first_job(key: str, digest: str, known: str, job_id: str, deleted_at: float | None) -> str:
    if known != digest:
        raise IdempotencyConflict(
            f"The idempotency key {key!r} started job {job_id} with other arguments or another score text.",
            fix=f"Use a new key, or call get_job with job_id={job_id}.", job_id=job_id,
        )  # fmt: skip
    if deleted_at is not None:
        raise JobDeleted(f"The idempotency key {key!r} started job {job_id}, which was deleted.",
                         fix="Use a new key to run it again.", job_id=job_id)  # fmt: skip
    return job_id


async def _make(context: Context, params: SubmitParams, prepared: Prepared, peer: Peer) -> JobRun:
    plan = prepared.loaded.plan
    first = sheet_number(prepared.loaded, params.start_sheet) or 1
    seq = context.supervisor.reserve()
    job_id = job_id_of(plan.name, seq, context.store.home_id)
    workspace = Path(plan.workspace) if plan.workspace else context.settings.home / "workspaces" / job_id
    await anyio.to_thread.run_sync(make_workspace, workspace)
    faults.point("after_workspace")
    shared = [job.job_id for job in context.supervisor.jobs.values() if job.workspace == str(workspace)]
    warnings = [*plan.warnings]
    warnings += _missing_instruments(prepared.loaded)
    if shared:
        warnings.append(f"the workspace is also used by active job {', '.join(sorted(shared)[:3])}")
    return JobRun(
        seq=seq, job_id=job_id, name=plan.name, loaded=prepared.loaded, workspace=str(workspace),
        submitted_at=time.time(), config_path=str(prepared.path) if prepared.path else None, start_sheet=first,
        self_healing=params.self_healing, warnings=tuple(warnings), client=params.client or f"uid {peer.uid}",
    )  # fmt: skip


def _missing_instruments(loaded: LoadedPlan) -> list[str]:
    """Return warnings of instruments that are not installed: of sheets that will fail, and of those that will fall back."""
    missing = set(loaded.instruments) - scores.installed(loaded)
    if not missing:
        return []
    first = {sheet.instrument for sheet in loaded.plan.sheets} & missing
    lost = {sheet.instrument for sheet in loaded.plan.sheets if missing.issuperset(sheet.instruments)}
    return [
        f"not found on the PATH: {', '.join(sorted(names))}; their sheets will {what}"
        for names, what in ((lost, "fail"), (first - lost, "fall back"))
        if names
    ]
