"""What messages that peers have begun may hold in memory together, over all connections.

Small ones always pass. When the rest hold too much, whoever has stalled is given up; while nobody has, readers wait, and one of
them goes on beyond the total until its message is whole: the one that began last, since those before it may be many of one peer.
Its turn is short, and it is given up if others wait at the end of it. So a peer that begins much and ends nothing cannot take
the memory, however it times what it sends, and peers that send what they began are not refused for it.
"""

import math
from dataclasses import dataclass, field
from typing import Protocol

import anyio

SPARED_BYTES = 65536  # of each message: what everybody may hold
STALL_SECONDS = 1.0
TURN_SECONDS = 5.0  # beyond the total, for the rest of a message; one of 16 MiB takes a tenth of a second


class Holder(Protocol):
    """Something that reads a message. It can be a key of a dict."""

    def give_up(self) -> None:
        """Drop what was read, and stop reading."""


@dataclass
class _Held:
    """What one holder has: its bytes, when the last of them came, whether it waits for room, and what wakes it."""

    size: int = 0
    seen: float = 0.0
    waiting: bool = False
    wake: anyio.Event = field(default_factory=anyio.Event)


class Budget:
    """A number of bytes that holders share."""

    def __init__(self, total: int, *, stall_seconds: float = STALL_SECONDS, turn_seconds: float = TURN_SECONDS) -> None:
        self._total = total
        self._stall_seconds = stall_seconds
        self._turn_seconds = turn_seconds
        self._held: dict[Holder, _Held] = {}  # in the order in which they began
        self._sum = 0
        self._beyond: _Held | None = None  # the only one that may go on while all have too much
        self._turn_ends = 0.0

    async def take(self, holder: Holder, size: int) -> None:
        """Note that a holder has `size` bytes by now. Waits while all have too much together."""
        if size <= SPARED_BYTES:
            return
        held = self._held.setdefault(holder, _Held())
        self._sum += size - held.size
        held.size, held.seen = size, anyio.current_time()
        try:
            while self._beyond is not held and self._sum > self._total and not self._makes_room():
                held.waiting, held.wake = True, anyio.Event()
                newest = self._newest()
                if newest is held and self._beyond is None:
                    self._beyond, self._turn_ends = held, anyio.current_time() + self._turn_seconds
                    break
                if newest is not held:
                    newest.wake.set()
                # the newest also looks whether others have stalled
                with anyio.move_on_after(self._stall_seconds if newest is held else math.inf):
                    await held.wake.wait()
        finally:
            held.waiting, held.seen = False, anyio.current_time()
            self._wake()

    def release(self, holder: Holder) -> None:
        """Forget a holder, which has nothing any more."""
        if (held := self._held.pop(holder, None)) is not None:
            self._sum -= held.size
            if held is self._beyond or self._sum <= self._total:
                self._beyond = None
            self._wake()

    def _newest(self) -> _Held:
        """Return the one of those who wait that began last; at least one waits."""
        return next(each for each in reversed(self._held.values()) if each.waiting)

    def _wake(self) -> None:
        """Let the next one look whether it may go on: it tells the one after it. Waking all at once would take seconds."""
        for each in reversed(self._held.values()):
            if each.waiting:
                each.wake.set()
                return

    def _makes_room(self) -> bool:
        """Give up whoever has stalled or had its turn, until there is room; return whether there is."""
        now = anyio.current_time()
        for holder, held in list(self._held.items()):
            is_over = held is self._beyond and now >= self._turn_ends
            is_stalled = not held.waiting and now - held.seen >= self._stall_seconds
            if self._sum > self._total and (is_over or is_stalled):
                self.release(holder)
                holder.give_up()
        return self._sum <= self._total
