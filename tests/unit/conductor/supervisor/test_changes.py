"""Changes of jobs: what was committed is followed up, whoever waited for it."""

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import anyio
import pytest

from podium.conductor import clock
from podium.conductor.attempts.launcher import Launcher
from podium.conductor.housekeeping.removal import Removals
from podium.conductor.rules.batch import Batch, Record
from podium.conductor.rules.scheduler import Limits, Scheduler
from podium.conductor.rules.state import JobRun
from podium.conductor.rules.transitions import control, jobs
from podium.conductor.store.store import open_store
from podium.conductor.supervisor.changes import Changes
from podium.conductor.supervisor.loading import Loader
from podium.conductor.supervisor.saving import rows_of
from podium.conductor.supervisor.supervisor import Supervisor
from podium.errors import JobDeleted, JobNotFound, WrongState
from podium.home import Home
from tests.support.plans import job_of, plan_of

pytestmark = pytest.mark.anyio
NO_LAUNCHER = cast("Launcher", None)  # no sheet is started in these tests


@dataclass
class Place:
    """A home with one cancelled job, its changes, and what says that the job's folder is gone."""

    changes: Changes
    job: JobRun
    removed: anyio.Event


@asynccontextmanager
async def place_in(folder: Path) -> AsyncIterator[Place]:
    home, job, removed = Home(folder), job_of(plan_of([[]])), anyio.Event()
    home.attempt(job.job_id, 1).mkdir(parents=True)
    async with open_store(folder) as store, anyio.create_task_group() as tasks:
        batch = Batch(1, clock.now())
        jobs.submit(job, batch)
        control.cancel(job, batch)
        await store.commit(rows_of(batch))
        loader, removals = Loader(store), Removals(store, home)
        supervisor = Supervisor(
            store, loader, Scheduler(Limits(1)), NO_LAUNCHER, next_event=batch.next_seq, next_job=2,
            publish=lambda events: None, remove=removals.add,
        )  # fmt: skip
        supervisor.accepting = False

        def post(records: Sequence[Record]) -> None:
            supervisor.post(records)
            removed.set()

        tasks.start_soon(supervisor.run)
        tasks.start_soon(removals.run, post)
        yield Place(Changes(store, loader, supervisor), job, removed)
        tasks.cancel_scope.cancel()


async def test_the_folder_of_a_deleted_job_goes_though_the_caller_left_before_the_commit(tmp_path: Path) -> None:
    async with place_in(tmp_path) as place:
        changes, job = place.changes, place.job
        with anyio.CancelScope() as caller:

            def delete(job: JobRun, batch: Batch) -> Any:
                caller.cancel()
                return control.delete(job, batch)

            await changes.apply(job.job_id, delete)
        assert caller.cancelled_caught
        with anyio.fail_after(20):
            await place.removed.wait()
        assert not os.path.lexists(Home(tmp_path).job(job.job_id))  # noqa: ASYNC240 -- a look at a local disk
        with pytest.raises(JobDeleted):
            await changes.find(job.job_id)


async def test_a_change_with_a_known_request_key_is_not_made_again(tmp_path: Path) -> None:
    async with place_in(tmp_path) as place:
        changes, job = place.changes, place.job
        first, resumed = await changes.apply(job.job_id, control.resume, "key")
        again, same = await changes.apply(job.job_id, control.resume, "key")
        assert again == first
        assert same is resumed
        with pytest.raises(WrongState):  # without the key it is a second resume
            await changes.apply(job.job_id, control.resume)


async def test_a_job_that_is_not_there_is_named_in_the_refusal(tmp_path: Path) -> None:
    async with place_in(tmp_path) as place:
        changes, job = place.changes, place.job
        with pytest.raises(JobNotFound) as refused:
            await changes.apply(f"{job.job_id}x", control.pause)
        assert job.job_id in refused.value.fix
