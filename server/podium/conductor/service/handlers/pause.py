"""`job.pause`: pause at the next sheet boundary."""

from typing import Any

from podium.conductor.rules.transitions import control as transitions
from podium.conductor.service import changes
from podium.conductor.service.context import Context
from podium.contract.methods import ControlParams
from podium.wire.dispatcher import Peer


async def handle(context: Context, params: ControlParams, peer: Peer) -> dict[str, Any]:
    """Answer `paused: true` when the intent is on the disk; `pending` while the status has not changed."""
    return await changes.answer(context, params, transitions.pause, "paused")
