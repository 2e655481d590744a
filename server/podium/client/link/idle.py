"""One delayed call, for what is closed when nobody uses it.

By a timer of the event loop, not by a task of anyio's, which has no such timer: a client needs no task group, and nobody who
has to leave one. With its loop the timer is gone too.
"""

import asyncio
from collections.abc import Callable


class IdleTimer:
    """Calls a function once, so many seconds after it was started last."""

    def __init__(self, seconds: float, call: Callable[[], None]) -> None:
        self._seconds = seconds
        self._call = call
        self._handle: asyncio.TimerHandle | None = None

    @property
    def runs(self) -> bool:
        """Whether the call is still to come."""
        return self._handle is not None

    def start(self) -> None:
        """Count from now on, in the running event loop."""
        self.stop()
        self._handle = asyncio.get_running_loop().call_later(self._seconds, self._end)

    def stop(self) -> None:
        """Count no longer."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _end(self) -> None:
        self._handle = None
        self._call()
