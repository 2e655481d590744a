"""`job.diagnose`: the state of a job and where its workspace is."""

from podium.conductor.service.context import Context
from podium.conductor.service.handlers import errors
from podium.contract.methods import JobParams
from podium.wire.dispatcher import Peer
from podium.wire.framing import RawJson, dumps


async def handle(context: Context, params: JobParams, peer: Peer) -> RawJson:
    """Answer the state object and the workspace."""
    workspace = (await context.queries.job(params.job_id))["workspace"]
    return RawJson((await errors.handle(context, params, peer))[:-1] + b',"workspace":' + dumps(workspace) + b"}")
