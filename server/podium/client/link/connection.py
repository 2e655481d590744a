"""One connection to a conductor: calls matched to their replies by id, notifications to a callback.

It has no task of its own: of the tasks that wait one reads frames, and the others are woken after each frame. So a connection
lives in any task, needs no owner but the one that closes it, and costs nothing while no task waits.
"""

import itertools
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import SocketAttribute

from podium.client.link import failures
from podium.client.link.bell import Bell
from podium.client.link.identity import Identity, identify
from podium.contract.methods import PROTOCOL
from podium.errors import (
    ConductorBusy,
    ConductorError,
    ConductorNotRunning,
    InvalidArguments,
    PermissionDenied,
    UnsupportedByConductor,
    from_dict,
)
from podium.privacy.peers import check_peer
from podium.privacy.way import check_socket
from podium.settings import Where
from podium.wire import messages
from podium.wire.errors import from_wire
from podium.wire.framing import FrameError, FrameReader, MalformedFrame, decode
from podium.wire.sockets import SocketStream, connect

OnNotification = Callable[[str, dict[str, Any]], None]
_BUSY_PAUSE_SECONDS = 0.05


class Connection:
    """A connected socket. The handshake sets `identity`; a `retired` connection takes no new calls."""

    identity: Identity

    def __init__(self, stream: SocketStream, path: Path, on_notification: OnNotification | None = None) -> None:
        self._stream = stream
        self._raw: socket.socket = stream.extra_attributes[SocketAttribute.raw_socket]()
        self.path = path
        self._on_notification = on_notification
        self._reader = FrameReader(stream, whole_lines=True)
        self._replies: dict[int, dict[str, Any] | None] = {}  # of each call that waits; None until it has come
        self._ids = itertools.count(1)
        self._reading = False
        self._frame_read = Bell()
        self._writing = anyio.Lock(fast_acquire=True)
        self._failure: ConductorError | None = None
        self._concurrent = False
        self.used = 0  # calls made, without the handshake
        self.users = 0  # tasks that hold it now
        self.idle_since = time.monotonic()
        self.retired = False

    def __del__(self) -> None:
        # A client that was not closed ends with its event loop; the socket must not outlive it.
        self._stream.close()

    @property
    def spent(self) -> bool:
        """Whether a call on it has shown that it is of no further use."""
        return self._failure is not None or self.retired

    @property
    def usable(self) -> bool:
        """Whether a new call may be made: nothing has failed, and the peer has not closed as far as can be seen."""
        if self.spent:
            return False
        try:
            return self._reading or self._raw.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    async def handshake(self, seconds: float) -> None:
        """Learn which conductor answers, and let a Podium conductor reply out of order."""
        try:
            status = await self.call("daemon.status", {"protocol": PROTOCOL}, seconds=seconds)
        except (UnsupportedByConductor, InvalidArguments) as error:
            raise failures.foreign(self.path, f"it answers daemon.status with {error.message!r}") from None
        self.identity = identify(status, self.path)
        self._concurrent = self.identity.is_podium
        self.used = 0

    async def call(self, method: str, params: Mapping[str, Any], *, seconds: float) -> Any:
        """Return the result of a request.

        Raises:
            ConductorUnreachable, ConductorTimeout, ConductorMismatch: no usable reply came.
            PodiumError: the conductor answered with this error.
        """
        self.used += 1
        request_id = next(self._ids)
        self._replies[request_id] = None
        try:
            with anyio.fail_after(seconds):
                await self._send(messages.request(request_id, method, params), method)
                await self.wait_until(lambda: self._replies[request_id] is not None, method)
        except TimeoutError:
            self.retired = True
            raise failures.no_reply(self.path, method, seconds) from None
        finally:
            reply = self._replies.pop(request_id) or {}
            # A conductor that answers in order may still be busy with a call that was given up.
            self.retired |= not reply and not self._concurrent
        if "error" in reply:
            raise from_wire(reply["error"])
        return reply["result"]

    async def wait_until(self, ready: Callable[[], bool], method: str = "job.events") -> None:
        """Read, or let another task read, until `ready()`; `ready` is asked again after each frame.

        Raises:
            ConductorUnreachable, ConductorMismatch: the connection failed first.
        """
        while not ready():
            if self._failure is not None:
                raise from_dict({**self._failure.as_dict(), "method": method})
            if self._reading:
                await self._frame_read.wait()
            else:
                await self._read_frame(method)

    def close(self) -> None:
        """Close the socket; calls that wait fail as unreachable."""
        self._fail(failures.lost(self.path, "the call"))

    async def _send(self, frame: bytes, method: str) -> None:
        """Write a whole frame; if that fails, the connection is of no further use."""
        async with self._writing:
            try:
                sent = 0
                # What the socket takes at once needs no pause; if it is full or broken, waiting shows which.
                with suppress(OSError):
                    sent = self._raw.send(frame)
                if sent < len(frame):
                    await self._stream.send(frame[sent:])
            except (anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
                # The peer may have answered, or said why it closes: what has arrived is read first.
                if self._reading:
                    raise failures.lost(self.path, method) from error
            except BaseException:
                self.close()
                raise

    async def _read_frame(self, method: str) -> None:
        """Read one frame, sort it in, and wake every task that waits."""
        self._reading = True
        try:
            self._take(await self._reader.read())
        except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
            self._fail(failures.lost(self.path, method))
        except MalformedFrame:
            self._fail(failures.foreign(self.path, "its answer is not JSON"))
        except FrameError as error:
            self._fail(failures.foreign(self.path, str(error)))
        except ConductorError as error:
            self._fail(error)
        finally:
            self._reading = False
            self._frame_read.ring()

    def _take(self, line: bytes) -> None:
        """Sort a frame in: a notification, a reply to a call, or a late reply to a call that was given up.

        Raises:
            MalformedFrame, ConductorMismatch: no conductor sends this. What is sorted in is known to be well formed.
            ConductorBusy: the conductor's answer to a connection above its limit, before any request.
        """
        message = decode(line)
        if not isinstance(message, dict):
            raise failures.foreign(self.path, "its answer is not a JSON-RPC object")
        if "method" in message:
            method, params = message["method"], message.get("params", {})
            if not isinstance(method, str) or not isinstance(params, dict):
                raise failures.foreign(self.path, "its notification has no name or no parameters")
            if self._on_notification is not None:
                self._on_notification(method, params)
            return
        request_id, error = message.get("id"), message.get("error")
        if ("result" in message) == ("error" in message) or not ("result" in message or isinstance(error, dict)):
            raise failures.foreign(self.path, "its answer does not have exactly one of result and error")
        if request_id is None and error is not None and isinstance(refusal := from_wire(error), ConductorBusy):
            raise refusal
        if type(request_id) is not int:  # true is not an id, though it equals 1
            raise failures.foreign(self.path, "its answer does not match any request")
        if request_id in self._replies:
            self._replies[request_id] = message

    def _fail(self, failure: ConductorError) -> None:
        """Close because of a failure; the first one counts."""
        self._failure = self._failure or failure
        self._stream.close()
        self._frame_read.ring()


async def find_connection(
    where: Where, *, start_command: str, connect_seconds: float, on_notification: OnNotification | None = None
) -> Connection:
    """Connect to the conductor of a home, wherever it listens; raises as `open_connection`, for the likeliest place."""
    first, *others = where.sockets

    async def attempt(path: Path) -> Connection:
        connection = await open_connection(
            path, start_command=start_command, connect_seconds=connect_seconds, on_notification=on_notification
        )
        if where.knows(connection.identity.home_id, connection.identity.pid):
            return connection
        connection.close()
        raise failures.of_another_home(path, connection.identity.pid, start_command)

    try:
        return await attempt(first)
    except (ConductorNotRunning, PermissionDenied) as error:
        for path in others:
            with suppress(ConductorError):  # whoever is at a place that was only guessed is no concern of ours
                return await attempt(path)
        if isinstance(error, PermissionDenied) and others:
            error.fix = f"Run `{start_command}`: it listens inside the home if another user has the usual place."
        raise


async def open_connection(
    path: Path, *, start_command: str, connect_seconds: float, on_notification: OnNotification | None = None
) -> Connection:
    """Connect and shake hands within `connect_seconds`; a full queue is tried again until then.

    `start_command` is named by the error when no conductor listens. Nothing is sent to a peer that is not ours.

    Raises:
        ConductorNotRunning, ConductorBusy, PermissionDenied, ConductorUnreachable: no connection.
        ConductorTimeout, ConductorMismatch: nothing answers, or something other than a conductor.
    """
    check_socket(path)
    deadline = anyio.current_time() + connect_seconds
    while True:
        try:
            stream = await connect(path)
            break
        except OSError as error:
            if not isinstance(error, BlockingIOError) or anyio.current_time() >= deadline:
                raise failures.connect_failure(error, path, start_command) from error
            await anyio.sleep(_BUSY_PAUSE_SECONDS)
    connection = Connection(stream, path, on_notification)
    try:
        check_peer(stream.extra_attributes[SocketAttribute.raw_socket](), path)
        await connection.handshake(connect_seconds)
    except BaseException:
        connection.close()
        raise
    return connection
