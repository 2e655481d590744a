"""What messages that peers have begun may hold in memory together, over all connections.

Small ones always pass. When the rest hold too much, whoever has stalled is given up; while nobody has, readers wait, and only
the one that began last goes on: those before it may be many of one peer, each of which stalls after its turn. So a peer that
begins much and ends nothing cannot take the memory, and peers that send what they began are not refused for it.
"""

import math
from dataclasses import dataclass, field
from typing import Protocol

import anyio

SPARED_BYTES = 65536  # of each message: what everybody may hold
STALL_SECONDS = 1.0


class Holder(Protocol):
    """Something that reads a message. It can be a key of a dict."""

    def give_up(self) -> None:
        """Drop what was read, and stop reading."""


@dataclass
class _Held:
    """What one holder has: its bytes, when the last of them came, whether it waits for room, and what tells it to look again."""

    size: int = 0
    seen: float = 0.0
    waiting: bool = False
    turn: anyio.Event = field(default_factory=anyio.Event)


class Budget:
    """A number of bytes that holders share."""

    def __init__(self, total: int, *, stall_seconds: float = STALL_SECONDS) -> None:
        self._total = total
        self._stall_seconds = stall_seconds
        self._held: dict[Holder, _Held] = {}  # in the order in which they began
        self._sum = 0

    async def take(self, holder: Holder, size: int) -> None:
        """Note that a holder has `size` bytes by now. Waits while all have too much together."""
        if size <= SPARED_BYTES:
            return
        held = self._held.setdefault(holder, _Held())
        self._sum += size - held.size
        held.size, held.seen = size, anyio.current_time()
        try:
            while self._sum > self._total and not self._drops_stalled():
                held.waiting, held.turn = True, anyio.Event()
                newest = self._newest()
                if newest is held and all(each.waiting for each in self._held.values()):
                    break
                if newest is not held:
                    newest.turn.set()
                # the newest also looks whether others have stalled
                with anyio.move_on_after(self._stall_seconds if newest is held else math.inf):
                    await held.turn.wait()
        finally:
            held.waiting, held.seen = False, anyio.current_time()
            self._wake()

    def release(self, holder: Holder) -> None:
        """Forget a holder, which has nothing any more."""
        if (held := self._held.pop(holder, None)) is not None:
            self._sum -= held.size
            self._wake()

    def _newest(self) -> _Held:
        """Return the one of those who wait that began last; at least one waits."""
        return next(each for each in reversed(self._held.values()) if each.waiting)

    def _wake(self) -> None:
        """Let the next one look whether it may go on: it tells the one after it. Waking all at once would take seconds."""
        for each in reversed(self._held.values()):
            if each.waiting:
                each.turn.set()
                return

    def _drops_stalled(self) -> bool:
        """Give up whoever has stalled, until there is room; return whether there is."""
        now = anyio.current_time()
        for holder, held in list(self._held.items()):
            if self._sum > self._total and not held.waiting and now - held.seen >= self._stall_seconds:
                self.release(holder)
                holder.give_up()
        return self._sum <= self._total
