"""`job.modify`: give a job a changed score; it takes it between sheets and goes on."""

from typing import Any

from podium.conductor.clock import Clock
from podium.conductor.plans.given import sheet_number
from podium.conductor.rules.batch import Batch
from podium.conductor.rules.state import JobRun
from podium.conductor.rules.transitions import control as transitions
from podium.conductor.rules.transitions.control import Done
from podium.conductor.service import changes, refusals
from podium.conductor.service.context import Context
from podium.conductor.service.handlers.resume import accepted, changed_score
from podium.contract.methods import ModifyParams
from podium.errors import InvalidArguments, PodiumError
from podium.wire.dispatcher import Peer


async def handle(context: Context, params: ModifyParams, peer: Peer) -> dict[str, Any]:
    """Answer `accepted` when the changed score is on the disk; `pending` while sheets of the old one still run."""
    try:
        new, compare = await changed_score(context, params)
        if new is None:
            raise InvalidArguments("job.modify needs the changed score.", fix="Give config_path or config_content.")

        def change(job: JobRun, batch: Batch, now: Clock) -> Done:
            return transitions.modify(job, sheet_number(new, params.from_sheet), new, batch, compare(job))

        done, view = await changes.apply(context, params.job_id, change, params.request_key)
    except PodiumError as error:
        return refusals.rejected(error, params.job_id)
    return accepted(params.job_id, done, view)
