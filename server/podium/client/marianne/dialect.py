"""Job control against a Marianne conductor, as it really behaves.

A pause is judged by `paused`, a cancel by `cancelled`, a resume, modify or submit by `status` and by what becomes of the job, a
clear by `deleted`. State and progress come from its list, sheets from its status object where asking for that does no harm. It is
never sent a dry run, which it would run for real, and never asked for its monitor stream, which locks other clients out. What it
cannot do, or accepts and ignores, is refused here.
"""

import time
from collections.abc import Sequence
from typing import TypeVar

import anyio
import anyio.to_thread

from podium.client.files.workspace import WorkspaceFiles
from podium.client.link.daemon_client import DaemonClient
from podium.client.marianne import replies, views
from podium.client.marianne.attention import FIRST, FailedSheets
from podium.client.marianne.changing import Changes
from podium.client.marianne.clearing import check_filter, choose, fits
from podium.client.marianne.explain import explain_view
from podium.client.marianne.health import process_health
from podium.client.marianne.listing import Listing, may_ask
from podium.client.marianne.messages import plain
from podium.client.marianne.refusals import wrong_state
from podium.client.marianne.scores import ForeignScores, file_of
from podium.client.marianne.starting import Starts
from podium.client.marianne.unavailable import MISSING_TOOLS, NOT_AVAILABLE, Unavailable
from podium.client.marianne.words import job_status
from podium.contract import models
from podium.contract.conductors import ConductorView
from podium.contract.methods import ClearParams, ModifyParams, ResumeParams, SubmitParams
from podium.contract.results import ProcessHealth
from podium.contract.score_text import JobScore, JobScoreParams
from podium.contract.states import TERMINAL, JobFilter
from podium.errors import JobNotFound, WrongState

POLL_SECONDS = 0.5
_CLEAR_SECONDS = 10.0  # for all jobs that one call removes
_POSITION_DIGITS = 10

Item = TypeVar("Item")


class MarianneDialect(Unavailable):
    """Job control over the wire, and the `WaitSource` of its waits, which poll.

    Every method raises ConductorMismatch when a reply does not fit its model.
    """

    first_cursor = FIRST

    def __init__(self, client: DaemonClient, *, effect_seconds: float, scores: ForeignScores) -> None:
        self._client = client
        self._scores = scores
        self._listing = Listing(client, effect_seconds=effect_seconds)
        self._starts = Starts(client, self._listing, scores)
        self._changes = Changes(client, self._listing, scores, effect_seconds=effect_seconds)
        self._failed_sheets = FailedSheets(self._listing)

    async def start(self, request: SubmitParams) -> models.StartView:
        """Submit a score; raises as `Starts.start`."""
        return await self._starts.start(request)

    async def score(self, request: JobScoreParams) -> JobScore:
        """Return the file that the job was started from as it is now: this conductor keeps no text."""
        job = await self._job(request.job_id)
        return await anyio.to_thread.run_sync(file_of, job, request)

    async def pause(self, job_id: str) -> models.ActionView:
        """Pause a running job; the reason says what becomes of a sheet that runs."""
        reply = self._client.read(replies.PauseReply, await self._client.control("job.pause", job_id, {}))
        job = await self._job(job_id)
        if not reply.paused:
            raise wrong_state("pause", job, plain(reply.error or "it is not running"))
        return models.ActionView(job=job, message=f"{job.job_id}: {job.reason}.")

    async def resume(self, params: ResumeParams) -> models.ActionView:
        """Let a paused or cancelled job continue, or one that failed with its conductor; its score file is read again."""
        return await self._changes.go_on(params)

    async def modify(self, params: ModifyParams) -> models.ActionView:
        """Give a job that does not run a changed score and let it continue."""
        return await self._changes.go_on(params)

    async def cancel(self, job_id: str) -> models.ActionView:
        """End a job and its processes."""
        reply = self._client.read(replies.CancelReply, await self._client.control("job.cancel", job_id, {}))
        if not reply.cancelled:
            job = await self._job(job_id)
            raise wrong_state("cancel", job, f"it is {job.status}")
        entry = await self._listing.entry_when(job_id, lambda each: job_status(each) == "cancelled")
        job = await self._listing.view(entry)
        return models.ActionView(job=job, message=f"Job {job_id} is {job.status}.", pending=job.status != "cancelled")

    async def delete(self, job_id: str) -> models.JobView:
        """Remove a terminal job, and its score if that was given inline."""
        job = await self._job(job_id)
        params = {"job_ids": [job_id]}
        reply = await self._client.mutate("job.clear", params, check=f"get_job with job_id={job_id}")
        if not self._client.read(replies.ClearReply, reply).deleted:
            raise wrong_state("delete", job, f"it is {job.status}")
        await anyio.to_thread.run_sync(self._scores.remove, job_id)
        return job

    async def clear(self, params: ClearParams) -> models.ClearView:
        """Remove ended jobs one by one, or say which; what its list still has afterwards is not removed."""
        entries = await self._listing.entries()
        ended_at = {} if params.older_than_seconds is None else await self._listing.ended_at(entries)
        chosen, counts = choose(entries, params, ended_at)
        view = models.ClearView(jobs=await self._listing.views(chosen), total=sum(counts.values()), counts=counts)
        if params.dry_run:
            return view
        refused: dict[str, str] = {}
        deadline = time.monotonic() + _CLEAR_SECONDS
        for number, entry in enumerate(chosen):
            if time.monotonic() > deadline:
                chosen = chosen[:number]
                break
            try:
                await self.delete(entry.job_id)
            except (JobNotFound, WrongState) as error:
                refused[entry.job_id] = error.message
        for entry in await self._listing.entries():
            refused.setdefault(entry.job_id, f"Job {entry.job_id} is still in the conductor's list.")
        tried = {entry.job_id for entry in chosen}
        gone = [job for job in view.jobs if job.job_id in tried - refused.keys()]
        kept = [why for job_id, why in refused.items() if job_id in tried]
        return view.model_copy(update={"jobs": gone, "refused": kept})

    async def process_health(self, job_id: str) -> ProcessHealth:
        """Return what follows from the job's state."""
        entry = await self._listing.entry(job_id)
        status = await self._client.ask(replies.DaemonStatus, "daemon.status")
        return process_health(entry, await self._listing.view(entry), status)

    async def list_page(self, *, status: JobFilter | None, name: str, limit: int, cursor: str) -> models.JobPage:
        """Return a page of its list, newest first."""
        check_filter(status)
        wanted = [each for each in await self._listing.entries() if fits(each, status, name)]
        page, next_cursor = _page(wanted, cursor, limit)
        return models.JobPage(jobs=await self._listing.views(page), next_cursor=next_cursor, total=len(wanted))

    async def detail(self, job_id: str, *, sheets: bool, sheets_cursor: str = "", limit: int = 50) -> models.JobDetail:
        """Return a job with a page of its sheets, none while they cannot be asked for."""
        entry = await self._listing.entry(job_id)
        if sheets and job_status(entry) == "running":
            entry = await self._listing.entry_when(job_id, may_ask)
        checkpoint = await self._listing.checkpoint(entry)
        job = views.job_view(entry, checkpoint)
        found = views.sheet_views(checkpoint, ended=job.status in TERMINAL) if sheets and checkpoint else []
        page, cursor = _page(found, sheets_cursor, limit)
        return models.JobDetail(job=job, sheets=page, sheets_cursor=cursor)

    async def explain(self, job_id: str) -> models.ExplainView:
        """Return what its list and status object say."""
        entry = await self._listing.entry(job_id)
        return explain_view(entry, await self._listing.checkpoint(entry))

    async def files(self, job_id: str) -> WorkspaceFiles:
        """Return the files of the job's workspace."""
        return WorkspaceFiles((await self._listing.entry(job_id)).workspace or "")

    async def conductor(self) -> ConductorView:
        """Return which conductor answers."""
        status = await self._client.ask(replies.DaemonStatus, "daemon.status")
        ready = await self._client.ask(replies.Ready, "daemon.ready")
        entries = await self._listing.entries()
        return ConductorView(
            product="marianne",
            version=status.version,
            pid=status.pid,
            uptime_seconds=status.uptime_seconds,
            running_jobs=status.running_jobs or 0,
            queued_jobs=sum(1 for each in entries if job_status(each) == "queued"),
            jobs_total=len(entries),
            memory_mb=status.memory_usage_mb or 0.0,
            accepting_work=ready.accepting_work,
            socket=str(self._client.socket_path),
            missing=MISSING_TOOLS,
            not_available=NOT_AVAILABLE,
        )

    async def views(self, job_ids: Sequence[str]) -> list[models.JobView]:
        """Return the jobs' present state."""
        entries = await self._listing.entries()
        return await self._listing.views([await self._listing.find(job_id, entries) for job_id in job_ids])

    async def events(self, job_ids: Sequence[str], after: str) -> tuple[list[models.EventView], str]:
        """Return the sheets that have failed since."""
        return await self._failed_sheets.since(job_ids, after)

    async def mark(self) -> int:
        """Return a place that means nothing: there is no stream."""
        return 0

    async def changed(self, job_ids: Sequence[str], mark: int) -> None:
        """Return when it is time to look again."""
        await anyio.sleep(POLL_SECONDS)

    async def _job(self, job_id: str) -> models.JobView:
        return await self._listing.view(await self._listing.entry(job_id))


def _page(found: list[Item], cursor: str, limit: int) -> tuple[list[Item], str]:
    """Return a page of what was found and the cursor after it, "" at the end. A cursor is a position; any other text is 0."""
    first = int(cursor) if cursor.isdecimal() and len(cursor) < _POSITION_DIGITS else 0
    return found[first : first + limit], str(first + limit) if first + limit < len(found) else ""
