"""A command's way to the conductor: settings, the client and the job-control service, and an event loop around them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import anyio

from podium.client.daemon_client import DaemonClient
from podium.client.job_control import JobControlService
from podium.settings import Settings

Result = TypeVar("Result")


@asynccontextmanager
async def job_control(settings: Settings) -> AsyncIterator[JobControlService]:
    """Open the proxy to the conductor and close it."""
    async with DaemonClient(settings.socket, settings=settings) as client:
        yield JobControlService(client)


def wait_for(work: Callable[[], Awaitable[Result]]) -> Result:
    """Run an async piece of a command to its end.

    Raises:
        PodiumError: as the work raises it, freed of the group that its tasks ran in.
    """
    try:
        return anyio.run(work)
    except BaseExceptionGroup as group:
        raise _only(group) from None


def _only(group: BaseExceptionGroup[Any]) -> BaseException:
    """Return the one exception inside a group of groups, or the group itself when it holds several."""
    inner: BaseException = group
    while isinstance(inner, BaseExceptionGroup) and len(inner.exceptions) == 1:
        inner = inner.exceptions[0]
    return inner
