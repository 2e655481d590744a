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
from podium.client.link.identity import Identity, Met, identify
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
from podium.places import holder
from podium.privacy.peers import check_peer, credentials
from podium.privacy.way import check_socket
from podium.settings import Settings, Where
from podium.wire import messages
from podium.wire.errors import from_wire
from podium.wire.framing import FrameError, FrameReader, MalformedFrame, decode
from podium.wire.sockets import SocketStream, connect

OnNotification = Callable[[str, dict[str, Any]], None]
_BUSY_PAUSE_SECONDS = 0.05


class Connection:
    """A connected socket. The handshake sets `identity`; a `retired` connection takes no new calls.

    `is_of_home`: the process that holds the client's home listens. `deadline`: when the one call for which it was opened is over.
    """

    identity: Identity

    def __init__(self, stream: SocketStream, path: Path, on_notification: OnNotification | None = None) -> None:
        self._stream = stream
        self.raw: socket.socket = stream.extra_attributes[SocketAttribute.raw_socket]()
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
        self._is_foreign = False
        self.is_of_home = False
        self.deadline: float | None = None
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
            return self._reading or self.raw.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
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
        self.meet(identify(status, self.path))
        self.used = 0

    def meet(self, identity: Identity) -> None:
        """Take the peer for this conductor."""
        self.identity = identity
        self._concurrent = identity.is_podium
        self._is_foreign = not identity.is_podium

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
            told = failures.no_reply if self._concurrent or self.is_of_home else failures.no_turn
            raise told(self.path, method, seconds) from None
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
        self._fail(self._lost("the call"))

    async def _send(self, frame: bytes, method: str) -> None:
        """Write a whole frame; if that fails, the connection is of no further use."""
        async with self._writing:
            try:
                sent = 0
                # What the socket takes at once needs no pause; if it is full or broken, waiting shows which.
                with suppress(OSError):
                    sent = self.raw.send(frame)
                if sent < len(frame):
                    await self._stream.send(frame[sent:])
            except (anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
                # The peer may have answered, or said why it closes: what has arrived is read first.
                if self._reading:
                    raise self._lost(method) from error
            except BaseException:
                self.close()
                raise

    async def _read_frame(self, method: str) -> None:
        """Read one frame, sort it in, and wake every task that waits."""
        self._reading = True
        try:
            self._take(await self._reader.read())
        except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
            self._fail(self._lost(method))
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

    def _lost(self, method: str) -> ConductorError:
        return (failures.lost_foreign if self._is_foreign else failures.lost)(self.path, method)

    def _fail(self, failure: ConductorError) -> None:
        """Close because of a failure; the first one counts."""
        self._failure = self._failure or failure
        self._stream.close()
        self._frame_read.ring()


async def find_connection(
    where: Where, settings: Settings, *, known: Met | None = None, on_notification: OnNotification | None = None
) -> Connection:
    """Connect to the conductor of a home, wherever it listens; raises as `open_connection`, for the likeliest place."""
    first, *others = where.sockets
    # Behind a socket that was given may be a foreign conductor, which lets connections wait for their turn.
    turn_seconds = settings.connect_seconds if others else settings.call_seconds

    async def attempt(path: Path) -> Connection:
        connection = await open_connection(
            path, settings, turn_seconds=turn_seconds, known=known, on_notification=on_notification
        )
        if where.knows(connection.identity.home_id, connection.identity.pid):
            return connection
        connection.close()
        raise failures.of_another_home(path, connection.identity.pid, settings.start_command)

    try:
        return await attempt(first)
    except (ConductorNotRunning, PermissionDenied) as error:
        for path in others:
            with suppress(ConductorError):  # whoever is at a place that was only guessed is no concern of ours
                return await attempt(path)
        if isinstance(error, PermissionDenied) and others:
            start = settings.start_command
            error.fix = f"Run `{start}`: it listens inside the home if another user has the usual place."
        raise


async def open_connection(
    path: Path,
    settings: Settings,
    *,
    turn_seconds: float,
    known: Met | None = None,
    on_notification: OnNotification | None = None,
) -> Connection:
    """Connect, and learn who answers unless it is the one that is `known`. Nothing is sent to a peer that is not ours.

    The conductor of the home has `connect_seconds` to answer, any other one `turn_seconds`.

    Raises:
        ConductorNotRunning, ConductorBusy, PermissionDenied, ConductorUnreachable: no connection.
        ConductorTimeout, ConductorMismatch: nothing answers, or something other than a conductor.
    """
    check_socket(path)
    connection = Connection(await _connect(path, settings), path, on_notification)
    try:
        check_peer(connection.raw, path)
        if known is not None and known.is_behind(connection.raw, path):
            connection.meet(known.identity)
            return connection
        pid = credentials(connection.raw)[1]
        connection.is_of_home = pid is not None and pid == holder(settings.home)
        await connection.handshake(settings.connect_seconds if connection.is_of_home else turn_seconds)
    except BaseException:
        connection.close()
        raise
    return connection


async def _connect(path: Path, settings: Settings) -> SocketStream:
    """Connect within `connect_seconds`; a full queue is tried again until then. Raises as `open_connection`."""
    deadline = anyio.current_time() + settings.connect_seconds
    while True:
        try:
            return await connect(path)
        except OSError as error:
            if not isinstance(error, BlockingIOError) or anyio.current_time() >= deadline:
                raise failures.connect_failure(error, path, settings.start_command) from error
            await anyio.sleep(_BUSY_PAUSE_SECONDS)
