"""Telling of the ends of jobs: at least once each, whoever dies meanwhile, and never in the way of other work.

What there is to tell is a row of the store, which goes when its command has run; so what a conductor had begun, or had not come
to, its successor runs, after it has ended what was left running. A command that failed is not run again.
"""

import sqlite3
from contextlib import suppress
from functools import partial

import anyio
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint

from podium.conductor import faults
from podium.conductor.attempts.telling import Notification, NotYet, Teller
from podium.conductor.rules.batch import Record
from podium.conductor.rules.transitions import notifications
from podium.conductor.store.store import Store
from podium.conductor.supervisor.changes import Changes
from podium.conductor.supervisor.loading import Loader
from podium.conductor.supervisor.supervisor import Supervisor
from podium.errors import PodiumError, StorageFull
from podium.log import get_logger

MOST_AT_ONCE = 4
_AGAIN_SECONDS = 1.0  # until what the disk refused is tried again
_PENDING = "SELECT id, kind, job_id, plan_hash, facts FROM notifications ORDER BY seq LIMIT ?"
_REMOVED = "SELECT 1 FROM removals WHERE job_id = ?"

log = get_logger()


class Notifications:
    """Has the commands run, at most so many at once. `run` is its only task."""

    def __init__(self, teller: Teller, store: Store, loader: Loader) -> None:
        self._teller = teller
        self._store = store
        self._loader = loader
        self._busy: set[tuple[str, str]] = set()
        self._over: set[tuple[str, str]] = set()  # since what is pending is being read: that may still name them
        self._news = anyio.Event()
        self._most = MOST_AT_ONCE

    def wake(self) -> None:
        """Look for what there is to tell: a commit has brought something, or a command has ended."""
        self._news.set()

    async def run(self, supervisor: Supervisor, changes: Changes) -> None:
        """Tell what an earlier conductor left, then whatever comes, until cancelled."""
        async with anyio.create_task_group() as tasks:
            while True:
                self._news = anyio.Event()
                try:
                    await self._begin(tasks, supervisor, changes)
                except StorageFull as error:
                    log.warning("notifications_wait", error=error.message)
                    await anyio.sleep(_AGAIN_SECONDS)
                    continue
                await self._news.wait()

    async def drain(self, supervisor: Supervisor, seconds: float) -> None:
        """Wait until nothing is left to tell, or the store cannot be read, at most so long.

        In the second half nothing new is begun: it would hardly end in time, and the next conductor would run it again.
        """
        with anyio.move_on_after(seconds / 2), suppress(StorageFull):
            await supervisor.flushed()
            while self._busy or await self._pending(1):
                await self._next()
        self._most = 0
        with anyio.move_on_after(seconds / 2):
            while self._busy:
                await self._next()

    async def _next(self) -> None:
        await self._news.wait()
        await checkpoint()  # `run` takes up the news first

    async def _begin(self, tasks: TaskGroup, supervisor: Supervisor, changes: Changes) -> None:
        if len(self._busy) >= self._most:
            return
        self._over.clear()
        for each in await self._pending(MOST_AT_ONCE):
            key = each.id, each.kind
            if key not in self._busy | self._over and len(self._busy) < self._most:
                self._busy.add(key)
                tasks.start_soon(self._tell, each, supervisor, changes)

    async def _pending(self, most: int) -> list[Notification]:
        return await self._store.read(partial(_read, most=most))

    async def _tell(self, each: Notification, supervisor: Supervisor, changes: Changes) -> None:
        """Run a command and store that it has run."""
        faults.point("before_notification")
        why = await self._run(each)
        faults.point("after_notification")
        if why:
            log.warning("notification_failed", id=each.id, kind=each.kind, reason=why)
        else:
            log.info("notification_sent", id=each.id, kind=each.kind)
        await self._done(each, why, supervisor, changes)
        with suppress(StorageFull):  # then the next start removes it
            if self._store.find(_REMOVED, each.job_id) is not None:  # the removal has waited for this
                supervisor.removed(each.job_id)
        self._busy.discard((each.id, each.kind))
        self._over.add((each.id, each.kind))
        self.wake()

    async def _run(self, each: Notification) -> str:
        told = ""
        while True:
            try:
                return await self._teller.tell(each, await self._loader.plan(each.plan_hash))
            except (StorageFull, NotYet) as error:
                if str(error) != told:
                    told = str(error)
                    log.warning("notification_waits", id=each.id, kind=each.kind, reason=told)
                await anyio.sleep(_AGAIN_SECONDS)
            except PodiumError as error:
                return error.message
            except Exception as error:  # a fault at one of them must not keep the others from being told
                log.exception("notification_broken", id=each.id, kind=each.kind)
                return f"internal error: {type(error).__name__}; the conductor's log has the details"

    async def _done(self, each: Notification, why: str, supervisor: Supervisor, changes: Changes) -> None:
        """Store that a command has run, and in its job why it failed; while the disk is full this waits."""
        plain: list[Record] = [("notified", (each.id, each.kind))]
        if not why:
            await supervisor.write(plain)
            return
        transition = partial(notifications.failed, id=each.id, kind=each.kind, why=why)
        while True:
            try:
                await changes.apply(each.job_id, transition)
            except StorageFull:
                await anyio.sleep(_AGAIN_SECONDS)
            except PodiumError as error:  # it was deleted, or is damaged
                log.info("notification_failure_not_told", id=each.id, kind=each.kind, reason=error.message)
                await supervisor.write(plain)
                return
            except Exception:  # as above: its plan may have a version that we cannot read
                log.exception("notification_failure_not_told", id=each.id, kind=each.kind)
                await supervisor.write(plain)
                return
            else:
                return


def _read(db: sqlite3.Connection, most: int) -> list[Notification]:
    return [Notification(*row) for row in db.execute(_PENDING, (most,))]
