"""Looking again while the system has no descriptor left: then nothing is known, and nothing may be concluded."""

from collections.abc import Callable
from typing import TypeVar

import anyio
from anyio.to_thread import run_sync

from podium.log import get_logger

AGAIN_SECONDS = 0.2
Known = TypeVar("Known")

log = get_logger()


async def known(look: Callable[[], Known]) -> Known:
    """Return what a blocking look tells, however long it takes until it can be taken."""
    while True:
        try:
            return await run_sync(look)
        except OSError as error:
            log.warning("processes_unknown", error=str(error))
            await anyio.sleep(AGAIN_SECONDS)
