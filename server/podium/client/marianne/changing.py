"""Resuming and modifying a job of a Marianne conductor, judged by what becomes of the job.

That conductor reads the score only after it has accepted the call, and fails the job if it cannot use it: so the score is checked
before, and the job is watched until it has been running for a while.
"""

import time

import anyio
import anyio.to_thread

from podium.client.link.daemon_client import DaemonClient
from podium.client.marianne import replies
from podium.client.marianne.checking import check_score
from podium.client.marianne.listing import EFFECT_POLL_SECONDS, Listing
from podium.client.marianne.messages import plain
from podium.client.marianne.reasons import few
from podium.client.marianne.refusals import check_go_on, check_no_edit, not_going_on, wrong_state
from podium.client.marianne.replies import JobState
from podium.client.marianne.scores import ForeignScores
from podium.client.marianne.words import job_status
from podium.contract.methods import ModifyParams, ResumeParams
from podium.contract.models import ActionView, JobView
from podium.contract.states import TERMINAL, Action

_SETTLED_SECONDS = 1.5  # for which a job runs whose score is taken


class Changes:
    """Lets jobs go on."""

    def __init__(self, client: DaemonClient, listing: Listing, scores: ForeignScores, *, effect_seconds: float) -> None:
        self._client = client
        self._listing = listing
        self._scores = scores
        self._effect_seconds = effect_seconds

    async def go_on(self, params: ResumeParams) -> ActionView:
        """Resume or modify a job, with the score if one is given; a score that is not taken leaves the one before in place.

        Raises:
            ScoreInvalid, UnsupportedByConductor: as `check_score`; and `check_no_edit`.
            WrongState: as `check_go_on`; or the conductor rejects the call, or takes it and fails the job.
        """
        action: Action = "modify" if isinstance(params, ModifyParams) else "resume"
        check_no_edit(params)
        await anyio.to_thread.run_sync(check_score, params)
        entry = await self._listing.entry(params.job_id)
        before = await self._listing.view(entry)
        check_go_on(action, before)
        path, replaced = params.config_path, None
        if params.config_content is not None:
            inline, replaced = await anyio.to_thread.run_sync(
                self._scores.replace, params.job_id, params.config_content
            )
            path = str(inline)
        reply = self._client.read(
            replies.SubmitReply,
            await self._client.control(f"job.{action}", params.job_id, {} if path is None else {"config_path": path}),
        )
        now = await self._going(entry) if reply.status == "accepted" else await self._listing.entry(params.job_id)
        after = await self._listing.view(now)
        failed = after.status == "failed" and _has_moved(entry, now)
        if reply.status == "accepted" and not failed:
            pending = after.status == "queued" or not _has_moved(entry, now)  # its score is read when it begins to run
            return ActionView(job=after, message=_said(before), pending=pending)
        if params.config_content is not None and not after.sheets_failed:
            await anyio.to_thread.run_sync(self._scores.restore, params.job_id, replaced)
        if failed:
            raise not_going_on(action, after, (path and before.config_path) or "")
        raise wrong_state(action, after, plain(reply.message or "this conductor gives no reason"))

    async def _going(self, before: JobState) -> JobState:
        """Return a job's entry when it has ended or been running for a while, or as it is when the time for effects is over."""
        begun = time.monotonic()
        running: float | None = None
        while True:
            entry = await self._listing.entry(before.job_id)
            status, now = job_status(entry), time.monotonic()
            if status in TERMINAL and _has_moved(before, entry):
                return entry
            running = (running or now) if status == "running" else None
            since, limit = (running, _SETTLED_SECONDS) if running is not None else (begun, self._effect_seconds)
            if now - since >= min(limit, self._effect_seconds):
                return entry
            await anyio.sleep(EFFECT_POLL_SECONDS)


def _has_moved(before: JobState, now: JobState) -> bool:
    """Whether a job has been in another state since: a run that goes on has another beginning."""
    return job_status(now) != job_status(before) or now.started_at != before.started_at


def _said(before: JobView) -> str:
    """Return what a resume of such a job does."""
    if before.running:
        return f"{before.job_id} goes on; what still ran (sheet {few(before.running)}) was ended and starts again."
    if before.status == "failed":
        return (
            f"{before.job_id} goes on; what ran when its conductor ended runs again, perhaps beside its old processes."
        )
    return f"{before.job_id} goes on with the remaining sheets."
