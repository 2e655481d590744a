"""The serving side of one connection: requests in, replies out, whatever the peer does.

Requests are answered strictly in order until a handler sets `peer.concurrent` (the handshake); from then on they run at
the same time and replies come in any order. At most `WireLimits.in_flight` run at once, then reading pauses. A peer
that does not read what it is sent is dropped after `WireLimits.write_seconds`. No peer can affect another connection.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import anyio
from anyio.abc import ByteStream, SocketAttribute, TaskGroup
from anyio.lowlevel import checkpoint

from podium.contract.methods import MAX_LINE_BYTES
from podium.errors import ConductorBusy
from podium.log import get_logger
from podium.wire import messages
from podium.wire.budget import Budget
from podium.wire.errors import INTERNAL_ERROR, METHOD_NOT_FOUND, PARSE_ERROR, RpcFault, is_expected, to_wire, unwrap
from podium.wire.framing import PARTIAL_SECONDS, CrowdedFrame, FrameReader, OversizedFrame, SlowFrame

log = get_logger()

Streamer = Callable[[], Awaitable[None]]
_METHOD_CHARS = 200  # of an unknown method's name in the reply
_ENDED = (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError, OSError)
_BURST = 16  # frames that are answered without a pause
_MOST_WAITING = 4  # tasks that wait for their turn to read; a further one ends
_begun: ContextVar[list[Streamer]] = ContextVar("begun")  # the streams that the running handler has asked for


@dataclass(frozen=True)
class WireLimits:
    """Bounds of one connection: bytes of a frame with its newline, seconds, and how many requests and streams run at once.

    `budget` is shared with other connections: the bytes of begun frames.
    """

    max_line_bytes: int = MAX_LINE_BYTES
    partial_seconds: float = PARTIAL_SECONDS
    write_seconds: float = 30.0
    in_flight: int = 64
    streams: int = 16
    budget: Budget | None = None


class Peer:
    """The other end of a connection, and how a handler reaches it beyond its reply. `uid` and `pid` come from the kernel."""

    def __init__(self, *, uid: int | None = None, pid: int | None = None) -> None:
        self.uid = uid
        self.pid = pid
        self.concurrent = False
        self._connection: _Connection | None = None

    async def notify(self, method: str, *params: Any) -> None:
        """Send a notification for each of `params`. Waits while the peer reads slowly; a peer that stops reading is dropped."""
        await self._attached().send(b"".join(messages.notification(method, each) for each in params))

    def stream(self, fn: Streamer) -> None:
        """Run `fn` as a task of this connection, once the reply to the present request has been written.

        It is cancelled when the connection ends; when it raises, the connection is closed.

        Raises:
            ConductorBusy: the connection has reached its limit of streams.
        """
        self._attached().count_stream()
        _begun.get().append(fn)

    @property
    def has_ended(self) -> bool:
        """Whether the peer sends no more requests, as one that is gone."""
        return self._attached().has_ended

    def close(self) -> None:
        """Drop the connection: nothing more is read or written, and its tasks are cancelled."""
        self._attached().close()

    def _attached(self) -> "_Connection":
        if self._connection is None:
            raise RuntimeError("this peer has no connection")
        return self._connection


Handler = Callable[[dict[str, Any], Peer], Awaitable[Any]]

UNANSWERED = object()
"""What a handler returns to whose request no reply belongs: the Marianne protocol has one such method."""


async def serve_connection(
    stream: ByteStream,
    peer: Peer,
    handlers: Mapping[str, Handler],
    limits: WireLimits | None = None,
) -> None:
    """Serve one connection until the peer closes it, then close the stream. Never raises for anything the peer does."""
    try:
        await _Connection(stream, peer, handlers, limits or WireLimits()).run()
    finally:
        await anyio.aclose_forcefully(stream)


class _Connection:
    """The state of one served connection."""

    def __init__(self, stream: ByteStream, peer: Peer, handlers: Mapping[str, Handler], limits: WireLimits) -> None:
        self._stream = stream
        self._peer = peer
        self._handlers = handlers
        self._limits = limits
        self._socket = stream.extra(SocketAttribute.raw_socket, None)  # noqa: S610 - anyio's, not Django's
        self._scope = anyio.CancelScope()
        self._streams = 0  # that run or are about to
        self._writing = anyio.Lock(fast_acquire=True)
        self._reader = FrameReader(
            stream,
            max_bytes=limits.max_line_bytes,
            partial_seconds=limits.partial_seconds,
            budget=limits.budget,
        )
        self._turn = anyio.Lock(fast_acquire=True)  # to read
        self._tasks = 0  # that take turns
        self._waiting = 0  # of them, for their turn
        self._frames = 0
        self.has_ended = False
        peer._connection = self

    async def run(self) -> None:
        """Read and answer until the end; requests that were read are answered, then the streams are cancelled."""
        with self._scope:
            async with anyio.create_task_group() as streams:
                async with anyio.create_task_group() as turns:
                    await self._take_turns(turns, streams)
                streams.cancel_scope.cancel()

    def close(self) -> None:
        self._scope.cancel()

    def count_stream(self) -> None:
        if self._streams >= self._limits.streams:
            raise ConductorBusy(
                f"This connection has reached its limit of {self._streams} streams.",
                fix="Use one of its streams, or open another connection.",
            )
        self._streams += 1

    async def send(self, frame: bytes) -> None:
        """Write one frame whole. On any failure the connection is dropped, which cancels the caller too."""
        if self._scope.cancel_called:
            await checkpoint()
        sent = 0
        if self._socket is not None and not self._writing.locked():
            # What the socket takes without waiting needs neither timer nor lock; if it is full or broken, waiting shows which.
            with suppress(OSError):
                sent = self._socket.send(frame)
        if sent < len(frame):
            await self._send_waiting(frame[sent:])
        if self._scope.cancel_called:
            await checkpoint()

    async def _send_waiting(self, rest: bytes) -> None:
        async with self._writing:
            try:
                with anyio.fail_after(self._limits.write_seconds):
                    await self._stream.send(rest)
            except (TimeoutError, *_ENDED) as failure:
                log.debug("peer_dropped", pid=self._peer.pid, reason=type(failure).__name__)
                self.close()
            except BaseException:
                self.close()  # perhaps cancelled in the middle of a frame: what follows would not be one
                raise

    async def _take_turns(self, turns: TaskGroup, streams: TaskGroup) -> None:
        """Read frames and answer them, as one of several tasks that take turns.

        One task reads. Once the peer is concurrent it answers its frame while the next task reads: handing the turn to a task
        that waits costs less than half of a new task for each request.
        """
        self._tasks += 1
        try:
            while self._waiting < _MOST_WAITING and (line := await self._next(turns, streams)) is not None:
                await self._handle(line, streams)
        finally:
            self._tasks -= 1

    async def _next(self, turns: TaskGroup, streams: TaskGroup) -> bytes | None:
        """Return the next frame to answer beside others, None at the end; until the peer is concurrent, answer frames here."""
        if self._turn.locked():
            self._waiting += 1
        async with self._turn:
            while (line := await self._read()) is not None:
                if not self._peer.concurrent:
                    await self._handle(line, streams)
                    continue
                if self._waiting:  # that task has the turn when this one gives it up
                    self._waiting -= 1
                elif self._tasks < self._limits.in_flight:
                    turns.start_soon(self._take_turns, turns, streams)
                return line
            return None

    async def _read(self) -> bytes | None:
        """Return the next frame, None at the end. Between many frames of one peer, others have their turn."""
        while not self.has_ended:
            self._frames += 1
            if self._frames % _BURST == 0:
                await checkpoint()
            try:
                return await self._reader.read()
            except (OversizedFrame, SlowFrame, CrowdedFrame) as fault:
                self.has_ended = not isinstance(fault, OversizedFrame)
                refusal: Exception = RpcFault(PARSE_ERROR, f"Parse error: {fault}")
                if isinstance(fault, CrowdedFrame):
                    refusal = ConductorBusy(
                        f"The conductor is short of memory: {fault}.", fix="Send the request again."
                    )
                await self.send(messages.error(None, to_wire(refusal, "")))
            except _ENDED:
                self.has_ended = True
        return None

    async def _handle(self, line: bytes, streams: TaskGroup) -> None:
        """Answer one frame and begin the streams that its handler has asked for."""
        begun: list[Streamer] = []
        _begun.set(begun)
        if (reply := await self._answer(line)) is not None:
            await self.send(reply)
        for streamer in begun:
            streams.start_soon(self._run_stream, streamer)

    async def _answer(self, line: bytes) -> bytes | None:
        """Return the reply to a frame, None for a notification. The one place where exceptions become wire errors."""
        try:
            request = messages.parse_request(line)
        except RpcFault as fault:
            return messages.error(fault.request_id, to_wire(fault, ""))
        try:
            handler = self._handlers.get(request.method)
            if handler is None:
                name = request.method[:_METHOD_CHARS]
                raise RpcFault(METHOD_NOT_FOUND, f"Method not found: {name}", data={"method": name})
            value = await handler(request.params, self._peer)
            if value is UNANSWERED:
                return None
            reply = messages.result(request.id, value)
            if len(reply) > self._limits.max_line_bytes:
                why = f"the reply has {len(reply)} bytes, but a frame can hold only {self._limits.max_line_bytes}"
                raise RpcFault(INTERNAL_ERROR, f"Internal error: {why}")
        except Exception as caught:  # noqa: BLE001 - whatever a handler raises is answered, never spread
            reply = self._error(request, unwrap(caught))
        return None if request.id is None else reply

    def _error(self, request: messages.Request, failure: BaseException) -> bytes:
        """Return the error reply; what is not an answer goes to the log whole.

        An error that quotes so much of the request that it does not fit a frame is reduced to its code.
        """
        request_id = secrets.token_hex(6)
        if not is_expected(failure):
            log.error("request_failed", method=request.method, request_id=request_id, exc_info=failure)
        error = to_wire(failure, request_id)
        reply = messages.error(request.id, error)
        if len(reply) <= self._limits.max_line_bytes:
            return reply
        short = f"The error text has {len(reply)} bytes, but a frame can hold only {self._limits.max_line_bytes}"
        return messages.error(request.id, {"code": error["code"], "message": short, "data": None})

    async def _run_stream(self, streamer: Streamer) -> None:
        try:
            await streamer()
        except Exception:
            log.exception("stream_failed", pid=self._peer.pid)
            self.close()
        finally:
            self._streams -= 1
