"""A few connections, reused, and closed when they have been idle for a while.

One connection carries all calls to a Podium conductor, since it answers out of order. A Marianne conductor answers one call
after another, serves five connections in all, lets further ones wait, and does not stop while a client is connected. So each
call to it has a connection of its own, which is closed right after; a client makes `FOREIGN_CALLS` at once, so that it
leaves places to others. Who it is is asked once.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio

from podium.client.link import failures
from podium.client.link.connection import Connection, OnNotification, find_connection
from podium.client.link.identity import Identity, Met, met
from podium.client.link.idle import IdleTimer
from podium.errors import ConductorNotRunning
from podium.settings import Settings, Where

FOREIGN_CALLS = 2


class Pool:
    """The connections of one client. `settings` has the time limits, and says where to look if no `path` was given.

    `path` is where the conductor was found last.
    """

    def __init__(self, path: Path | None, settings: Settings) -> None:
        self.path = path or settings.socket
        self._given = path
        self._settings = settings
        self._connections: list[Connection] = []
        self._choosing = anyio.Lock(fast_acquire=True)
        self._foreign: Met | None = None  # who was there last, if it was a foreign conductor
        self._places = anyio.Semaphore(FOREIGN_CALLS, fast_acquire=True)
        self._idle = IdleTimer(settings.idle_seconds, self._close_idle)

    async def open(self, on_notification: OnNotification | None = None, *, known: Met | None = None) -> Connection:
        """Open a connection beside the pool; the caller closes it. Raises as `find_connection`."""
        where = Where([self._given]) if self._given else self._settings.where()
        self.path = where.sockets[0]
        connection = await find_connection(where, self._settings, known=known, on_notification=on_notification)
        self.path = connection.path
        return connection

    @asynccontextmanager
    async def lease(self, *, served: bool = False) -> AsyncIterator[Connection]:
        """Lend a connection for one call. Raises as `find_connection`, and ConductorTimeout when none becomes free in time.

        `served`: also a foreign conductor has answered on it. It reads what was sent before its turn even if the sender has given
        up, so that a change that is sent earlier may take effect at any time.
        """
        connection = await self._choose(served=served)
        connection.users += 1
        try:
            yield connection
        finally:
            self._give_back(connection)

    async def identity(self) -> Identity:
        """Return which conductor answers, if that is known from an open connection or its socket. Raises as `lease`."""
        if connection := self._free():
            return connection.identity
        if self._foreign is not None and self._foreign.has(self.path):
            return self._foreign.identity
        async with self.lease() as connection:
            return connection.identity

    def close(self) -> None:
        """Close every connection."""
        self._idle.stop()
        for connection in self._connections:
            connection.close()
        self._connections.clear()

    async def _choose(self, *, served: bool) -> Connection:
        """Take the connection to our conductor, or open one."""
        if not self._choosing.locked() and (connection := self._free()):
            return connection
        deadline = anyio.current_time() + self._settings.call_seconds
        try:
            with anyio.fail_after(self._settings.call_seconds):
                connection = await self._choose_in_turn(served=served)
        except TimeoutError:
            raise failures.no_turn(self.path, "any call", self._settings.call_seconds) from None
        if not connection.identity.is_podium:
            connection.deadline = deadline
        return connection

    async def _choose_in_turn(self, *, served: bool) -> Connection:
        """Choose one task after another, so that tasks that find no connection open do not all open one."""
        async with self._choosing:
            connection = self._free()
            if connection is None and self._foreign is None:
                connection = await self._open_in_place(served=served)
        return connection or await self._open_in_place(served=served)

    async def _open_in_place(self, *, served: bool) -> Connection:
        """Open a connection for calls as soon as there is a place; one to our own conductor takes none."""
        await self._places.acquire()
        try:
            connection = await self.open(known=None if served else self._foreign)
        except BaseException as error:
            self._places.release()
            if isinstance(error, ConductorNotRunning) and self._foreign is not None:
                raise failures.foreign_gone(self.path) from error
            raise
        self._connections.append(connection)
        if connection.identity.is_podium:
            self._foreign = None
            self._places.release()
        else:
            self._foreign = met(connection.identity, connection.raw, connection.path)
        return connection

    def _give_back(self, connection: Connection) -> None:
        """Take a connection back. That of a foreign conductor has had its call, and makes place for the next."""
        connection.users -= 1
        connection.idle_since = time.monotonic()
        if not connection.identity.is_podium:
            connection.retired = True
            self._places.release()
        self._drop_spent()
        if not connection.users and connection not in self._connections:
            connection.close()
        self._close_idle_later()

    def _free(self) -> Connection | None:
        """Return the connection that can take calls of several tasks, if it is open."""
        self._drop_spent()
        return next((each for each in self._connections if each.identity.is_podium), None)

    def _drop_spent(self) -> None:
        """Drop connections that are of no further use, and close those that nobody uses."""
        for connection in [each for each in self._connections if not each.usable]:
            self._connections.remove(connection)
            if not connection.users:
                connection.close()

    def _close_idle_later(self) -> None:
        """Set the timer for the moment at which the first connection could be idle."""
        if self._connections and not self._idle.runs:
            self._idle.start()

    def _close_idle(self) -> None:
        now = time.monotonic()
        for connection in list(self._connections):
            if not connection.users and now - connection.idle_since >= self._settings.idle_seconds * 0.99:
                self._connections.remove(connection)
                connection.close()
        self._close_idle_later()
