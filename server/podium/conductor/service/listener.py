"""The Unix socket: bound in a private folder, open only to its owner, and back within seconds if its file is removed."""

import os
import resource
import socket
import stat
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import anyio
from anyio.abc import TaskGroup

from podium.errors import ConductorBusy, PermissionDenied
from podium.log import get_logger
from podium.privacy.leftovers import OF_OURS, left_by_us
from podium.privacy.peers import credentials
from podium.privacy.way import check_socket, make_private
from podium.wire import messages
from podium.wire.budget import Budget
from podium.wire.dispatcher import Handler, Peer, WireLimits, serve_connection
from podium.wire.errors import to_wire
from podium.wire.sockets import SocketStream

log = get_logger()
_LOOK_SECONDS = 2.0
_BACKLOG = 512
_ACCEPT_RETRY_SECONDS = 0.1
_SEAT_SECONDS = 1.0
_FEWEST_SEATS = 16
_WAITING_SHARE = 4  # for each so many seats one connection may wait; further ones are turned away at once
_BIND_RETRY_SECONDS = 2.0
_BEGUN_BYTES = 64 * 1024 * 1024  # of frames that were begun, over all connections


class SocketTaken(Exception):
    """Another process listens on the socket, or its place cannot be used."""


class Listener:
    """Accepts connections from the owner and serves each in a task of its own.

    Entering the context binds the socket: connections wait in the system's queue until `run` serves them. The socket file is
    removed at the end. A file that a dead conductor of ours has left is replaced, that of another program is not.

    Raises:
        SocketTaken: on entering; another program answers there or has left its file, the folder is not ours, or it is no socket.
    """

    def __init__(self, path: Path, handlers: Mapping[str, Handler], max_connections: int) -> None:
        self._path = path
        self._handlers = handlers
        self._seats = seats(max_connections)
        self._limits = WireLimits(budget=Budget(_BEGUN_BYTES))
        self._slots = anyio.Semaphore(self._seats)
        self._inode: tuple[int, int] | None = None
        self._server: socket.socket

    def __enter__(self) -> Self:
        self._server = self._bind()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        if self._is_there():
            self._path.unlink(missing_ok=True)

    async def run(self) -> None:
        """Serve until cancelled. If the socket file is gone and cannot be created now, try again until it can."""
        async with anyio.create_task_group() as connections:
            while True:
                with anyio.CancelScope() as accepting:  # existing connections stay
                    async with anyio.create_task_group() as tasks:
                        tasks.start_soon(self._watch_file, accepting)
                        await self._accept(self._server, connections)
                self._server.close()
                await self._bind_again()

    async def _bind_again(self) -> None:
        """Bind as soon as possible; each reason that prevents it is logged once. Jobs continue meanwhile."""
        logged = ""
        while True:
            try:
                self._server = self._bind()
            except SocketTaken as error:
                if str(error) != logged:
                    logged = str(error)
                    log.warning("socket_cannot_be_made", reason=logged, retry_seconds=_BIND_RETRY_SECONDS)
                await anyio.sleep(_BIND_RETRY_SECONDS)
            else:
                log.info("socket_made_again", path=str(self._path))
                return

    def _bind(self) -> socket.socket:
        """Bind, restrict and listen; raises `SocketTaken`."""
        folder = self._path.parent
        try:
            check_socket(self._path)
            make_private(folder)
            if folder.stat().st_uid != os.getuid():
                raise SocketTaken(f"the socket's folder {folder} belongs to another user")
            if self._path.is_socket() and _answers(self._path):
                raise SocketTaken(f"another conductor is listening on {self._path}")
            _remove_stale(self._path)
            with ExitStack() as undo:
                server = undo.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
                server.setblocking(False)
                old = os.umask(~OF_OURS & 0o777)
                try:
                    server.bind(str(self._path))
                finally:
                    os.umask(old)
                server.listen(_BACKLOG)
                status = self._path.stat()
                self._inode = (status.st_dev, status.st_ino)
                undo.pop_all()
        except PermissionDenied as error:
            raise SocketTaken(f"{error.message} {error.fix}") from error
        except OSError as error:
            raise SocketTaken(f"the socket {self._path} cannot be created: {error.strerror or error}") from error
        return server

    async def _watch_file(self, accepting: anyio.CancelScope) -> None:
        while self._is_there():  # noqa: ASYNC110 -- a file does not announce its removal
            await anyio.sleep(_LOOK_SECONDS)
        log.warning("socket_file_gone", path=str(self._path))
        accepting.cancel()

    def _is_there(self) -> bool:
        try:
            status = self._path.lstat()
        except OSError:
            return False
        return (status.st_dev, status.st_ino) == self._inode

    async def _accept(self, server: socket.socket, connections: TaskGroup) -> None:
        """Accept connections until cancelled; if no descriptor is left, wait a moment and try again."""
        while True:
            await anyio.wait_readable(server)
            try:
                connection, _ = server.accept()
            except (BlockingIOError, ConnectionAbortedError):
                continue
            except OSError as error:
                log.warning("accept_failed", error=str(error))
                await anyio.sleep(_ACCEPT_RETRY_SECONDS)
                continue
            connection.setblocking(False)
            connections.start_soon(self._seat, connection)

    async def _seat(self, connection: socket.socket) -> None:
        """Serve a connection as soon as there is room: a connection that was just closed may free a seat in a moment.

        Waiting connections hold a descriptor too, so only a few may wait.
        """
        if self._slots.statistics().tasks_waiting >= self._seats // _WAITING_SHARE:
            _turn_away(connection, self._path)
            return
        with anyio.move_on_after(_SEAT_SECONDS) as patience:
            await self._slots.acquire()
        if patience.cancelled_caught:
            _turn_away(connection, self._path)
            return
        try:
            uid, pid = credentials(connection)
            peer = Peer(uid=uid, pid=pid)
            if peer.uid is not None and peer.uid != os.getuid():
                log.warning("foreign_peer_refused", uid=peer.uid, pid=peer.pid)
                connection.close()
                return
            await serve_connection(SocketStream(connection), peer, self._handlers, self._limits)
        finally:
            self._slots.release()


def seats(max_connections: int) -> int:
    """Return how many connections may be served at once: at most half of the files that this process may have open.

    The other half is for the store, logs, launches and anything else that jobs need.
    """
    open_files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if open_files == resource.RLIM_INFINITY:
        return max_connections
    return min(max_connections, max(_FEWEST_SEATS, open_files // 2))


def _remove_stale(path: Path) -> None:
    """Remove the socket file of a conductor of ours that is gone, and nothing else."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(status.st_mode):
        raise SocketTaken(
            f"{path} exists but is not a socket; it was left unchanged. Move it elsewhere or set PODIUM_SOCKET"
        )
    if not left_by_us(path):
        raise SocketTaken(
            f"{path} is a socket that another program made and may need again; it was left unchanged. "
            "Remove it if that program is gone for good, or set PODIUM_SOCKET"
        )
    path.unlink(missing_ok=True)


def _turn_away(connection: socket.socket, path: Path) -> None:
    """Refuse a connection with an error line, and close it. The buffer of a new socket always has room for the line."""
    refusal = ConductorBusy(
        f"The conductor on {path} has reached its connection limit.",
        fix="Wait a few seconds and try again; if that does not help, close clients that are holding connections open.",
    )
    log.warning("connection_turned_away")
    with connection, suppress(OSError):
        connection.send(messages.error(None, to_wire(refusal, "")))


def _answers(path: Path) -> bool:
    """Return, without waiting, whether a process listens there, even if its queue is full."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except BlockingIOError:
            return True
    return True
