"""What a score passes on from its caller's environment (`env_pass`): this process is the caller.

Its environment stays here but for the variables that the score names, which the conductor asks for. For tools that is the
environment of `podium serve`: what the client's configuration gave it.
"""

import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

from podium.contract.methods import ScoreCall
from podium.errors import InvalidArguments

Call = TypeVar("Call", bound=ScoreCall)
View = TypeVar("View")


async def with_environment(send: Callable[[Call], Awaitable[View]], call: Call) -> View:
    """Send a call; if the conductor asks for variables that this process has, send it once more with them.

    Raises:
        InvalidArguments: some that the score needs are not set here.
    """
    try:
        return await send(call)
    except InvalidArguments as refused:
        needed = refused.facts.get("env_needed")
        asked = [name for name in needed if isinstance(name, str)] if isinstance(needed, list) else []
        found = {name: os.environ[name] for name in asked if name in os.environ}
        if not found:
            raise
    return await send(replace(call, environment={**found, **call.environment}))
