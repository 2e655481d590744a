"""`daemon.health`: the cheapest answer that proves the conductor alive."""

import os
from typing import Any

from podium.conductor.service.context import Context
from podium.contract.methods import NoParams
from podium.wire.dispatcher import Peer


async def handle(context: Context, params: NoParams, peer: Peer) -> dict[str, Any]:
    """Answer ok, the pid and the uptime."""
    return {"status": "ok", "pid": os.getpid(), "uptime_seconds": context.uptime_seconds,
            "shutting_down": context.shutting_down}  # fmt: skip
