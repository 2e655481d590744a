"""A few connections, reused, and closed when they have been idle for a while.

One connection carries all calls to a Podium conductor, since it answers out of order. A Marianne conductor answers one call
after another and serves five connections in all: it gets up to `SEQUENTIAL_CONNECTIONS`, each with one call at a time. It does
not stop while a client is connected, so idle ones must be closed.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio

from podium.client.link import failures
from podium.client.link.bell import Bell
from podium.client.link.connection import Connection, OnNotification, find_connection
from podium.client.link.identity import Identity
from podium.client.link.idle import IdleTimer
from podium.settings import Settings, Where

SEQUENTIAL_CONNECTIONS = 3


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
        self._released = Bell()
        self._idle = IdleTimer(settings.idle_seconds, self._close_idle)

    async def open(self, on_notification: OnNotification | None = None) -> Connection:
        """Open a connection beside the pool; the caller closes it. Raises as `find_connection`."""
        where = Where([self._given]) if self._given else self._settings.where()
        self.path = where.sockets[0]
        connection = await find_connection(
            where,
            start_command=self._settings.start_command,
            connect_seconds=self._settings.connect_seconds,
            on_notification=on_notification,
        )
        self.path = connection.path
        return connection

    @asynccontextmanager
    async def lease(self) -> AsyncIterator[Connection]:
        """Lend a connection for one call. Raises as `find_connection`, and ConductorBusy when none becomes free in time."""
        connection = await self._choose()
        try:
            yield connection
        finally:
            connection.users -= 1
            connection.idle_since = time.monotonic()
            if not connection.users and (connection.spent or connection not in self._connections):
                connection.close()
            self._released.ring()
            self._close_idle_later()

    async def identity(self) -> Identity:
        """Return which conductor answers, from an open connection if there is one. Raises as `lease`."""
        if connection := next((each for each in self._connections if each.usable), None):
            return connection.identity
        async with self.lease() as connection:
            return connection.identity

    def close(self) -> None:
        """Close every connection."""
        self._idle.stop()
        for connection in self._connections:
            connection.close()
        self._connections.clear()

    async def _choose(self) -> Connection:
        """Take a free connection, open one, or wait for one to be given back."""
        connection = None if self._choosing.locked() else self._free()
        if connection is None:
            try:
                with anyio.fail_after(self._settings.call_seconds):
                    return await self._choose_in_turn()
            except TimeoutError:
                raise failures.busy(self.path) from None
        connection.users += 1
        return connection

    async def _choose_in_turn(self) -> Connection:
        """Choose one task after another, so that tasks that find no connection open do not all open one."""
        async with self._choosing:
            while (connection := self._free()) is None:
                if len(self._connections) < SEQUENTIAL_CONNECTIONS:
                    self._connections.append(await self.open())
                else:
                    await self._released.wait()
            connection.users += 1
            return connection

    def _free(self) -> Connection | None:
        """Return a connection that can take a call now; drop those that are of no further use."""
        for connection in [each for each in self._connections if not each.usable]:
            self._connections.remove(connection)
            if not connection.users:
                connection.close()
        return next((each for each in self._connections if each.identity.is_podium or not each.users), None)

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
