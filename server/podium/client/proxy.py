"""`ConductorProxy`: the port that tools call, over the wire. Every operation goes to the running conductor."""

from collections.abc import Collection, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import anyio.to_thread

from podium.client.arguments import checked_change, checked_start
from podium.client.link.daemon_client import DaemonClient
from podium.client.podium_dialect import PodiumDialect
from podium.client.waiting import WaitRequest, wait_for_jobs
from podium.contract import models
from podium.contract.conductors import ConductorView
from podium.contract.methods import ClearParams, LogParams, ModifyParams, ResumeParams, ScoreParams, SubmitParams
from podium.contract.ports import JobControl, Progress
from podium.contract.record import JobRecord
from podium.contract.results import ProcessHealth
from podium.contract.score_text import CheckedScore, CheckParams, JobScore, JobScoreParams
from podium.contract.sheet_env import EnvParams, EnvView
from podium.contract.states import JobFilter
from podium.contract.waits import RunningView, WaitView
from podium.errors import InvalidArguments

if TYPE_CHECKING:
    from podium.client.marianne.dialect import MarianneDialect


class ConductorProxy(JobControl):
    """The port over a `DaemonClient`, in the dialect of the conductor that answers.

    Raises:
        ValueError: there is no client.
    """

    def __init__(self, daemon_client: DaemonClient) -> None:
        if daemon_client is None:
            raise InvalidArguments("JobControlService needs a daemon client.", fix="Give it a DaemonClient.")
        self._client = daemon_client
        self._podium = PodiumDialect(daemon_client, effect_seconds=daemon_client.settings.effect_seconds)

    @cached_property
    def _marianne(self) -> "MarianneDialect":
        """The dialect of a Marianne conductor, loaded when one answers: few do, and every server has to start."""
        from podium.client.marianne.dialect import MarianneDialect  # noqa: PLC0415
        from podium.client.marianne.scores import ForeignScores  # noqa: PLC0415

        settings = self._client.settings
        scores = ForeignScores(settings.home)
        return MarianneDialect(self._client, effect_seconds=settings.effect_seconds, scores=scores)

    async def _dialect(self) -> "PodiumDialect | MarianneDialect":
        """Return the dialect of the conductor that answers now; each call chooses once."""
        identity = await self._client.identity()
        return self._podium if identity.is_podium else self._marianne

    async def start(self, request: SubmitParams) -> models.StartView:
        """Submit a score; returns when the job is on the conductor's disk."""
        checked = await anyio.to_thread.run_sync(checked_start, request)
        return await (await self._dialect()).start(checked)

    async def plan(self, request: ScoreParams) -> models.PlanView:
        """Check a score and return what `start` would run. Runs and stores nothing."""
        checked = await anyio.to_thread.run_sync(checked_start, request)
        return await (await self._dialect()).plan(checked)

    async def check(self, request: CheckParams) -> CheckedScore:
        """Check a score like `plan`, and show its text if it is a file."""
        checked = await anyio.to_thread.run_sync(checked_start, request)
        return await (await self._dialect()).check(checked)

    async def score(self, request: JobScoreParams) -> JobScore:
        """Show the text that a job runs."""
        return await (await self._dialect()).score(request)

    async def environment(self, request: EnvParams) -> EnvView:
        """Show what a sheet would get as its environment. Nothing of it leaves the conductor that may be a secret."""
        if request.config_path is not None or request.config_content is not None:
            request = await anyio.to_thread.run_sync(checked_start, request)
        return await (await self._dialect()).environment(request)

    async def pause(self, job_id: str) -> models.ActionView:
        """Ask a job to pause; waits a few seconds for the effect."""
        return await (await self._dialect()).pause(job_id)

    async def resume(self, params: ResumeParams) -> models.ActionView:
        """Let a paused, failed or cancelled job continue, or withdraw a pending pause."""
        checked = await anyio.to_thread.run_sync(checked_change, params)
        return await (await self._dialect()).resume(checked)

    async def modify(self, params: ModifyParams) -> models.ActionView:
        """Give a job a changed score: it takes it between sheets and continues."""
        checked = await anyio.to_thread.run_sync(checked_change, params)
        return await (await self._dialect()).modify(checked)

    async def cancel(self, job_id: str) -> models.ActionView:
        """End a job and its process trees; waits a few seconds for the effect."""
        return await (await self._dialect()).cancel(job_id)

    async def delete(self, job_id: str) -> models.JobView:
        """Remove a terminal job and its logs; returns the job as it was."""
        return await (await self._dialect()).delete(job_id)

    async def clear(self, params: ClearParams) -> models.ClearView:
        """Remove ended jobs by their statuses and age, or say which these are."""
        return await (await self._dialect()).clear(params)

    async def process_health(self, job_id: str) -> ProcessHealth:
        """Return liveness of the job's oldest running attempt, and the load of all that run."""
        return await (await self._dialect()).process_health(job_id)

    async def list_page(self, *, status: JobFilter | None, name: str, limit: int, cursor: str) -> models.JobPage:
        """Return a page of jobs, newest first."""
        return await (await self._dialect()).list_page(status=status, name=name, limit=limit, cursor=cursor)

    async def detail(self, job_id: str, *, sheets: bool, sheets_cursor: str = "", limit: int = 50) -> models.JobDetail:
        """Return a job, with a page of its sheets when `sheets` is true."""
        return await (await self._dialect()).detail(job_id, sheets=sheets, sheets_cursor=sheets_cursor, limit=limit)

    async def record(self, job_id: str, *, commands: bool = False) -> JobRecord:
        """Return all sheets, attempts and events of a job."""
        return await (await self._dialect()).record(job_id, commands=commands)

    async def wait(
        self,
        job_ids: Sequence[str],
        *,
        until: Literal["any", "all"],
        timeout_seconds: float,
        after: str,
        progress: Progress | None = None,
        pattern: str = "",
    ) -> WaitView:
        """Wait until any or all jobs are settled, something needs attention, a line matches, or the time is over."""
        ids = tuple(dict.fromkeys(job_ids))
        if not ids:
            raise InvalidArguments("There is no job to wait for.", fix="Give at least one job id.")
        request = WaitRequest(ids, until, timeout_seconds, after, progress, pattern)
        return await wait_for_jobs(await self._dialect(), request)

    async def running(self, job_id: str) -> RunningView:
        """Return what runs of a job since when, and how long the last completed job of its name took."""
        return await (await self._dialect()).running(job_id)

    async def log(self, request: LogParams) -> models.LogView:
        """Read a bounded part of a sheet's output."""
        return await (await self._dialect()).log(request)

    async def explain(self, job_id: str) -> models.ExplainView:
        """Say why a job has failed, waits or is stuck."""
        return await (await self._dialect()).explain(job_id)

    async def artifacts(self, job_id: str, *, path: str, limit: int, cursor: str) -> models.ArtifactPage:
        """List a folder of the job's workspace, all levels below it."""
        files = await (await self._dialect()).files(job_id)
        return await files.page(path, limit, cursor)

    async def artifact(self, job_id: str, *, path: str, offset: int, max_bytes: int) -> models.ArtifactText:
        """Read a part of a file in the job's workspace."""
        files = await (await self._dialect()).files(job_id)
        return await files.read(path, offset, max_bytes)

    async def artifact_bytes(self, job_id: str, *, path: str, max_bytes: int) -> models.ArtifactBytes:
        """Read a whole file in the job's workspace."""
        files = await (await self._dialect()).files(job_id)
        return await files.whole(path, max_bytes)

    async def changes(self, job_ids: Collection[str] | None, *, after: str) -> tuple[list[models.EventView], str]:
        """Wait until something happens to one of the jobs after a cursor."""
        return await (await self._dialect()).changes(job_ids, after=after)

    async def task_state(self, key: str, *, end: dict[str, Any] | None = None) -> dict[str, Any] | None:
        """Return, or set once, what a task has ended with."""
        return await (await self._dialect()).task_state(key, end=end)

    async def conductor(self) -> ConductorView:
        """Return which conductor answers, and its load."""
        return await (await self._dialect()).conductor()
