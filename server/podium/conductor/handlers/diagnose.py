"""`job.diagnose`: the state of a job and where its workspace is."""

from typing import Any

from podium.conductor.context import Context
from podium.conductor.handlers import errors
from podium.contract.methods import JobParams
from podium.wire.dispatcher import Peer


async def handle(context: Context, params: JobParams, peer: Peer) -> dict[str, Any]:
    """Answer the state object and the workspace."""
    reply = await errors.handle(context, params, peer)
    return {**reply, "workspace": reply["state"]["podium"]["workspace"]}
