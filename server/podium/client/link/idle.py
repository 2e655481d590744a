"""One delayed call, for closing what is no longer used.

It is a timer of the event loop. A task of anyio would need a task group, which a client then had to enter and leave; the timer
ends with its loop.
"""

import asyncio
from collections.abc import Callable


class IdleTimer:
    """Calls a function once, `seconds` after the last start."""

    def __init__(self, seconds: float, call: Callable[[], None]) -> None:
        self._seconds = seconds
        self._call = call
        self._handle: asyncio.TimerHandle | None = None

    @property
    def runs(self) -> bool:
        """Whether the call is still to come."""
        return self._handle is not None

    def start(self) -> None:
        """Count from now, in the running event loop."""
        self.stop()
        self._handle = asyncio.get_running_loop().call_later(self._seconds, self._end)

    def stop(self) -> None:
        """Cancel the call."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _end(self) -> None:
        self._handle = None
        self._call()
