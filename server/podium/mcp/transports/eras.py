"""One client on a pair of streams, in whichever era of the protocol it opens with.

The SDK fixes the era by the first request. Some clients ask `server/discover` in the stateless era and then shake hands
anyway; a second serving loop is opened for them, and requests to the first one are still answered.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from typing import Any

import anyio
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.server.lowlevel import Server
from mcp.server.runner import serve_dual_era_loop
from mcp.shared.message import SessionMessage
from mcp.types import JSONRPCError, JSONRPCMessage, JSONRPCNotification, JSONRPCRequest, JSONRPCResponse, RequestId

from podium.log import get_logger
from podium.mcp.transports.batches import Batches
from podium.mcp.transports.messages import (
    BATCH_VERSION,
    BadLine,
    Decoded,
    decode,
    encode,
    no_batches,
    opens_stateless,
    too_long,
)

MAX_LINE_BYTES = 16 * 1024 * 1024
ANSWER_SECONDS = 0.4  # after the end of the input: for the next answer to what was read before it
CLOSE_SECONDS = 0.5  # then: for the serving loops to refuse what is left
MOST_UNREAD = 64  # answers that wait for a client to read; no more of its messages are taken then
UNREAD_LOOK_SECONDS = 0.2  # between two looks whether such a client is still there

log = get_logger()

Write = Callable[[bytes], Awaitable[None]]


async def serve_lines(
    server: Server[Any], lines: AsyncIterator[bytes | None], write: Write, has_left: Callable[[], bool] = lambda: False
) -> None:
    """Serve one client until `lines` end; then answer what can be answered quickly, refuse the rest, and return.

    `has_left` says whether the client has closed the lines already, which is not seen while it does not read its answers.
    """
    send, receive = anyio.create_memory_object_stream[SessionMessage | bytes](0)
    async with server.lifespan(server) as state, anyio.create_task_group() as tasks:
        with closing(_Client(server, state, tasks, send)) as client:
            tasks.start_soon(client.write_answers, receive, write)
            async for line in lines:
                if not await client.reads(has_left):
                    break
                if line is None or line.strip():
                    await client.accept(too_long(MAX_LINE_BYTES) if line is None else decode(line))
            await client.answered()
        with anyio.move_on_after(CLOSE_SECONDS):
            await client.finished.wait()
        tasks.cancel_scope.cancel()


class _Client:
    """The serving loops of one client, and its unanswered requests."""

    def __init__(
        self, server: Server[Any], state: Any, tasks: TaskGroup, send: MemoryObjectSendStream[SessionMessage | bytes]
    ) -> None:
        self._server, self._state, self._tasks, self._send = server, state, tasks, send
        self._inboxes: list[MemoryObjectSendStream[SessionMessage | Exception]] = []
        self._stateless = False
        self._waiting: set[RequestId] = set()
        self._handshakes: set[RequestId] = set()  # requests to initialize that are not answered
        self._version = ""  # that was agreed in the last handshake
        self._batches = Batches()
        self._changed = anyio.Event()
        self._written = anyio.Event()
        self.finished = anyio.Event()  # the last answers are written, after `close`

    async def reads(self, has_left: Callable[[], bool]) -> bool:
        """Wait while too many answers are unread; return False if the client has left meanwhile."""
        while self._send.statistics().tasks_waiting_send >= MOST_UNREAD:
            if has_left():
                return False
            self._written = anyio.Event()
            with anyio.move_on_after(UNREAD_LOOK_SECONDS):
                await self._written.wait()
        return True

    async def accept(self, message: Decoded) -> None:
        """Take what a line of the client holds."""
        if not isinstance(message, list):
            await self._accept(message)
            return
        await self._handshake_answered()
        if self._version != BATCH_VERSION:
            await self._accept(no_batches())
        else:
            await self._say(self._batches.begin(message))
            for each in message:
                if not isinstance(each, BadLine):
                    await self._accept(each)

    async def _accept(self, message: JSONRPCMessage) -> None:
        """Take one message; a serving loop is started if it needs one."""
        if isinstance(message, BadLine):
            log.warning("bad_line", answer=message.error.message, request_id=message.id)
            await self._send.send(SessionMessage(message))
            return
        if isinstance(message, JSONRPCNotification) and message.method == "notifications/cancelled":
            request_id = (message.params or {}).get("requestId")
            self._forget(request_id)
            if isinstance(request_id, str | int):
                await self._say(self._batches.cancelled(request_id))
        starts_over = self._stateless and isinstance(message, JSONRPCRequest) and message.method == "initialize"
        if not self._inboxes or starts_over:
            inbox, source = anyio.create_memory_object_stream[SessionMessage | Exception](0)
            self._inboxes.append(inbox)
            self._tasks.start_soon(self._serve, source)
            self._stateless = False  # the first request that the loop gets decides its era
        if isinstance(message, JSONRPCRequest):
            self._stateless = self._stateless or opens_stateless(message)
            self._waiting.add(message.id)
            if message.method == "initialize":
                self._handshakes.add(message.id)
        await self._inboxes[-1].send(SessionMessage(message))

    async def _serve(self, source: MemoryObjectReceiveStream[SessionMessage | Exception]) -> None:
        options = self._server.create_initialization_options()
        out = self._send.clone()
        await serve_dual_era_loop(self._server, source, out, lifespan_state=self._state, init_options=options)

    async def write_answers(self, receive: MemoryObjectReceiveStream[SessionMessage | bytes], write: Write) -> None:
        """Write what the serving loops send, until all of them and the client have closed, or the pipe is broken."""
        try:
            async with receive:
                async for item in receive:
                    if line := item if isinstance(item, bytes) else self._line(item.message):
                        await write(line)
                    self._written.set()
                    if isinstance(item, SessionMessage) and isinstance(item.message, JSONRPCResponse | JSONRPCError):
                        self._forget(item.message.id)
        except BrokenPipeError:
            log.warning("client_gone")
            self._tasks.cancel_scope.cancel()
        self.finished.set()

    async def _say(self, line: bytes) -> None:
        """Have a line written, if there is one."""
        if line:
            await self._send.send(line)

    def _line(self, message: JSONRPCMessage) -> bytes:
        """Return what to write for a message of a serving loop; the answers to a batch are written together."""
        if not isinstance(message, JSONRPCResponse | JSONRPCError):
            return encode(message)
        if message.id in self._handshakes and isinstance(message, JSONRPCResponse):
            self._version = str(message.result.get("protocolVersion"))
        return self._batches.answered(message)

    def _forget(self, request_id: Any) -> None:
        if isinstance(request_id, str | int):  # a client may name anything
            self._waiting.discard(request_id)
        self._changed.set()

    async def _handshake_answered(self) -> None:
        """Wait until a version of the protocol is agreed, if the client has asked for one: it may have sent more meanwhile."""
        with anyio.move_on_after(ANSWER_SECONDS):
            while self._waiting & self._handshakes:
                self._changed = anyio.Event()
                await self._changed.wait()

    async def answered(self) -> None:
        """Wait until all requests are answered, or none was for `ANSWER_SECONDS`."""
        slow = False
        while self._waiting and not slow:
            self._changed = anyio.Event()
            with anyio.move_on_after(ANSWER_SECONDS) as pause:
                await self._changed.wait()
            slow = pause.cancelled_caught

    def close(self) -> None:
        """Tell the serving loops that the client has left."""
        for inbox in self._inboxes:
            inbox.close()
        self._send.close()
