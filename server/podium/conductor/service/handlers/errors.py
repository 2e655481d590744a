"""`job.errors`: the state of a job, as the Marianne protocol has it."""

from podium.conductor.service.context import Context
from podium.conductor.service.handlers import status
from podium.contract.methods import JobParams
from podium.wire.dispatcher import Peer
from podium.wire.framing import RawJson


async def handle(context: Context, params: JobParams, peer: Peer) -> RawJson:
    """Answer the state object with every sheet, failed ones with their reasons."""
    await context.supervisor.flushed()
    return RawJson(b'{"state":' + await status.state(context, await context.queries.job(params.job_id)) + b"}")
