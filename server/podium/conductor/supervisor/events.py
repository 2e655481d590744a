"""Live events: every commit's events go to each subscriber's bounded buffer; a slow subscriber is dropped, never waited for."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from podium.contract.models import EventView

_BUFFER = 10_000  # events that a subscriber may lag behind


class EventHub:
    """Fans committed events out to subscribers."""

    def __init__(self) -> None:
        self._streams: set[MemoryObjectSendStream[EventView]] = set()

    def publish(self, events: Sequence[EventView]) -> None:
        """Give events to every subscriber. A stream whose buffer is full is closed: the subscriber continues from its cursor."""
        for stream in list(self._streams) if events else ():
            try:
                for event in events:
                    stream.send_nowait(event)
            except (anyio.WouldBlock, anyio.BrokenResourceError):
                self._streams.discard(stream)
                stream.close()

    @contextmanager
    def subscribe(self) -> Iterator[MemoryObjectReceiveStream[EventView]]:
        """Yield a stream of the events that are published from now on."""
        send, receive = anyio.create_memory_object_stream[EventView](_BUFFER)
        self._streams.add(send)
        try:
            yield receive
        finally:
            self._streams.discard(send)
            send.close()
            receive.close()
