"""A bell: wakes the tasks that wait for something to happen."""

import anyio


class Bell:
    """Each ring wakes every task that waits at that moment; where none waits it costs nothing."""

    def __init__(self) -> None:
        self._rung: anyio.Event | None = None

    async def wait(self) -> None:
        """Wait for the next ring."""
        if self._rung is None:
            self._rung = anyio.Event()
        await self._rung.wait()

    def ring(self) -> None:
        """Wake every task that waits."""
        if self._rung is not None:
            self._rung.set()
            self._rung = None
