"""`job.pause` and `job.cancel`: an intent that is on the disk when the answer says so."""

from typing import Any

from podium.conductor.rules.transitions import control
from podium.conductor.service import refusals
from podium.conductor.service.context import Context
from podium.conductor.supervisor.inbox import Transition
from podium.contract.methods import ControlParams
from podium.errors import PodiumError
from podium.wire.dispatcher import Peer


async def pause(context: Context, params: ControlParams, peer: Peer) -> dict[str, Any]:
    """Answer `paused: true` when the intent is on the disk; `pending` until the status has changed."""
    return await _answer(context, params, control.pause, "paused")


async def cancel(context: Context, params: ControlParams, peer: Peer) -> dict[str, Any]:
    """Answer `cancelled: true` when the intent is on the disk; `pending` while processes are still being ended."""
    return await _answer(context, params, control.cancel, "cancelled")


async def _answer(context: Context, params: ControlParams, transition: Transition, word: str) -> dict[str, Any]:
    """Return the reply: `word` is true when the intent is on the disk, false with the refusal's facts."""
    try:
        done, job = await context.changes.apply(params.job_id, transition, params.request_key)
    except PodiumError as error:
        return {word: False, "error": error.message, **refusals.facts(error)}
    return {word: True, "job": context.views.of(job).model_dump(), **done}
