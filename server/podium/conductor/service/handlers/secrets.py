"""`job.secrets`: where secrets of a job stand in a text that the caller has read itself, such as a file of the workspace.

No value leaves the conductor for this: the caller learns where to look away, and under which names.
"""

from base64 import b64decode

from anyio.to_thread import run_sync

from podium.conductor.service.context import Context
from podium.contract.methods import SecretsParams
from podium.contract.replies import SecretsReply
from podium.errors import InvalidArguments
from podium.logs.shown import spans_in
from podium.wire.dispatcher import Peer


async def handle(context: Context, params: SecretsParams, peer: Peer) -> SecretsReply:
    """Answer the places in the bytes of the call."""
    try:
        data = b64decode(params.data, validate=True)
    except ValueError:
        raise InvalidArguments("data is not base64.", fix="Send the bytes as base64.") from None
    row = await context.queries.job(params.job_id)
    known = await context.values.of(params.job_id, await context.loader.plan(row["plan_hash"]))
    return SecretsReply(spans=await run_sync(spans_in, data, known.masker))
