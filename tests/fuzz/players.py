"""Playing an act: lanes that use their connections again and again, and strangers beside them; what breaks is noted."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import anyio

from tests.fuzz.inputs import Input, Script
from tests.fuzz.peers import Broken, Connection, connected

LANES = 6  # every other one with replies in any order
STRANGERS = 48  # peers with a connection of their own, at once
EXCHANGES = 200  # inputs on a lane's connection before a new one is made
SHOWN_BYTES = 600


@dataclass
class Players:
    """Those who play inputs on a conductor's socket. Inputs that take long are put aside, to be played all at once."""

    socket: Path
    command: str  # that plays one of them again, but for its number
    violations: list[str] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    aside: list[Input] = field(default_factory=list)

    async def play(self, inputs: Iterable[Input]) -> None:
        """Play inputs; returns when every connection is closed."""
        drawn, room = self._sorted(inputs), anyio.Semaphore(STRANGERS)
        async with anyio.create_task_group() as tasks:
            for lane in range(LANES):
                tasks.start_soon(self._lane, drawn, room, bool(lane % 2))

    async def play_aside(self) -> None:
        """Play what was put aside."""
        room = anyio.Semaphore(len(self.aside))
        async with anyio.create_task_group() as tasks:
            for each in self.aside:
                await room.acquire()
                tasks.start_soon(self._strangers, each, room)

    def _sorted(self, inputs: Iterable[Input]) -> Iterator[Input]:
        for each in inputs:
            self.kinds[each.kind] += 1
            if each.takes_long:
                self.aside.append(each)
            else:
                yield each

    async def _lane(self, inputs: Iterator[Input], room: anyio.Semaphore, concurrent: bool) -> None:
        """Take input after input: play it on this lane's connection, or let strangers play it beside."""
        connection: Connection | None = None
        async with anyio.create_task_group() as beside:
            for each in inputs:
                if not each.is_alone:
                    await room.acquire()
                    beside.start_soon(self._strangers, each, room)
                    continue
                if connection is None or connection.exchanges > EXCHANGES:
                    connection = await self._anew(each, connection, concurrent)
                if connection is None or not await self._played(each, connection, each.scripts[0]):
                    connection = await self._anew(each, connection, concurrent)
            if connection is not None:
                await connection.close()

    async def _anew(self, each: Input, old: Connection | None, concurrent: bool) -> Connection | None:
        """Return a new connection for a lane, None where nobody answers."""
        if old is not None:
            await old.close()
        try:
            connection = await connected(self.socket)
            if concurrent:
                await connection.handshake()
        except Broken as error:
            self._note(each, b"", str(error))
            return None
        return connection

    async def _strangers(self, each: Input, room: anyio.Semaphore) -> None:
        """Play every script of an input at once, each on a connection of its own."""
        try:
            async with anyio.create_task_group() as tasks:
                for script in each.scripts:
                    tasks.start_soon(self._stranger, each, script)
        finally:
            room.release()

    async def _stranger(self, each: Input, script: Script) -> None:
        connection = await self._anew(each, None, concurrent=False)
        if connection is not None:
            await self._played(each, connection, script)
            await connection.close()

    async def _played(self, each: Input, connection: Connection, script: Script) -> bool:
        """Play a script; a broken promise is noted, and the connection is of no further use."""
        try:
            await connection.play(script)
        except Broken as error:
            self._note(each, b"".join(script.parts), str(error))
            return False
        return True

    def _note(self, each: Input, sent: bytes, what: str) -> None:
        self.violations.append(
            f"{each.kind}: {what}\n  again: {self.command} --only {each.number}\n"
            f"  sent: {sent[:SHOWN_BYTES]!r}{f' ... {len(sent)} bytes' if len(sent) > SHOWN_BYTES else ''}"
        )
