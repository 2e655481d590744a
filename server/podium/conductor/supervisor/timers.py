"""The times at which the supervisor has to look at a job again, in monotonic seconds."""

import heapq
import itertools


class Timers:
    """A heap of (moment, job id, sheet). Sheet None means that the job's `not_before` has come. Stale timers do no harm."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, str, int | None]] = []
        self._order = itertools.count()

    def add(self, moment: float, job_id: str, sheet: int | None) -> None:
        """Set a timer."""
        heapq.heappush(self._heap, (moment, next(self._order), job_id, sheet))

    def due(self, now: float) -> list[tuple[str, int | None]]:
        """Remove and return every timer that is due."""
        taken = []
        while self._heap and self._heap[0][0] <= now:
            _, _, job_id, sheet = heapq.heappop(self._heap)
            taken.append((job_id, sheet))
        return taken

    def seconds_left(self, now: float) -> float | None:
        """Return the seconds until the next timer, None if there is none."""
        return max(0.0, self._heap[0][0] - now) if self._heap else None
