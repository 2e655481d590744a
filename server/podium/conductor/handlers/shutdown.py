"""`daemon.shutdown`: stop. Running sheets run on and are re-attached at the next start, unless they are to be ended."""

from typing import Any

from podium.conductor.context import Context
from podium.contract.methods import ShutdownParams
from podium.wire.dispatcher import Peer


async def handle(context: Context, params: ShutdownParams, peer: Peer) -> dict[str, Any]:
    """Answer at once; the exit follows within seconds, whoever is connected."""
    context.shutting_down = True

    async def stop() -> None:
        context.shut_down(params.cancel or not params.graceful)

    peer.stream(stop)
    return {"shutting_down": True}
