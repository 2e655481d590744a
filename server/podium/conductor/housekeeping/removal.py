"""Removing the folders of deleted jobs: after the commit, in the background, and again after a crash."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

import anyio
import anyio.to_thread

from podium.conductor import faults
from podium.conductor.store.store import Store
from podium.conductor.supervisor.supervisor import Supervisor
from podium.log import get_logger

log = get_logger()
_KNOWN = "SELECT 1 FROM jobs WHERE job_id = ? UNION ALL SELECT 1 FROM tombstones WHERE job_id = ?"


class Removals:
    """Removes folders one after another. The store remembers each until it is gone."""

    def __init__(self, store: Store, supervisor: Supervisor, folder: Path) -> None:
        self._store = store
        self._supervisor = supervisor
        self._folder = folder
        self._send, self._receive = anyio.create_memory_object_stream[str](float("inf"))

    async def sweep(self, workspaces: Path) -> None:
        """Remove the empty workspaces that submits left which never came to their commit. Call it before any can begin."""
        names = await anyio.to_thread.run_sync(_names, workspaces)
        unknown = await self._store.read(
            lambda db: [name for name in names if not db.execute(_KNOWN, (name, name)).fetchone()]
        )
        for name in unknown:
            with suppress(OSError):  # somebody has put something there
                (workspaces / name).rmdir()

    def add(self, job_id: str) -> None:
        """Remove the folder of a job whose deletion is on the disk."""
        self._send.send_nowait(job_id)

    async def run(self) -> None:
        """Remove what an earlier conductor left, then what comes, until cancelled."""
        with self._send, self._receive:
            left = await self._store.read(lambda db: [row[0] for row in db.execute("SELECT job_id FROM removals")])
            for job_id in left:
                await self._remove(job_id)
            async for job_id in self._receive:
                await self._remove(job_id)

    async def _remove(self, job_id: str) -> None:
        faults.point("before_removal")
        await anyio.to_thread.run_sync(shutil.rmtree, self._folder / job_id, True)
        faults.point("after_removal")
        if await anyio.to_thread.run_sync(os.path.lexists, self._folder / job_id):
            log.warning("job_folder_left", job_id=job_id)  # the next start tries again
            return
        # Not waited for: on a full disk the next folder makes the space for it.
        self._supervisor.post(lambda batch, now: batch.extra.add("removed", (job_id,)))
        log.info("job_folder_removed", job_id=job_id)


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()] if folder.is_dir() else []
