"""A connected pair of byte streams in memory, with the limits of a socket: a full buffer makes the sender wait."""

import anyio
from anyio.abc import ByteStream


class MemoryStream(ByteStream):
    """One end of a pair, as anyio's `ByteStream`."""

    def __init__(self, incoming: "_Pipe", outgoing: "_Pipe") -> None:
        self._incoming = incoming
        self._outgoing = outgoing

    async def receive(self, max_bytes: int = 65536) -> bytes:
        """Return at least one byte; raises `anyio.EndOfStream` when the other end has closed its side."""
        return await self._incoming.take(max_bytes)

    async def send(self, item: bytes) -> None:
        """Send all; raises `anyio.BrokenResourceError` when the other end is gone."""
        await self._outgoing.put(item)

    async def send_eof(self) -> None:
        """Close our side for writing; the other end can still send."""
        await self._outgoing.end()

    async def aclose(self) -> None:
        """Close both directions."""
        await self._outgoing.end()
        await self._incoming.abandon()


class _Pipe:
    """One direction: a bounded buffer with an end."""

    def __init__(self, buffer_bytes: int) -> None:
        self._room = buffer_bytes
        self._data = bytearray()
        self._ended = False
        self._abandoned = False
        self._changed = anyio.Condition()

    async def take(self, max_bytes: int) -> bytes:
        async with self._changed:
            while not self._data:
                if self._abandoned:
                    raise anyio.ClosedResourceError
                if self._ended:
                    raise anyio.EndOfStream
                await self._changed.wait()
            part = bytes(self._data[:max_bytes])
            del self._data[:max_bytes]
            self._changed.notify_all()
            return part

    async def put(self, item: bytes) -> None:
        async with self._changed:
            while item:
                self._check_open()
                free = self._room - len(self._data)
                self._data += item[:free]
                item = item[free:]
                self._changed.notify_all()
                if item:
                    await self._changed.wait()

    def _check_open(self) -> None:
        if self._abandoned:
            raise anyio.BrokenResourceError
        if self._ended:
            raise anyio.ClosedResourceError

    async def end(self) -> None:
        with anyio.CancelScope(shield=True):
            async with self._changed:
                self._ended = True
                self._changed.notify_all()

    async def abandon(self) -> None:
        with anyio.CancelScope(shield=True):
            async with self._changed:
                self._abandoned = True
                self._changed.notify_all()


def memory_pair(buffer_bytes: int = 65536) -> tuple[MemoryStream, MemoryStream]:
    """Return two connected streams; what one sends the other receives."""
    there, back = _Pipe(buffer_bytes), _Pipe(buffer_bytes)
    return MemoryStream(back, there), MemoryStream(there, back)
