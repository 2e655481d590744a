"""Work on a folder that may be on the network: in threads of its own, some at a time, and never waited for without end."""

import os
from collections.abc import Callable
from typing import Any, Generic, ParamSpec, TypeVar

import anyio
from anyio.to_thread import run_sync

ANSWER_SECONDS = 20.0
THREADS = 16  # most of them wait for the disk, which takes what several want of it in one go
P = ParamSpec("P")
T = TypeVar("T")


class _Call(Generic[T]):
    """One piece of work. It is stuck once it is waited for no longer and goes on all the same."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self.runs = False

    def __call__(self) -> T:
        self.runs = True
        try:
            return self._work()
        finally:
            self.runs = False


class Slow:
    """Does work on a folder in threads. Threads that the system does not let go on are not added to without end."""

    def __init__(self, folder: str, seconds: float = ANSWER_SECONDS) -> None:
        self._folder = folder
        self._seconds = seconds
        self._limiter: anyio.CapacityLimiter | None = None
        self._stuck: list[_Call[Any]] = []
        self.order = anyio.Lock()  # for what must not happen at the same time

    async def do(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do something there, and return what it returns.

        Raises:
            OSError: it does not answer, or what `work` raises.
        """
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(THREADS)
        self._stuck = [each for each in self._stuck if each.runs]
        if len(self._stuck) < THREADS:
            call = _Call(lambda: work(*args, **kwargs))
            try:
                with anyio.move_on_after(self._seconds):
                    return await run_sync(call, abandon_on_cancel=True, limiter=self._limiter)
            finally:
                if call.runs:
                    self._stuck.append(call)
        raise TimeoutError(f"the folder {self._folder} does not answer")

    def words(self, error: OSError) -> str:
        """Return what is wrong with the folder."""
        if error.errno is None:  # one of ours, which says all
            return str(error)
        place = f" ({os.fsdecode(error.filename)})" if isinstance(error.filename, str | bytes) else ""
        return f"the folder {self._folder} cannot be used: {error.strerror or error}{place}"
