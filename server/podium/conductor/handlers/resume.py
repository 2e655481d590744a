"""`job.resume`: let a paused, failed or cancelled job go on, or withdraw a pending pause."""

from typing import Any

from podium.conductor.batch import Batch
from podium.conductor.clock import Clock
from podium.conductor.context import Context
from podium.conductor.handlers import control, refusals, scores
from podium.conductor.state import JobRun, LoadedPlan
from podium.conductor.transitions import control as transitions
from podium.conductor.transitions.control import Done
from podium.contract.methods import ResumeParams
from podium.errors import InvalidArguments, PodiumError
from podium.wire.dispatcher import Peer


async def handle(context: Context, params: ResumeParams, peer: Peer) -> dict[str, Any]:
    """Answer `accepted` when the job is queued again on the disk; with a score it goes on with that one."""
    try:
        new = await changed_score(context, params)
        done, view = await control.apply(context, params.job_id, _transition(params, new), params.request_key)
    except PodiumError as error:
        return refusals.rejected(error, params.job_id)
    return {"job_id": params.job_id, "status": "accepted", "job": view.model_dump(), **done}


async def changed_score(context: Context, params: ResumeParams) -> LoadedPlan | None:
    """Compile the score that came with the call, for the job's own workspace; None without one."""
    if params.config_path is None and params.config_content is None:
        return None
    row = await context.queries.job(params.job_id)
    prepared = await scores.prepare(context, params, workspace=row["workspace"])
    return prepared.loaded


def _transition(params: ResumeParams, new: LoadedPlan | None) -> control.Transition:
    def resume(job: JobRun, batch: Batch, now: Clock) -> Done:
        loaded = new or job.next_plan or job.loaded
        return transitions.resume(job, sheet_number(loaded, params.from_sheet), new, batch)

    return resume


def sheet_number(loaded: LoadedPlan, ref: int | str | None) -> int | None:
    """Return the number of a sheet that is named or numbered; None for None and "".

    Raises:
        InvalidArguments: there is no such sheet; the names are listed.
    """
    if ref is None or ref == "":
        return None
    num = loaded.plan.find(ref)
    if num is None:
        labels = ", ".join(sheet.label for sheet in loaded.plan.sheets[:20])
        raise InvalidArguments(f"The score has no sheet {ref!r}.", fix=f"Its sheets are: {labels}.", sheet=str(ref))
    return num
