"""`job.errors`: the state of a job, as the Marianne protocol has it."""

from typing import Any

from podium.conductor.context import Context
from podium.conductor.handlers import status
from podium.contract.methods import JobParams
from podium.wire.dispatcher import Peer


async def handle(context: Context, params: JobParams, peer: Peer) -> dict[str, Any]:
    """Answer the state object with every sheet, failed ones with their reasons."""
    await context.supervisor.settled()
    return {"state": await status.state(context, await context.queries.job(params.job_id), sheets=True)}
