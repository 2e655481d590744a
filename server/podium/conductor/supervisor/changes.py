"""What all changes of jobs share: one at a time for each job, applied by the supervisor; a repeated call gets its old answer."""

import json
from typing import Any
from weakref import WeakValueDictionary

import anyio

from podium.conductor.rules.state import JobRun
from podium.conductor.store.store import Store
from podium.conductor.supervisor.inbox import Transition
from podium.conductor.supervisor.loading import Loader, missing
from podium.conductor.supervisor.supervisor import Retired, Supervisor


class KeyedLocks:
    """One lock for each key, which exists only while it is used. A holder delays only callers with the same key."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, anyio.Lock] = WeakValueDictionary()

    def hold(self, key: str) -> anyio.Lock:
        """Return the lock of a key, to be held in an `async with`."""
        return self._locks.setdefault(key, anyio.Lock())


class Changes:
    """Changes jobs by their ids, whether they are in memory or have ended."""

    def __init__(self, store: Store, loader: Loader, supervisor: Supervisor) -> None:
        self.locks = KeyedLocks()
        self._store = store
        self._loader = loader
        self._supervisor = supervisor

    async def apply(
        self, job_id: str, transition: Transition, request_key: str | None = None
    ) -> tuple[dict[str, Any], JobRun]:
        """Apply a transition; when this returns, its effect is on the disk. Return its reply and the job.

        A request key that was answered before gets the same answer again, with the job as it is now.

        Raises:
            JobNotFound, JobDeleted, WrongState, StorageFull.
        """
        async with self.locks.hold(job_id):
            if request_key is not None and (reply := self.remembered(request_key)) is not None:
                return reply, await self.find(job_id)
            while True:
                job = await self.find(job_id)
                try:
                    return await self._supervisor.change(job, transition, request_key), job
                except Retired:
                    continue

    async def find(self, job_id: str) -> JobRun:
        """Return a job from memory, else from the store.

        Raises:
            JobNotFound, JobDeleted.
        """
        job = self._supervisor.jobs.get(job_id) or await self._loader.job(job_id)
        if job is None:
            raise await self._store.read(lambda db: missing(db, job_id))
        return job

    def remembered(self, request_key: str) -> dict[str, Any] | None:
        """Return the answer that was given under this request key, None for a new key."""
        row = self._store.find("SELECT reply FROM replies WHERE key = ?", request_key)
        return json.loads(row["reply"]) if row else None
