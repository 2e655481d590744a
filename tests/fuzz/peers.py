"""Hostile peers at work: scripts are played on real connections, and every reply is compared with what is owed."""

import json
from collections import deque
from itertools import islice
from pathlib import Path
from typing import Any

import anyio
from anyio.lowlevel import checkpoint

from podium.conductor.service.handlers import TABLE
from podium.contract.methods import MAX_LINE_BYTES
from podium.wire.framing import FrameReader, decode
from podium.wire.sockets import SocketStream, connect
from tests.fuzz.inputs import HANDSHAKE, Script
from tests.fuzz.model import Wanted, is_internal, wanted

REPLY_SECONDS = 30.0  # a bound for a machine that is busy with everything else
STALL_SECONDS = 60.0  # until a peer that stops is dropped: the conductor waits for 30
LEAVE_SECONDS = 0.2
SERVED = frozenset(TABLE)
_CANARY = b'\n{"id":"canary %d","method":"daemon.health"}\n'
_SMALL = 32_768  # what a socket's buffer takes at once, so that nobody need read meanwhile


class Broken(AssertionError):
    """A reply is missing, is one too many, or is not what it should be."""


class Connection:
    """One connection of a hostile peer, with the replies it is owed."""

    def __init__(self, stream: SocketStream) -> None:
        self._stream = stream
        self._reader = FrameReader(stream, max_bytes=4 * MAX_LINE_BYTES, whole_lines=True)
        self._owed: deque[Wanted] = deque()
        self._ordered = True
        self._canaries = 0
        self.exchanges = 0

    async def handshake(self) -> None:
        """Ask for replies in any order."""
        await self.play(Script((HANDSHAKE,)))

    async def play(self, script: Script) -> None:
        """Play a script and take every reply that is owed.

        Raises:
            Broken: of the promise to answer each request once.
        """
        self.exchanges += 1
        if script.ending == "leaves":
            return await self._leave(script)
        if script.ending == "never reads":
            return await self._await_drop(script)
        data = self._owe(script)
        seconds = STALL_SECONDS if script.ending == "stalls" else REPLY_SECONDS
        try:
            with anyio.fail_after(seconds):
                await self._exchange(script, data)
        except TimeoutError:
            raise Broken(f"no reply within {seconds:g} s; owed: {self._first()}") from None
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            raise Broken(f"the connection was closed; owed: {self._first()}") from None
        return None

    def _owe(self, script: Script) -> bytes:
        """Note what is owed for a script, and return all its bytes."""
        data = b"".join(script.parts)
        if script.ending == "stays":
            self._canaries += 1
            data += _CANARY % self._canaries if not data.endswith(b"\n") else (_CANARY % self._canaries)[1:]
        self._ordered = self._ordered and b"podium-1" not in data
        self._owed += wanted(data, SERVED)
        return data

    async def _exchange(self, script: Script, data: bytes) -> None:
        if len(data) <= _SMALL and not script.pause and script.ending == "stays":
            await self._stream.send(data)
            await self._settle()
            return
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._write, script, data)
                await self._settle()
        except ExceptionGroup as group:
            raise group.exceptions[0] from None
        if script.ending != "stays":
            await self._await_end()

    async def _write(self, script: Script, data: bytes) -> None:
        sent = 0
        for part in script.parts:
            await self._stream.send(part)
            sent += len(part)
            await anyio.sleep(script.pause)
        if rest := data[sent:]:
            await self._stream.send(rest)
        if script.ending == "half-closes":
            await self._stream.send_eof()

    async def _settle(self) -> None:
        """Read until nothing is owed any more."""
        while self._owed:
            line = await self._reader.read()
            if len(line) >= MAX_LINE_BYTES:
                raise Broken(f"a reply of {len(line)} bytes: {line[:200]!r}")
            message = decode(line)
            if "method" not in message:
                self._take(message)

    def _take(self, reply: dict[str, Any]) -> None:
        """Cross a reply off: the next one that is owed, or any where replies may come in any order."""
        candidates = list(islice(self._owed, 1 if self._ordered else None))
        found = next((place for place, owed in enumerate(candidates) if owed.admits(reply)), None)
        if found is None:
            found = next((place for place, owed in enumerate(candidates) if owed.may_be(reply)), None)
        if found is None:
            raise Broken(f"nobody asked for {json.dumps(reply)[:500]}; owed: {self._first()}")
        method = self._owed[found].method
        del self._owed[found]
        if is_internal(reply):
            raise Broken(f"internal error of {method}: {json.dumps(reply)[:500]}")

    def _first(self) -> list[Wanted]:
        return list(islice(self._owed, 3))

    async def _await_end(self) -> None:
        """Read to the end, which must come without a further reply."""
        try:
            while "method" in (message := decode(await self._reader.read())):
                pass
        except anyio.EndOfStream:
            return
        raise Broken(f"nobody asked for {json.dumps(message)[:500]}")

    async def _leave(self, script: Script) -> None:
        """Send what is taken in a moment, and go."""
        try:
            with anyio.move_on_after(LEAVE_SECONDS):
                await self._write(script, b"".join(script.parts))
        except anyio.BrokenResourceError:
            pass
        await self.close()

    async def _await_drop(self, script: Script) -> None:
        """Send without reading until the conductor has had enough."""
        try:
            with anyio.fail_after(STALL_SECONDS):
                while True:
                    await self._stream.send(script.parts[0])
        except anyio.BrokenResourceError:
            return
        except TimeoutError:
            raise Broken("a peer that does not read was not dropped") from None

    async def close(self) -> None:
        """Close the connection."""
        await self._stream.aclose()


async def connected(path: Path) -> Connection:
    """Connect, waiting where the listener's queue is full.

    Raises:
        Broken: nobody listens, or the queue stays full.
    """
    with anyio.move_on_after(REPLY_SECONDS):
        while True:
            try:
                return Connection(await connect(path))
            except BlockingIOError:
                await checkpoint()
            except OSError as error:
                raise Broken(f"no connection: {error}") from None
    raise Broken(f"no connection within {REPLY_SECONDS:g} s")
