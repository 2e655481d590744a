"""The sheets of a job that may start as soon as a slot is free."""

import heapq
from collections.abc import Callable, Iterator
from itertools import chain


class Ready:
    """Sheet numbers, lowest first, kept by instrument, so that an instrument without a free slot delays no other."""

    def __init__(self) -> None:
        self._heaps: dict[str, list[int]] = {}

    def add(self, num: int, instrument: str) -> None:
        """Add a sheet with the instrument that plays its next attempt."""
        heapq.heappush(self._heaps.setdefault(instrument, []), num)

    def first(self, has_room: Callable[[str], bool]) -> tuple[int, str] | None:
        """Return the lowest sheet whose instrument has room, and that instrument, or None."""
        return min(((heap[0], name) for name, heap in self._heaps.items() if heap and has_room(name)), default=None)

    def take(self, instrument: str) -> int:
        """Remove and return the lowest sheet of an instrument."""
        return heapq.heappop(self._heaps[instrument])

    def remove(self, num: int) -> None:
        """Remove a sheet that will not start now."""
        heap = next(heap for heap in self._heaps.values() if num in heap)
        heap.remove(num)
        heapq.heapify(heap)

    def clear(self) -> None:
        """Remove every sheet."""
        self._heaps.clear()

    def __iter__(self) -> Iterator[int]:
        return chain.from_iterable(self._heaps.values())

    def __len__(self) -> int:
        return sum(map(len, self._heaps.values()))

    def __contains__(self, num: object) -> bool:
        return any(num in heap for heap in self._heaps.values())
