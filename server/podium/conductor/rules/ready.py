"""The sheets of a job that may start as soon as there is room for them."""

import heapq
from collections.abc import Callable, Iterator
from itertools import chain

from podium.conductor.rules.claims import Claim


class Ready:
    """Sheet numbers, lowest first, kept by what they claim, so that a claim without room delays no other."""

    def __init__(self) -> None:
        self._heaps: dict[Claim, list[int]] = {}

    def add(self, num: int, claim: Claim) -> None:
        """Add a sheet with what its next attempt claims."""
        heapq.heappush(self._heaps.setdefault(claim, []), num)

    def first(self, has_room: Callable[[Claim], bool]) -> tuple[int, Claim] | None:
        """Return the lowest sheet whose claim has room, and that claim, or None."""
        return min(((heap[0], claim) for claim, heap in self._heaps.items() if heap and has_room(claim)), default=None)

    def first_of(self, claim: Claim) -> int | None:
        """Return the lowest sheet with this claim, None if there is none."""
        heap = self._heaps.get(claim)
        return heap[0] if heap else None

    def take(self, claim: Claim) -> int:
        """Remove and return the lowest sheet with this claim."""
        return heapq.heappop(self._heaps[claim])

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
