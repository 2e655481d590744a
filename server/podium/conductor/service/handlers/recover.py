"""`job.recover`: in the Marianne protocol a failed sheet whose checks pass by now counts as completed. Here it is refused.

Whether a sheet is good is judged at the end of an attempt, with what that attempt did: a file that another sheet has made since
would let a check pass that the sheet itself failed. So a failed sheet is completed only by running again.
"""

from typing import NoReturn

from podium.conductor.rules.state import phase_with
from podium.conductor.service.context import Context
from podium.contract.methods import RecoverParams
from podium.contract.states import allowed_actions
from podium.errors import WrongState
from podium.wire.dispatcher import Peer


async def handle(context: Context, params: RecoverParams, peer: Peer) -> NoReturn:
    """Refuse, whatever the state of the job; nothing is changed.

    Raises:
        JobNotFound, JobDeleted: there is no such job.
        WrongState: it says what completes failed sheets.
    """
    await context.supervisor.flushed()
    row = await context.queries.job(params.job_id)
    actions = allowed_actions(phase_with(row["status"], row["intent"]))
    raise WrongState(
        f"No sheet of job {params.job_id} was recovered: a sheet that failed counts as completed only after it has run again.",
        fix="Call resume_job for a failed job: the sheets that did not complete run again, and the others are kept.",
        job_id=params.job_id,
        state=row["status"],
        allowed=actions,
    )
