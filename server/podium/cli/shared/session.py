"""An event loop around the async piece of a command."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import anyio

from podium.cli.signals import interrupted
from podium.wire.errors import unwrap

Result = TypeVar("Result")


def wait_for(work: Callable[[], Awaitable[Result]]) -> Result:
    """Run an async piece of a command to its end.

    Raises:
        PodiumError: as the work raises it, freed of the group that its tasks ran in.
    """

    async def until_interrupted() -> Result:
        asyncio.get_running_loop().set_exception_handler(_tell)
        return await work()

    try:
        return anyio.run(until_interrupted)
    except BaseExceptionGroup as group:
        raise unwrap(group) from None


def _tell(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what nobody has met, but not what a signal has left behind: that ends the command in any case."""
    if interrupted() is None:
        loop.default_exception_handler(context)
