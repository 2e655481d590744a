"""The time limits of running attempts."""

import heapq
from collections.abc import Callable

import anyio


class Deadlines:
    """Calls `reached` with a key when its time is up, unless it was dropped before. `run` is its only task."""

    def __init__(self, reached: Callable[[str], None]) -> None:
        self._reached = reached
        self._moments: dict[str, float] = {}  # key -> by the loop's clock
        self._heap: list[tuple[float, str]] = []
        self._earlier = anyio.Event()

    def add(self, key: str, seconds: float) -> None:
        """Set the limit of a key, from now on."""
        moment = self._moments[key] = anyio.current_time() + seconds
        heapq.heappush(self._heap, (moment, key))
        if self._heap[0][1] == key:
            self._earlier.set()

    def stop(self, key: str) -> float | None:
        """Forget a key, and return how many seconds it had left, None if it has no limit."""
        moment = self._moments.get(key)
        self.drop(key)
        return None if moment is None else max(0.0, moment - anyio.current_time())

    def drop(self, key: str) -> None:
        """Forget a key."""
        self._moments.pop(key, None)
        if len(self._heap) > 2 * len(self._moments) + 64:  # mostly of what has ended
            self._heap = [(moment, each) for each, moment in self._moments.items()]
            heapq.heapify(self._heap)

    async def run(self) -> None:
        """Watch the clock until cancelled."""
        while True:
            self._earlier = anyio.Event()
            now = anyio.current_time()
            while self._heap and self._heap[0][0] <= now:
                moment, key = heapq.heappop(self._heap)
                if self._moments.get(key) == moment:
                    del self._moments[key]
                    self._reached(key)
            with anyio.move_on_after(self._heap[0][0] - now if self._heap else None):
                await self._earlier.wait()
