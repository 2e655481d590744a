"""One `job.events` subscription per client, for any number of waiters.

The feed only wakes: each waiter asks for what happened in pages, from its own cursor, so that nothing is missed or reported
twice even if the subscription is lost. A reconnection wakes every waiter. Like a connection the feed has no task of its
own: its waiters read it. It begins with the first waiter and is closed when there has been none for a while.
"""

from collections.abc import Awaitable, Callable, Collection
from typing import Any

import anyio

from podium.client.link.connection import Connection, OnNotification
from podium.client.link.idle import IdleTimer

Open = Callable[[OnNotification], Awaitable[Connection]]
_REMEMBERED_JOBS = 10_000


class EventFeed:
    """Wakes tasks that wait for an event of a job. `open_connection` gives it a connection of its own."""

    def __init__(self, open_connection: Open, *, call_seconds: float, idle_seconds: float) -> None:
        self._open_connection = open_connection
        self._call_seconds = call_seconds
        self._idle = IdleTimer(idle_seconds, self.close)
        self._connection: Connection | None = None
        self._opening = anyio.Lock(fast_acquire=True)
        self._count = 0  # events seen, of all subscriptions
        self._last_of: dict[str, int] = {}  # job id -> count at its last event
        self._gap = 0  # count at the last moment at which events may have been missed
        self._waiters = 0

    async def mark(self) -> int:
        """Return the present place in the feed, subscribed. Take it before looking at a job, then `wait` from it.

        A subscription begins now; the page that a caller asks for next has what happened before.

        Raises:
            ConductorError: the conductor cannot be reached.
        """
        async with self._opening:
            if self._connection is None or not self._connection.usable:
                self.close()
                connection = await self._open_connection(self._receive)
                try:
                    await connection.call("job.events", {"stream": True}, seconds=self._call_seconds)
                except BaseException:
                    connection.close()
                    raise
                self._connection = connection
                self._miss()
        self._close_when_idle()
        return self._count

    async def wait(self, job_ids: Collection[str] | None, mark: int) -> None:
        """Return as soon as something has happened to one of the jobs, or with None to any, since `mark`.

        Raises:
            ConductorError: the subscription was lost.
        """
        connection = self._connection
        if connection is None:
            return  # closed since the mark: the caller looks again
        self._waiters += 1
        self._close_when_idle()
        try:
            await connection.wait_until(lambda: self._changed(job_ids, mark))
        finally:
            self._waiters -= 1
            self._close_when_idle()

    def close(self) -> None:
        """End the subscription; the next `mark` begins a new one."""
        self._idle.stop()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _receive(self, method: str, params: dict[str, Any]) -> None:
        """Take a notification: an event, or the message that this subscriber was too slow and is dropped."""
        if method == "job.event":
            self._count += 1
            self._last_of[str(params.get("job_id"))] = self._count
        elif method == "job.dropped":
            self._miss()
        if len(self._last_of) > _REMEMBERED_JOBS:
            self._miss()

    def _miss(self) -> None:
        """Wake every waiter: it is no longer known which jobs have had events."""
        self._count += 1
        self._gap = self._count
        self._last_of.clear()

    def _changed(self, job_ids: Collection[str] | None, mark: int) -> bool:
        if job_ids is None:
            return self._count > mark
        return self._gap > mark or any(self._last_of.get(job_id, 0) > mark for job_id in job_ids)

    def _close_when_idle(self) -> None:
        """Close the feed when it has had no waiter for the client's idle time."""
        self._idle.stop()
        if not self._waiters and self._connection is not None:
            self._idle.start()
