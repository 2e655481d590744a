"""`job.clear`: a job that has changed since it was chosen stays."""

from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from podium.conductor.clock import now
from podium.conductor.rules.batch import Batch
from podium.conductor.rules.state import JobRun
from podium.conductor.service.context import Context
from podium.conductor.service.handlers import clear
from podium.contract.methods import ClearParams
from podium.contract.models import JobView
from podium.contract.replies import ClearReply
from podium.wire.dispatcher import Peer
from tests.support.plans import job_of, plan_of

pytestmark = pytest.mark.anyio


class Room:
    """One job, whose row says that it completed at 3.0, and what a clear of all ended jobs does to it."""

    def __init__(self, status: str, finished_at: float | None) -> None:
        self.job: JobRun = job_of(plan_of([[]]))
        self.job.status, self.job.finished_at = cast(Any, status), finished_at
        self.batch = Batch(1, now())

    async def cleared(self) -> ClearReply:
        row = {"job_id": self.job.job_id, "status": "completed", "finished_at": 3.0}
        chosen = clear.Chosen({self.job.job_id: cast(Any, row)}, Counter(completed=1))

        async def read(query: object) -> clear.Chosen:
            return chosen

        async def find(job_id: str) -> JobRun:
            return self.job

        async def apply(job_id: str, transition: Callable[[JobRun, Batch], Any], key: str | None) -> None:
            transition(self.job, self.batch)

        async def flushed() -> None:
            pass

        view = JobView(job_id=self.job.job_id, job_name="demo", status="completed", sheets_total=1)
        context = SimpleNamespace(
            supervisor=SimpleNamespace(flushed=flushed), store=SimpleNamespace(read=read),
            changes=SimpleNamespace(find=find, apply=apply), views=SimpleNamespace(of=lambda job: view),
        )  # fmt: skip
        return await clear.handle(cast(Context, context), ClearParams(limit=9), cast(Peer, None))


async def test_a_job_that_is_as_it_was_chosen_goes_with_one_event() -> None:
    room = Room("completed", 3.0)
    reply = await room.cleared()
    assert (reply.deleted, reply.refused) == (1, [])
    assert [event.type for event in room.batch.events] == ["job.deleted"]
    assert room.batch.removals == ["demo-1"]


@pytest.mark.parametrize(
    ("status", "finished_at"), [("queued", None), ("running", None), ("completed", 4.0), ("failed", 3.0)]
)
async def test_a_job_that_was_resumed_meanwhile_stays_even_if_it_has_ended_again(
    status: str, finished_at: float | None
) -> None:
    room = Room(status, finished_at)
    reply = await room.cleared()
    assert (reply.deleted, reply.total) == (0, 1)
    assert reply.refused[0].message == f"Job demo-1 is {status}: it was resumed after it had been chosen."
    assert not room.batch.events
    assert not room.batch.records
