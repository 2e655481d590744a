"""What a Marianne conductor says of its jobs, asked so that asking does no harm.

Its list is always safe to read. Its status object has the sheets, but a question for that of a job which was just submitted again
marks the job failed, and of a queued one it may be that of an earlier run.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable

import anyio

from podium.client.link.daemon_client import DaemonClient
from podium.client.marianne import views
from podium.client.marianne.replies import JobState
from podium.client.marianne.words import job_status
from podium.contract.models import JobView
from podium.contract.near import NAMED_SHOWN, job_not_found
from podium.contract.states import TERMINAL
from podium.errors import JobNotFound

EFFECT_POLL_SECONDS = 0.05
_YOUNG_SECONDS = 2.0  # in which the end of an earlier run may still be under way
_REMEMBERED = 1000  # ended jobs whose view is known

Key = tuple[object, ...]


class Listing:
    """The jobs of one conductor. Every method raises ConductorMismatch when a reply does not fit its model."""

    def __init__(self, client: DaemonClient, *, effect_seconds: float) -> None:
        self._client = client
        self._effect_seconds = effect_seconds
        self._ended: OrderedDict[Key, JobView] = OrderedDict()

    async def entries(self) -> list[JobState]:
        """Return its list, newest first."""
        entries = await self._client.ask(list[JobState], "job.list")
        return sorted(entries, key=lambda each: each.submitted_at or 0.0, reverse=True)

    async def entry(self, job_id: str) -> JobState:
        """Return a job's entry; raises as `find`."""
        return await self.find(job_id, await self.entries())

    async def find(self, job_id: str, entries: list[JobState]) -> JobState:
        """Return a job's entry; a job that is not listed any more may still have a status object.

        Raises:
            JobNotFound: with the ids that look like it.
        """
        for entry in entries:
            if entry.job_id == job_id:
                return entry
        try:
            return await self._status_object(job_id)
        except JobNotFound:
            named = [views.named(each) for each in entries if each.job_name == job_id]
            ids = [each.job_id for each in entries]
            raise job_not_found(job_id, ids, named[:NAMED_SHOWN], len(named)) from None

    async def entry_when(self, job_id: str, done: Callable[[JobState], bool]) -> JobState:
        """Return a job's entry as soon as it is `done` or terminal, or as it is when the time for effects is over."""
        entry = await self.entry(job_id)
        with anyio.move_on_after(self._effect_seconds):
            while not (done(entry) or job_status(entry) in TERMINAL):
                await anyio.sleep(EFFECT_POLL_SECONDS)
                entry = await self.entry(job_id)
        return entry

    async def checkpoint(self, entry: JobState) -> JobState | None:
        """Return the status object of the run that an entry is about, None if it has none or may not be asked for."""
        if not may_ask(entry):
            return None
        try:
            found = await self._status_object(entry.job_id)
        except JobNotFound:
            return None
        return found if views.of_this_run(entry, found) else None

    async def view(self, entry: JobState) -> JobView:
        """Return a job's view, the same for every question: with its status object where the list alone tells too little."""
        status = job_status(entry)
        if status in {"queued", "running"}:
            return views.job_view(entry)
        key = (entry.job_id, status, entry.submitted_at, entry.started_at, entry.completed_at, entry.config_path)
        if key in self._ended:
            self._ended.move_to_end(key)
            return self._ended[key]
        checkpoint = await self.checkpoint(entry)
        view = views.job_view(entry, checkpoint)
        if status in TERMINAL and checkpoint is not None and job_status(checkpoint) == status:
            self._ended[key] = view
            while len(self._ended) > _REMEMBERED:
                self._ended.popitem(last=False)
        return view

    async def views(self, entries: Iterable[JobState]) -> list[JobView]:
        """Return the views of several jobs."""
        return [await self.view(entry) for entry in entries]

    async def ended_at(self, entries: Iterable[JobState]) -> dict[str, float]:
        """Return when the jobs ended whose end has a time, by their ids; the list itself mostly does not say."""
        ended = await self.views([entry for entry in entries if job_status(entry) in TERMINAL])
        times = {job.job_id: job.finished_at for job in ended if job.finished_at}
        return {job_id: moment for job_id, at in times.items() if (moment := views.moment_of(at)) is not None}

    async def _status_object(self, job_id: str) -> JobState:
        return await self._client.ask(JobState, "job.status", {"job_id": job_id})


def may_ask(entry: JobState) -> bool:
    """Whether a job's status object is of its present run, and asking for it does no harm.

    A running job has to have been running for a while, and its list entry to show progress, which it does of a run that the
    conductor knows.
    """
    status = job_status(entry)
    if status != "running":
        return status != "queued"
    began = entry.started_at
    return entry.progress_total is not None and isinstance(began, float) and time.time() - began > _YOUNG_SECONDS
