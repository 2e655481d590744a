"""A source of jobs and events that a test scripts, and a wait on it."""

from collections.abc import Sequence
from typing import Any

import anyio

from podium.client.waiting import WaitRequest, wait_for_jobs
from podium.contract.models import EventView, JobView
from podium.contract.replies import WatchReply
from podium.contract.waits import WaitView
from podium.errors import ConductorUnreachable, JobNotFound


def job(job_id: str, status: Any = "running", **facts: Any) -> JobView:
    return JobView(job_id=job_id, job_name=job_id, status=status, sheets_total=3, cursor="h:0", **facts)


class Script:
    """A conductor in memory: jobs, a list of events with cursors "h:<n>", and failures to come."""

    def __init__(self, *jobs: JobView) -> None:
        self.jobs = {each.job_id: each for each in jobs}
        self.log: list[EventView] = []
        self.failures: list[Exception] = []
        self.looks = 0
        self.lost = False  # until somebody takes a new mark
        self.signs: list[WatchReply | Exception] = []  # the next answers of a watch; without one it waits
        self.watches: list[str] = []  # the positions that were asked for
        self._news = anyio.Event()

    def happens(self, type_: str, job_id: str, **changes: Any) -> None:
        """Record an event and change the job."""
        seq = len(self.log) + 1
        self.log.append(EventView(seq=seq, job_id=job_id, job_seq=seq, type=type_, at=""))
        self.jobs[job_id] = self.jobs[job_id].model_copy(update={**changes, "cursor": f"h:{seq}"})
        self._news.set()
        self._news = anyio.Event()

    first_cursor = ""

    async def views(self, job_ids: Sequence[str]) -> list[JobView]:
        self.looks += 1
        if self.failures:
            raise self.failures.pop(0)
        if missing := [job_id for job_id in job_ids if job_id not in self.jobs]:
            raise JobNotFound(f"Job '{missing[0]}' not found")
        return [self.jobs[job_id] for job_id in job_ids]

    async def events(self, job_ids: Sequence[str], after: str) -> tuple[list[EventView], str]:
        seq = int(after.rpartition(":")[2])
        return [each for each in self.log[seq:] if each.job_id in job_ids], f"h:{len(self.log)}"

    async def watch(self, job_ids: Sequence[str], pattern: str, position: str, seconds: float) -> WatchReply:
        self.watches.append(position)
        if self.signs:
            if isinstance(reply := self.signs.pop(0), Exception):
                raise reply
            return reply
        await anyio.sleep(seconds)
        return WatchReply(position=position or "p0", behind=False)

    async def mark(self) -> int:
        self.lost = False
        return len(self.log)

    async def changed(self, job_ids: Sequence[str], mark: int) -> None:
        if self.lost:
            raise ConductorUnreachable("the subscription is gone")
        while len(self.log) == mark:
            await self._news.wait()


async def wait(script: Script, *ids: str, timeout_seconds: float = 5.0, **rest: Any) -> WaitView:
    until = rest.pop("until", "any")
    with anyio.fail_after(20):
        return await wait_for_jobs(script, WaitRequest(ids, until, timeout_seconds, **rest))
