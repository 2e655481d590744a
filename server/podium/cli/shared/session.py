"""An event loop around the async piece of a command."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from podium.wire.errors import unwrap

Result = TypeVar("Result")


def wait_for(work: Callable[[], Awaitable[Result]]) -> Result:
    """Run an async piece of a command to its end.

    Raises:
        PodiumError: as the work raises it, freed of the group that its tasks ran in.
    """
    try:
        return anyio.run(work)
    except BaseExceptionGroup as group:
        raise unwrap(group) from None
