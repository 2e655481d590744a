"""`job.list` over jobs in memory: what each filter means, and pages that stay exact while jobs change."""

from types import SimpleNamespace
from typing import Any, cast

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.conductor.rules.scheduler import Limits, Scheduler
from podium.conductor.rules.state import Attempt, JobRun
from podium.conductor.service.context import Context
from podium.conductor.service.handlers import jobs as handler
from podium.conductor.supervisor.unstored import Unstored
from podium.conductor.views.jobs import JobViews
from podium.contract.methods import ListParams
from podium.contract.replies import ListReply
from podium.contract.states import JobFilter
from podium.wire.dispatcher import Peer
from tests.support.plans import job_of, plan_of

KINDS = ("queued", "working", "retry", "mixed", "slot", "paused", "stuck")
ACTIVE: dict[JobFilter, set[str]] = {
    "active": set(KINDS),
    "waiting": {"queued", "retry", "slot"},
    "stuck": {"stuck"},
}


def become(job: JobRun, kind: str) -> None:
    """Put a job into a state."""
    job.status = "queued" if kind == "queued" else "paused" if kind == "paused" else "running"
    job.stuck = kind == "stuck"
    job.running = {}
    if kind in {"working", "mixed", "stuck"}:
        job.running = {1: Attempt(job.seq, 1, 1, 1, "key", "hash", "cli", 0.0)}
    job.waiting = {2} if kind in {"retry", "mixed"} else set()
    run = job.run_of(2)
    run.waiting_until, run.waiting_left, run.reason = 2e9, 38.0, "retry 1 of 3 after: exit code 3"


class Room:
    """A conductor's memory with one job of each number, and the list over it."""

    def __init__(self, kinds: list[str]) -> None:
        self.jobs = [job_of(plan_of([[], []]), seq=seq) for seq in range(1, len(kinds) + 1)]
        for job, kind in zip(self.jobs, kinds, strict=True):
            become(job, kind)

        async def flushed() -> None:
            await anyio.lowlevel.checkpoint()

        scheduler = Scheduler(Limits(total=1))
        supervisor: Any = SimpleNamespace(
            jobs={job.job_id: job for job in self.jobs}, flushed=flushed, scheduler=scheduler, unstored=Unstored(),
            trouble=None, last_event=7, refused=SimpleNamespace(why=lambda now: ""), damaged={},
        )  # fmt: skip
        views = JobViews(supervisor, "h1", 600)
        self.context = cast(Context, SimpleNamespace(supervisor=supervisor, views=views))

    async def page(self, status: JobFilter, cursor: str = "", limit: int = 100, name: str = "") -> ListReply:
        params = ListParams(status=status, cursor=cursor or None, limit=limit, name=name or None)
        reply = await handler.handle(self.context, params, cast(Peer, None))
        assert isinstance(reply, ListReply)
        return reply


@pytest.mark.anyio
@pytest.mark.parametrize("status", ACTIVE)
async def test_a_filter_shows_the_jobs_in_these_states_newest_first(status: JobFilter) -> None:
    reply = await Room(list(KINDS)).page(status)
    wanted = [f"demo-{seq}" for seq, kind in enumerate(KINDS, 1) if kind in ACTIVE[status]]
    assert [each.podium.job_id for each in reply.jobs] == wanted[::-1]
    assert (reply.total, reply.next_cursor) == (len(wanted), "")


@pytest.mark.anyio
async def test_a_job_that_only_waits_says_until_when_and_is_not_taken_for_one_that_works() -> None:
    reply = await Room(["retry", "mixed", "slot", "working", "paused"]).page("active")
    views = {each.podium.job_id: each.podium for each in reply.jobs}
    retry, mixed = views["demo-1"], views["demo-2"]
    assert retry.only_waits
    assert retry.waiting == ["s2"]
    assert retry.reason == "sheet s2 is waiting for 38 s: retry 1 of 3 after: exit code 3"
    assert retry.waiting_until is not None
    assert (mixed.only_waits, mixed.waiting, mixed.running) == (False, ["s2"], ["s1"])
    assert mixed.waiting_until is not None
    assert (views["demo-3"].only_waits, views["demo-3"].reason) == (True, "waiting for a free slot")
    assert [views[f"demo-{seq}"].only_waits for seq in (4, 5)] == [False, False]
    assert [views[f"demo-{seq}"].waiting_until for seq in (3, 4, 5)] == [None] * 3


@pytest.mark.anyio
async def test_a_name_narrows_a_filter_whatever_its_case() -> None:
    room = Room(["retry"] * 12)
    assert (await room.page("waiting", name="DEMO-1")).total == 4
    assert (await room.page("waiting", name="other")).total == 0


@given(
    kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=12),
    changes=st.lists(st.tuples(st.integers(0, 11), st.sampled_from(KINDS)), max_size=12),
    status=st.sampled_from(list(ACTIVE)),
    limit=st.integers(1, 4),
)
def test_pages_over_changing_jobs_repeat_none_and_miss_none_that_matched_all_the_time(
    kinds: list[str], changes: list[tuple[int, str]], status: JobFilter, limit: int
) -> None:
    room = Room(kinds)
    matched = {job.job_id for job, kind in zip(room.jobs, kinds, strict=True) if kind in ACTIVE[status]}

    async def walk() -> list[str]:
        seen: list[str] = []
        left, cursor = list(changes), ""
        while True:
            page = await room.page(status, cursor, limit)
            seen += [each.podium.job_id for each in page.jobs]
            assert len(page.jobs) <= limit
            if not page.next_cursor:
                return seen
            cursor = page.next_cursor
            for index, kind in left[:3]:
                if index < len(room.jobs):
                    become(room.jobs[index], kind)
                    if kind not in ACTIVE[status]:
                        matched.discard(room.jobs[index].job_id)
            left = left[3:]

    seen = anyio.run(walk)
    assert len(seen) == len(set(seen))
    assert set(seen) >= matched
