"""Live events: every commit's events go to each subscriber's bounded buffer; a slow subscriber is dropped, never waited for."""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import anyio

from podium.conductor.rules.event import Event

_BUFFER = 10_000  # events that a subscriber may lag behind


class Dropped(Exception):
    """The subscriber lagged too far behind; it continues from its cursor."""


class Subscription:
    """The events of one subscriber that it has not taken yet."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque()
        self._arrived = anyio.Event()
        self._dropped = False

    def put(self, events: Sequence[Event]) -> None:
        """Add events; if there are too many now, the subscriber gets those that came before, and then is dropped."""
        if not self._dropped and len(self._events) + len(events) <= _BUFFER:
            self._events.extend(events)
        else:
            self._dropped = True
        self._arrived.set()

    async def take(self, most: int) -> list[Event]:
        """Wait for events and return those that are there, up to `most`.

        Raises:
            Dropped: there will be none any more.
        """
        while not self._events:
            if self._dropped:
                raise Dropped
            self._arrived = anyio.Event()
            await self._arrived.wait()
        return [self._events.popleft() for _ in range(min(most, len(self._events)))]


class EventHub:
    """Fans committed events out to subscribers."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()

    def publish(self, events: Sequence[Event]) -> None:
        """Give the events of a commit to every subscriber."""
        if events:
            for each in self._subscriptions:
                each.put(events)

    @contextmanager
    def subscribe(self) -> Iterator[Subscription]:
        """Yield the events that are published from now on."""
        subscription = Subscription()
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)
