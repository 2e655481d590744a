"""`job.cancel`: end a job and its process trees."""

from typing import Any

from podium.conductor.context import Context
from podium.conductor.handlers import control, refusals
from podium.conductor.transitions import control as transitions
from podium.contract.methods import ControlParams
from podium.errors import PodiumError
from podium.wire.dispatcher import Peer


async def handle(context: Context, params: ControlParams, peer: Peer) -> dict[str, Any]:
    """Answer `cancelled: true` when the intent is on the disk; `pending` while processes are still being ended."""
    try:
        done, view = await control.apply(context, params.job_id, transitions.cancel, params.request_key)
    except PodiumError as error:
        return {"cancelled": False, "error": error.message, **refusals.facts(error)}
    return {"cancelled": True, "job": view.model_dump(), **done}
