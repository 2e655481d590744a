"""`daemon.shutdown`: stop. Running sheets run on and are re-attached at the next start, unless they are to be ended."""

from typing import Any

from podium.conductor.service.context import Context
from podium.contract.methods import ShutdownParams
from podium.settings import Settings
from podium.wire.dispatcher import Peer

_CANCEL_SECONDS = 30.0  # the longest that `stop --cancel` waits for process trees beyond their grace period


def cancel_seconds(settings: Settings) -> float:
    """Return the longest that the end of the running sheets is waited for."""
    return settings.grace_seconds + _CANCEL_SECONDS


async def handle(context: Context, params: ShutdownParams, peer: Peer) -> dict[str, Any]:
    """Answer at once, with a bound of the stop: an earlier call may have asked for the end of the running sheets."""
    context.shutting_down = True

    async def stop() -> None:
        context.shut_down(params.cancel or not params.graceful)

    peer.stream(stop)
    return {"shutting_down": True, "within_seconds": cancel_seconds(context.settings)}
