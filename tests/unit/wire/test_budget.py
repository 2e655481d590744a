"""What begun messages may hold together: who sends is served, and who stalls gives way."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

import anyio
import pytest
from anyio.abc import TaskGroup

from podium.wire.budget import SPARED_BYTES, Budget
from podium.wire.framing import CrowdedFrame, FrameReader
from tests.support.memory_pair import memory_pair

pytestmark = pytest.mark.anyio

LONG = 4 * SPARED_BYTES  # bytes of a frame
PIECE = SPARED_BYTES // 2


class Reading:
    """A reader on a pair of streams, and what came of its first frame."""

    def __init__(self, budget: Budget) -> None:
        ours, self.peer = memory_pair()
        self.reader = FrameReader(ours, partial_seconds=20, budget=budget)
        self.got: bytes | Exception | None = None
        self.done = anyio.Event()

    async def read(self) -> None:
        try:
            self.got = await self.reader.read()
        except CrowdedFrame as fault:
            self.got = fault
        self.done.set()

    async def send(self, size: int, *, end: bool) -> None:
        for _ in range(size // PIECE):
            await self.peer.send(b"x" * PIECE)
        if end:
            await self.peer.send(b"\n")


class Sender:
    """Somebody who begins a message, sends half of it, lets the next one begin, sends on, and never ends it."""

    def __init__(self, *, drips: bool) -> None:
        self.drips = drips  # it never stalls
        self.size = 0
        self.patience = anyio.CancelScope()

    def give_up(self) -> None:
        self.size = 0
        self.patience.cancel()

    async def send(self, budget: Budget, begin_next: Callable[[], None]) -> None:
        has_begun_next = False
        with self.patience:
            while self.drips or self.size < LONG - PIECE:
                self.size = min(self.size + PIECE, LONG - PIECE)
                await budget.take(self, self.size)
                if self.size == LONG // 2:
                    has_begun_next = True
                    begin_next()
                await anyio.sleep(0.01)
        if not has_begun_next:  # it was given up before, as on a busy machine everybody seems to have stalled
            begin_next()


@asynccontextmanager
async def reading(*each: Reading) -> AsyncIterator[TaskGroup]:
    """Let readers read meanwhile; at the end, what is still read or sent is cancelled."""
    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            for one in each:
                tasks.start_soon(one.read)
            yield tasks
            tasks.cancel_scope.cancel()


async def test_everybody_who_sends_what_was_begun_is_served_however_many_they_are() -> None:
    budget = Budget(2 * LONG)
    crowd = [Reading(budget) for _ in range(20)]
    async with reading(*crowd) as tasks:
        for each in crowd:
            tasks.start_soon(partial(each.send, LONG, end=True))
        for each in crowd:
            await each.done.wait()
    assert [each.got for each in crowd] == [b"x" * LONG] * 20


async def test_frames_that_stall_give_way_to_one_that_does_not() -> None:
    budget = Budget(2 * LONG, stall_seconds=0.05)
    stalled, late = [Reading(budget) for _ in range(10)], Reading(budget)
    async with reading(*stalled, late) as tasks:
        for each in stalled:
            tasks.start_soon(partial(each.send, LONG, end=False))
        await late.send(LONG, end=True)
        await late.done.wait()
    assert late.got == b"x" * LONG
    given_up = [each for each in stalled if isinstance(each.got, CrowdedFrame)]
    assert given_up
    assert not [each for each in given_up if each.reader._buffer]


@pytest.mark.parametrize("drips", [False, True])
async def test_messages_begun_one_in_another_never_hold_more_than_the_total_and_one_message(drips: bool) -> None:
    budget = Budget(2 * LONG, stall_seconds=0.1, turn_seconds=0.1)
    senders = [Sender(drips=drips) for _ in range(20)]
    held: list[int] = []
    all_have_begun = anyio.Event()

    def begin(number: int) -> None:
        held.append(sum(each.size for each in senders))
        if number == len(senders):
            all_have_begun.set()
        else:
            tasks.start_soon(senders[number].send, budget, partial(begin, number + 1))

    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            begin(0)
            await all_have_begun.wait()
            tasks.cancel_scope.cancel()
    assert max(held) <= 3 * LONG


async def test_what_stalls_is_kept_while_there_is_room() -> None:
    budget = Budget(LONG, stall_seconds=0.0)
    small, large = Reading(budget), Reading(budget)
    async with reading(small, large):
        await small.send(PIECE, end=False)
        await large.send(LONG, end=False)
        for each in (small, large):
            await each.send(0, end=True)
            await each.done.wait()
    assert (small.got, large.got) == (b"x" * PIECE, b"x" * LONG)


async def test_small_frames_are_begun_by_everybody_even_when_there_is_no_room() -> None:
    crowd = [Reading(Budget(0, stall_seconds=0.0)) for _ in range(20)]
    async with reading(*crowd):
        for each in crowd:
            await each.send(SPARED_BYTES, end=False)
        for each in crowd:
            await each.send(0, end=True)
            await each.done.wait()
    assert [each.got for each in crowd] == [b"x" * SPARED_BYTES] * 20
