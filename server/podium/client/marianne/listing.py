"""What a Marianne conductor says of its jobs, asked so that asking does no harm.

Its list is always safe to read. Its status object has the sheets, but a question for that of a job which was just submitted again
marks the job failed, and of a queued one it may be that of an earlier run.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import anyio

from podium.client.link.daemon_client import DaemonClient
from podium.client.marianne import views
from podium.client.marianne.replies import JobState
from podium.client.marianne.words import job_status
from podium.contract.models import JobView, SheetView
from podium.contract.near import NAMED_SHOWN, job_not_found
from podium.contract.states import TERMINAL
from podium.errors import ConductorError, JobNotFound

EFFECT_POLL_SECONDS = 0.05
_YOUNG_SECONDS = 2.0  # in which the end of an earlier run may still be under way
_REMEMBERED = 1000  # ended jobs whose view is known
_LOOK_SECONDS = 1.0  # between two looks at a status object, which has some 1.5 kB for each sheet
_SHEETS_A_SECOND = 100  # of a large job
_MOST_SHEETS = 20_000  # more fit into no reply
_LOOKS = 200

Key = tuple[object, ...]


@dataclass(frozen=True)
class Look:
    """What the status object of a running or failed job showed when it was looked at."""

    key: Key
    at: float
    view: JobView
    failed: list[SheetView]


class Listing:
    """The jobs of one conductor. Every method raises ConductorMismatch when a reply does not fit its model."""

    def __init__(self, client: DaemonClient, *, effect_seconds: float) -> None:
        self._client = client
        self._effect_seconds = effect_seconds
        self._ended: OrderedDict[Key, JobView] = OrderedDict()
        self._looks: dict[str, Look] = {}

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
        if status == "queued":
            return views.job_view(entry)
        if status == "running":
            look, now = await self.look(entry), views.job_view(entry)
            # A look may be some seconds old; the list is of now.
            return look.view.model_copy(update={"sheets_completed": now.sheets_completed}) if look else now
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

    async def look(self, entry: JobState) -> Look | None:
        """Return what the status object of a running or failed job shows, as at the last look if that is not long ago.

        None if it may not be asked for. Of a job of few sheets it is looked at whenever one has completed.
        """
        if not may_ask(entry):
            return None
        total = min(entry.progress_total or 0, _MOST_SHEETS)
        few = entry.progress_completed if total <= _SHEETS_A_SECOND else None
        key = (entry.status, entry.submitted_at, entry.started_at, few)
        look, now = self._looks.get(entry.job_id), time.monotonic()
        pause = max(_LOOK_SECONDS, total / _SHEETS_A_SECOND)
        if look is not None and look.key == key and (job_status(entry) == "failed" or now - look.at < pause):
            return look
        try:
            checkpoint = await self.checkpoint(entry)
        except ConductorError:  # that of a very large job fits into no reply: the list is still true
            return None
        if checkpoint is None:
            return None
        sheets = views.sheet_views(checkpoint)
        failed = [sheet for sheet in sheets if sheet.status == "failed" and 0 <= sheet.sheet < _MOST_SHEETS]
        if len(self._looks) >= _LOOKS:
            self._looks.clear()
        self._looks[entry.job_id] = look = Look(key, now, views.job_view(entry, checkpoint), failed)
        return look

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
