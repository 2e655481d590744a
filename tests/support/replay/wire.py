"""The wire of a replay conductor: lines in and out, one call after another on a connection, and five connections in all.

A connection has a thread of its own, so that tests of any kind can use the conductor while they wait for something else.
"""

import json
import queue
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from tests.support.replay.faults import Fault, WireFault
from tests.support.replay.job_methods import Refused

CONNECTIONS = 5
MOST_BYTES = 16 << 20
_SPARE = 64 << 10  # of a longer line: up to here it is read and refused, beyond it the connection is reset
STREAM = "daemon.monitor.stream"


class JsonRpcRequest(BaseModel):
    """A request; the name shows in messages."""

    jsonrpc: Literal["2.0"] = "2.0"
    method: str
    params: dict[str, Any] | None = None
    id: int | str | None = None


class _JsonRpcReply(BaseModel):
    jsonrpc: str = "2.0"
    id: int | str | None


class Dropped(Exception):
    """The connection is closed without a reply."""


def read_request(line: bytes) -> JsonRpcRequest:
    """Return the request in a line.

    Raises:
        Refused: it is none. Others: it is something for which that conductor has no answer; it drops the connection then.
    """
    if len(line) > MOST_BYTES:
        raise Refused(-32700, "Parse error: malformed JSON", None)
    try:
        found = json.loads(line)
    except json.JSONDecodeError:
        raise Refused(-32700, "Parse error: malformed JSON", None) from None
    if not isinstance(found, dict) or "method" not in found:
        request_id = found.get("id") if isinstance(found, dict) else None
        raise Refused(-32600, "Invalid request: missing 'method' field", request_id)
    try:
        return JsonRpcRequest.model_validate(found)
    except ValidationError as error:
        raise Refused(-32600, f"Invalid request: {error}", found.get("id")) from None


def reply(request_id: Any, **members: Any) -> bytes:
    """Return a reply line; an id that is no id has none."""
    shown = _JsonRpcReply(id=request_id)
    return _line({"jsonrpc": "2.0", **members, "id": shown.id})


def fault(request_id: Any, code: int, message: str, data: Any = None) -> bytes:
    """Return an error reply."""
    return reply(request_id, error={"code": code, "message": message, "data": data})


class Server:
    """A listening socket. `handle` answers a call; `wire_faults` are those of single methods."""

    def __init__(self, path: Path, handle: Callable[[str, dict[str, Any]], Any], faults: set[Fault]) -> None:
        self.path = path
        self.faults = faults
        self.wire_faults: dict[str, WireFault] = {}
        self.released = threading.Event()
        self._handle = handle
        self._served = threading.Semaphore(CONNECTIONS)
        self._changed = threading.Condition()
        self._peers: set[socket.socket] = set()
        self._streams: list[queue.SimpleQueue[bytes]] = []
        self._threads: list[threading.Thread] = []
        self._closing = False
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(200)
        self._start(self._accept)

    @property
    def connections(self) -> int:
        """How many connections are open, whether they are served or not."""
        return len(self._peers)

    @property
    def streams(self) -> int:
        """How many clients follow the events, whether they are still there or not."""
        return len(self._streams)

    def emit(self, event: dict[str, Any]) -> None:
        """Send an event to those who follow the stream."""
        line = _line({"jsonrpc": "2.0", "method": "monitor.event", "params": event})
        for each in self._streams:
            each.put(line)

    def alone(self, seconds: float) -> bool:
        """Wait until no client is connected; return whether that came."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._peers, seconds)

    def close(self, how: int = socket.SHUT_RD) -> None:
        """Close the socket and every connection; unless `how` says otherwise, replies on their way arrive."""
        self._closing = True
        self.released.set()
        self.path.unlink(missing_ok=True)
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        with self._changed:
            peers = list(self._peers)
        for peer in peers:
            with suppress(OSError):
                peer.shutdown(how)
        for each in self._streams:
            each.put(b"")
        for _ in self._threads:
            self._served.release()
        for thread in self._threads:
            thread.join(30)
        self._listener.close()

    def _start(self, target: Callable[..., None], *given: Any) -> None:
        thread = threading.Thread(target=target, args=given, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closing:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            with self._changed:
                self._peers.add(peer)
            self._start(self._serve, peer)

    def _serve(self, peer: socket.socket) -> None:
        capped = Fault.CONNECTION_CAP in self.faults
        if capped:
            self._served.acquire()
        try:
            if not self._closing:
                self._talk(peer)
        finally:
            if capped:
                self._served.release()
            peer.close()
            with self._changed:
                self._peers.discard(peer)
                self._changed.notify_all()

    def _talk(self, peer: socket.socket) -> None:
        data = b""
        with suppress(OSError, Dropped):
            while True:
                line, newline, rest = data.partition(b"\n")
                if newline:
                    self._answer(peer, line + newline)
                    data = rest
                    continue
                if len(data) > MOST_BYTES + _SPARE:
                    return
                more = peer.recv(1 << 20)
                if not more:
                    if data:
                        self._answer(peer, data)
                    return
                data += more

    def _answer(self, peer: socket.socket, line: bytes) -> None:
        try:
            request = read_request(line)
        except Refused as refused:
            answer = _or_drop(partial(fault, refused.data, refused.code, str(refused)))
        except (ValueError, RecursionError):
            raise Dropped from None
        else:
            if request.method == STREAM:
                self._stream(peer)
            answer = _or_drop(partial(self._call, request))
            answer = self._spoiled(request, answer)
            if request.id is None:
                return
        peer.sendall(answer)

    def _call(self, request: JsonRpcRequest) -> bytes:
        try:
            return reply(request.id, result=self._handle(request.method, request.params or {}))
        except Refused as refused:
            return fault(request.id, refused.code, str(refused), refused.data)
        except (KeyError, TypeError, ValueError) as error:
            return fault(request.id, -32602, f"Invalid params: {error}")

    def _spoiled(self, request: JsonRpcRequest, answer: bytes) -> bytes:
        """Return the reply as the fault of its method leaves it."""
        match self.wire_faults.get(request.method):
            case WireFault.LOST:
                raise Dropped
            case WireFault.SLOW:
                self.released.wait(60)
            case WireFault.GARBAGE:
                return b"}{ not a reply\n"
            case WireFault.WRONG_SHAPE:
                return reply(request.id, result={"what": ["is", "this"]})
        return answer

    def _stream(self, peer: socket.socket) -> None:
        """Send events for ever: nothing that the client sends is read any more. Its end is seen when one is sent, at the latest."""
        events: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._streams.append(events)
        try:
            while not self._closing:
                try:
                    peer.sendall(events.get(timeout=None if Fault.DEAD_STREAMS_LOCK_OUT in self.faults else 0.05))
                except queue.Empty:
                    if _is_gone(peer):
                        break
        finally:
            self._streams.remove(events)
        raise Dropped


def _line(found: dict[str, Any]) -> bytes:
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _or_drop(made: Callable[[], bytes]) -> bytes:
    try:
        return made()
    except ValueError:
        raise Dropped from None


def _is_gone(peer: socket.socket) -> bool:
    try:
        return peer.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
