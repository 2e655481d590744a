"""Removing the folders of deleted jobs: after the commit, in the background, and again after a crash."""

import os
import shutil
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path

import anyio
import anyio.to_thread

from podium.conductor import faults
from podium.conductor.attempts import passed
from podium.conductor.rules.batch import Record
from podium.conductor.store.store import Store
from podium.errors import StorageFull
from podium.home import Home, shared_workspaces
from podium.log import get_logger

log = get_logger()
_KNOWN = "SELECT 1 FROM jobs WHERE job_id = ? UNION ALL SELECT 1 FROM tombstones WHERE job_id = ?"
_TOLD_OF = "SELECT 1 FROM notifications WHERE job_id = ?"
Elsewhere = Callable[[str], Awaitable[bool]]
"""Removes what a job has on a cluster, and returns whether nothing of it is left."""
_LOOK_SECONDS = 20.0  # for a folder that may be on the network, whose server may be away
_AGAIN_SECONDS = 1.0  # until what the store refused is asked again
LEFT_SECONDS = 300.0  # until a folder that could not be removed is tried again


class Removals:
    """Removes folders one after the other. The store remembers each until it is gone."""

    def __init__(
        self, store: Store, home: Home, cluster: Path | None = None, elsewhere: Elsewhere | None = None
    ) -> None:
        """`cluster` is the folder that the nodes of a cluster see, None for that in the home."""
        self._store = store
        self._home = home
        self._workspaces = home.workspaces, shared_workspaces(cluster or home.cluster, store.mark)
        self._elsewhere = elsewhere
        self._send, self._receive = anyio.create_memory_object_stream[str](float("inf"))

    async def sweep(self) -> None:
        """Remove empty workspaces and values of submits that were never committed. Call it before a submit can begin."""
        for folder in self._workspaces:
            for name in await self._unknown(folder):
                with suppress(OSError):  # not empty any more
                    (folder / name).rmdir()
        for name in await self._unknown(self._home.passed_values):
            await anyio.to_thread.run_sync(passed.drop, self._home, name)

    async def _unknown(self, folder: Path) -> list[str]:
        """Return the ids in the names of a folder's entries that are no job's."""
        names: list[str] = []
        with anyio.move_on_after(_LOOK_SECONDS), suppress(OSError):
            names = await anyio.to_thread.run_sync(os.listdir, folder, abandon_on_cancel=True)
        names = [name.partition(".")[0] for name in names]
        return await self._store.read(
            lambda db: [name for name in names if not db.execute(_KNOWN, (name, name)).fetchone()]
        )

    async def _is_told_of(self, job_id: str) -> bool:
        """Return whether a command has yet to tell of the job's end: it needs the values, and writes into the folder."""
        while True:
            try:
                return self._store.find(_TOLD_OF, job_id) is not None
            except StorageFull:
                await anyio.sleep(_AGAIN_SECONDS)

    def add(self, job_id: str) -> None:
        """Remove the folder of a job whose deletion is on the disk."""
        self._send.send_nowait(job_id)

    async def run(self, post: Callable[[Sequence[Record]], None]) -> None:
        """Remove what an earlier conductor left, then what is added, until cancelled. `post` commits that a folder is gone."""
        with self._send, self._receive:
            left = await self._store.read(lambda db: [row[0] for row in db.execute("SELECT job_id FROM removals")])
            for job_id in left:
                self.add(job_id)
            async with anyio.create_task_group() as tasks:
                async for job_id in self._receive:
                    if await self._is_told_of(job_id):
                        continue  # it is added again when that is over
                    if await self._remove(job_id):
                        log.info("job_folder_removed", job_id=job_id)
                        # Without waiting: on a full disk the next removal frees the space for it.
                        post([("removed", (job_id,))])
                    else:
                        log.warning("job_folder_left", job_id=job_id, retry_seconds=LEFT_SECONDS)
                        tasks.start_soon(self._add_again, job_id)

    async def _remove(self, job_id: str) -> bool:
        """Remove all that a job has; return whether nothing of it is left."""
        folder = self._home.job(job_id)
        faults.point("before_removal")
        await anyio.to_thread.run_sync(passed.drop, self._home, job_id)
        gone = self._elsewhere is None or await self._elsewhere(job_id)
        await anyio.to_thread.run_sync(shutil.rmtree, folder, True)
        faults.point("after_removal")
        return gone and not await anyio.to_thread.run_sync(os.path.lexists, folder)

    async def _add_again(self, job_id: str) -> None:
        await anyio.sleep(LEFT_SECONDS)
        self.add(job_id)
