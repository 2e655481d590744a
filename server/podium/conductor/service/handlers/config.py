"""`daemon.config`: the settings in force."""

from typing import Any

from podium.conductor.service.context import Context
from podium.contract.methods import NoParams
from podium.wire.dispatcher import Peer


async def handle(context: Context, params: NoParams, peer: Peer) -> dict[str, Any]:
    """Answer every setting."""
    settings: dict[str, Any] = context.settings.model_dump(mode="json")
    return settings
