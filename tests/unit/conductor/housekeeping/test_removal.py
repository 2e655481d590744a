"""A deleted job's folders are removed, also those that could not be at first."""

from pathlib import Path

import anyio
import pytest

from podium.conductor.housekeeping import removal
from podium.conductor.housekeeping.removal import Removals
from podium.conductor.store.store import open_store
from podium.home import Home


@pytest.mark.anyio
async def test_what_cannot_be_removed_from_the_folder_of_a_cluster_is_tried_again_and_keeps_no_other_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "LEFT_SECONDS", 0.01)
    removed: list[str] = []
    tries = 0
    done = anyio.Event()

    async def remove(job_id: str) -> bool:
        nonlocal tries
        tries += job_id == "job-a"
        return job_id == "job-b" or (tries > 2 and removed == ["job-b"])

    def post(records: object) -> None:
        assert isinstance(records, list)
        removed.extend(job_id for _, (job_id,) in records)
        if len(removed) == 2:
            done.set()

    async with open_store(tmp_path) as store, anyio.create_task_group() as tasks:
        removals = Removals(store, Home(tmp_path), elsewhere=remove)
        removals.add("job-a")
        removals.add("job-b")
        tasks.start_soon(removals.run, post)
        with anyio.fail_after(20):
            await done.wait()
        tasks.cancel_scope.cancel()
    assert (removed, tries) == (["job-b", "job-a"], 3)
