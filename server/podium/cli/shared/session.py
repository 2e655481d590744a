"""An event loop around the async piece of a command."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from podium.cli.signals import interrupted
from podium.wire.errors import unwrap

Result = TypeVar("Result")


def wait_for(work: Callable[[], Awaitable[Result]]) -> Result:
    """Run an async piece of a command to its end.

    Raises:
        PodiumError: as the work raises it, freed of the group that its tasks ran in.
    """
    logging.getLogger("asyncio").addFilter(_is_news)
    try:
        return anyio.run(work)
    except BaseExceptionGroup as group:
        raise unwrap(group) from None


def _is_news(_: logging.LogRecord) -> bool:
    """Return whether what the event loop logs is worth it: a task that a signal ended is not, wherever that met it."""
    return interrupted() is None
