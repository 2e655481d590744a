"""Starting a score on a Marianne conductor, judged by what becomes of the job."""

from dataclasses import replace
from pathlib import PurePath

import anyio.to_thread

from podium.client.link.daemon_client import DaemonClient
from podium.client.marianne import replies
from podium.client.marianne.checking import check_score
from podium.client.marianne.listing import Listing
from podium.client.marianne.messages import plain
from podium.client.marianne.refusals import check_start
from podium.client.marianne.replies import JobState
from podium.client.marianne.scores import ForeignScores
from podium.client.marianne.words import job_status
from podium.contract.command import CommandParams, as_numbered_score, job_name
from podium.contract.methods import SubmitParams
from podium.contract.models import JobView, StartView
from podium.contract.states import TERMINAL
from podium.errors import ConductorError, JobNotFound, SubmitRejected

_FIX = "Correct the problem that the message describes, then start the job again."
_LATER = "Start the job again when conductor_status says that this conductor accepts work."
_UNSEEN = "accepted; this conductor has not said since what became of it"
_HEALING = "with self_healing, this conductor leaves a job in state running forever if a sheet keeps failing"


class Starts:
    """Starts scores; an inline one becomes a file first."""

    def __init__(self, client: DaemonClient, listing: Listing, scores: ForeignScores) -> None:
        self._client = client
        self._listing = listing
        self._scores = scores

    async def start(self, request: SubmitParams) -> StartView:
        """Submit a score.

        Raises:
            ScoreInvalid, UnsupportedByConductor: as `check_score`; and `check_start`.
            SubmitRejected: the conductor rejects the score, or accepts it and fails the job as it cannot use it.
        """
        check_start(request)
        if isinstance(request, CommandParams):
            request = await anyio.to_thread.run_sync(self._with_score, request)
        else:
            await anyio.to_thread.run_sync(check_score, request)
        if request.config_path is not None:
            await self._check_ended(request.config_path)
            path = request.config_path
        else:
            path = str(await anyio.to_thread.run_sync(self._scores.add, request.config_content or ""))
        params = {"config_path": path, "workspace": request.workspace, "self_healing": request.self_healing}
        reply = self._client.read(
            replies.SubmitReply, await self._client.mutate("job.submit", params, check="list_jobs")
        )
        if reply.status != "accepted":
            if request.config_path is None:
                await anyio.to_thread.run_sync(self._scores.remove, _job_id_of(path))
            raise SubmitRejected(
                f"This conductor rejects the job: {plain(reply.message or 'it gives no reason')}.",
                fix=_FIX if reply.job_id else _LATER,  # without an id it has not looked at the score
            )
        job = await self._seen(str(reply.job_id))
        if job.status == "failed" and not job.sheets_total:
            raise SubmitRejected(
                f"This conductor accepted {path} and failed the job at once: {job.reason}.",
                fix=_FIX,
                job_id=job.job_id,
                state=job.status,
            )
        return StartView(job=job.model_copy(update={"warnings": [_HEALING]}) if request.self_healing else job)

    def _with_score(self, request: CommandParams) -> SubmitParams:
        """Return a start of one command with its score, which names the workspace."""
        checked = as_numbered_score(request, request.workspace or "")
        if request.workspace is not None:
            return replace(checked, workspace=None)
        return as_numbered_score(request, str(self._scores.new_workspace(job_name(request.command))))

    async def _seen(self, job_id: str) -> JobView:
        """Return the job that was accepted, also if nothing else is heard of it: to start it again would make a second one."""
        try:
            return await self._listing.view(await self._listing.entry_when(job_id, _has_begun))
        except (ConductorError, JobNotFound):
            return JobView(
                job_id=job_id,
                job_name=job_id,
                status="queued",
                sheets_total=0,
                reason=_UNSEEN,
                allowed_actions=["cancel"],
            )

    async def _check_ended(self, path: str) -> None:
        """Refuse to start a score whose job goes on, or is paused: that would throw it away, leaving its slot taken for ever."""
        job_id = _job_id_of(path)
        entry = next((each for each in await self._listing.entries() if each.job_id == job_id), None)
        status = "completed" if entry is None else job_status(entry)
        if status in TERMINAL:
            return
        paused = status == "paused"
        why = f"starting {path} again would discard it" if paused else "this conductor has one job of a file at a time"
        calls = "resume_job or cancel_job" if paused else "cancel_job, or wait_for_job until it has ended,"
        raise SubmitRejected(
            f"Job {job_id} is {status}; {why}.",
            fix=f"Call {calls} with job_id={job_id} first.",
            job_id=job_id,
            state=status,
        )


def _has_begun(entry: JobState) -> bool:
    """Whether the number of the job's sheets is known; a queued job may show that of an earlier run."""
    return job_status(entry) != "queued" and bool(entry.progress_total)


def _job_id_of(path: str) -> str:
    """Return the id that this conductor gives to the job of a score file."""
    return PurePath(path).stem
