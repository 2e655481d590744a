"""Work on a folder that may be on the network: in threads of its own, some at a time, and never waited for without end."""

import os
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import anyio
from anyio.to_thread import run_sync

ANSWER_SECONDS = 20.0
THREADS = 16  # most of them wait for the disk, which takes what several want of it in one go
P = ParamSpec("P")
T = TypeVar("T")


class Slow:
    """Does work on a folder in threads. A thread that the system does not let go on keeps its place among them."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._limiter: anyio.CapacityLimiter | None = None
        self.order = anyio.Lock()  # for what must not happen at the same time

    async def do(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do something there, and return what it returns.

        Raises:
            OSError: it does not answer, or what `work` raises.
        """
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(THREADS)
        with anyio.move_on_after(ANSWER_SECONDS):
            return await run_sync(lambda: work(*args, **kwargs), abandon_on_cancel=True, limiter=self._limiter)
        raise TimeoutError(f"the folder {self._folder} does not answer")

    def words(self, error: OSError) -> str:
        """Return what is wrong with the folder."""
        if isinstance(error, TimeoutError) and not error.errno:
            return str(error)
        place = f" ({os.fsdecode(error.filename)})" if isinstance(error.filename, str | bytes) else ""
        return f"the folder {self._folder} cannot be used: {error.strerror or error}{place}"
