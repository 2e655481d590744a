"""`JobControlService`: the proxy's contract. Every operation goes to the running conductor; there is no other way.

It has two faces. The port that tools call (`podium.contract.ports.JobControl`) raises whenever the conductor refuses. The
methods that programs call (`start_job`, `pause_job`, ...) answer a refused control with a result that says so.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar

import anyio.to_thread

from podium.client.arguments import checked_score, checked_start
from podium.client.files.workspace import WorkspaceFiles
from podium.client.link import failures
from podium.client.link.change import Change
from podium.client.link.daemon_client import DaemonClient
from podium.client.marianne.dialect import MarianneDialect
from podium.client.marianne.scores import ForeignScores
from podium.client.podium_dialect import PodiumDialect
from podium.client.waiting import WaitRequest, wait_for_jobs
from podium.contract.models import (
    ActionView,
    ArtifactBytes,
    ArtifactPage,
    ArtifactText,
    ConductorView,
    EventView,
    ExplainView,
    JobDetail,
    JobPage,
    JobView,
    LogView,
    PlanView,
    StartView,
    WaitView,
)
from podium.contract.ports import LogRequest, Progress, Sheet, StartRequest
from podium.contract.results import NO_PROCESS, JobActionResult, JobStartResult, ProcessHealth
from podium.contract.states import JobStatus
from podium.errors import ConductorNotRunning, InvalidArguments, JobNotFound, PodiumError, WrongState
from podium.log import get_logger
from podium.settings import Settings

log = get_logger()

Result = TypeVar("Result")


class JobControlService:
    """Job control over a `DaemonClient`, whichever conductor answers it.

    Raises:
        ValueError: there is no client.
    """

    def __init__(self, daemon_client: DaemonClient) -> None:
        if daemon_client is None:
            raise InvalidArguments("JobControlService needs a daemon client.", fix="Give it a DaemonClient.")
        settings = daemon_client.settings
        self._client = daemon_client
        self._podium = PodiumDialect(daemon_client, effect_seconds=settings.effect_seconds)
        self._marianne = MarianneDialect(
            daemon_client, effect_seconds=settings.effect_seconds, scores=ForeignScores(settings.home)
        )

    async def _ask(self, work: Callable[[PodiumDialect | MarianneDialect], Awaitable[Result]]) -> Result:
        """Do something in the dialect of the conductor that answers now.

        Raises:
            ConductorMismatch: it answered with frames of the protocol, but not with what the method answers.
            PodiumError: as the work raises it.
        """
        identity = await self._client.identity()
        try:
            return await work(self._podium if identity.is_podium else self._marianne)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            if isinstance(error, PodiumError):
                raise
            log.warning("answer_not_understood", reason=repr(error))
            raise failures.foreign(self._client.socket_path, "it answers a known method in an unknown way") from error

    async def start_job(
        self,
        config_path: str | Path | None = None,
        config_content: str | None = None,
        workspace: str | Path | None = None,
        start_sheet: int | str = 1,
        self_healing: bool = False,
        *,
        idempotency_key: str | None = None,
        variables: dict[str, str] | None = None,
    ) -> JobStartResult:
        """Submit a score and return the job that the conductor has stored.

        Raises:
            ValueError: neither or both of path and content, not .yaml or .yml, `..` in the path, a bad score.
            FileNotFoundError: the score file does not exist.
            RuntimeError: the conductor refuses the job, or none runs.
        """
        request = StartRequest(
            config_path=None if config_path is None else str(config_path),
            config_content=config_content,
            workspace=None if workspace is None else str(workspace),
            start_sheet=start_sheet,
            self_healing=self_healing,
            idempotency_key=idempotency_key,
            variables=tuple((variables or {}).items()),
        )
        job = (await self.start(request)).job
        return JobStartResult(job.job_id, job.job_name, job.status, job.workspace, job.sheets_total)

    async def pause_job(self, job_id: str) -> JobActionResult:
        """Pause a job; `success` is whether the conductor does it. RuntimeError when none answers."""
        return await _as_result(job_id, self.pause(job_id))

    async def resume_job(self, job_id: str) -> JobActionResult:
        """Let a job go on; `success` is whether the conductor does it. RuntimeError when none answers."""
        return await _as_result(job_id, self.resume(job_id))

    async def cancel_job(self, job_id: str) -> JobActionResult:
        """End a job; `success` is whether the conductor does it. RuntimeError when none answers."""
        return await _as_result(job_id, self.cancel(job_id))

    async def delete_job(self, job_id: str) -> bool:
        """Remove a terminal job; False when it is none. RuntimeError when no conductor answers."""
        try:
            await self.delete(job_id)
        except (WrongState, JobNotFound):
            return False
        return True

    async def verify_process_health(self, job_id: str) -> ProcessHealth:
        """Return liveness and load of a job; without a conductor, that of a dead one. JobNotFound for an unknown job."""
        try:
            return await self.process_health(job_id)
        except ConductorNotRunning:
            return NO_PROCESS

    async def start(self, request: StartRequest) -> StartView:
        """Submit a score; returns when the job is on the conductor's disk."""
        checked = await anyio.to_thread.run_sync(checked_start, request)
        return await self._ask(lambda dialect: dialect.start(checked))

    async def plan(self, request: StartRequest) -> PlanView:
        """Check a score and return what `start` would run. Runs and stores nothing."""
        checked = await anyio.to_thread.run_sync(checked_start, request)
        return await self._ask(lambda dialect: dialect.plan(checked))

    async def pause(self, job_id: str) -> ActionView:
        """Ask a job to pause; waits a few seconds for the effect."""
        return await self._ask(lambda dialect: dialect.pause(job_id))

    async def resume(
        self,
        job_id: str,
        *,
        from_sheet: Sheet | None = None,
        config_path: str | None = None,
        config_content: str | None = None,
    ) -> ActionView:
        """Let a paused, failed or cancelled job go on, or withdraw a pending pause."""
        change = await _change(from_sheet, config_path, config_content, score_required=False)
        return await self._ask(lambda dialect: dialect.resume(job_id, change))

    async def modify(
        self,
        job_id: str,
        *,
        from_sheet: Sheet | None = None,
        config_path: str | None = None,
        config_content: str | None = None,
    ) -> ActionView:
        """Give a job a changed score: it takes it between sheets and goes on."""
        change = await _change(from_sheet, config_path, config_content, score_required=True)
        return await self._ask(lambda dialect: dialect.modify(job_id, change))

    async def cancel(self, job_id: str) -> ActionView:
        """End a job and its process trees; waits a few seconds for the effect."""
        return await self._ask(lambda dialect: dialect.cancel(job_id))

    async def delete(self, job_id: str) -> JobView:
        """Remove a terminal job and its logs; returns the job as it was."""
        return await self._ask(lambda dialect: dialect.delete(job_id))

    async def process_health(self, job_id: str) -> ProcessHealth:
        """Return liveness and load of the job's oldest running attempt."""
        return await self._ask(lambda dialect: dialect.process_health(job_id))

    async def list_page(self, *, status: JobStatus | None, name: str, limit: int, cursor: str) -> JobPage:
        """Return a page of jobs, newest first."""
        return await self._ask(lambda dialect: dialect.list_page(status=status, name=name, limit=limit, cursor=cursor))

    async def detail(self, job_id: str, *, sheets: bool, sheets_cursor: str = "", limit: int = 50) -> JobDetail:
        """Return a job, with a page of its sheets when `sheets` is true."""
        return await self._ask(
            lambda dialect: dialect.detail(job_id, sheets=sheets, sheets_cursor=sheets_cursor, limit=limit)
        )

    async def wait(
        self,
        job_ids: Sequence[str],
        *,
        until: Literal["any", "all"],
        timeout_seconds: float,
        after: str,
        progress: Progress | None = None,
    ) -> WaitView:
        """Wait until any or all jobs are settled, something needs attention, or the time is over."""
        ids = list(dict.fromkeys(job_ids))
        if not ids:
            raise InvalidArguments("There is no job to wait for.", fix="Give at least one job id.")
        request = WaitRequest(tuple(ids), until, timeout_seconds, after, progress)
        return await self._ask(lambda dialect: wait_for_jobs(dialect, request))

    async def log(self, request: LogRequest) -> LogView:
        """Read a bounded part of a sheet's output."""
        return await self._ask(lambda dialect: dialect.log(request))

    async def explain(self, job_id: str) -> ExplainView:
        """Say why a job has failed, waits or is stuck."""
        return await self._ask(lambda dialect: dialect.explain(job_id))

    async def artifacts(self, job_id: str, *, path: str, limit: int, cursor: str) -> ArtifactPage:
        """List a folder of the job's workspace, all levels below it."""
        return await (await self._files(job_id)).page(path, limit, cursor)

    async def artifact(self, job_id: str, *, path: str, offset: int, max_bytes: int) -> ArtifactText:
        """Read a part of a file in the job's workspace."""
        return await (await self._files(job_id)).read(path, offset, max_bytes)

    async def artifact_bytes(self, job_id: str, *, path: str, max_bytes: int) -> ArtifactBytes:
        """Read a whole file in the job's workspace."""
        return await (await self._files(job_id)).whole(path, max_bytes)

    async def _files(self, job_id: str) -> WorkspaceFiles:
        return await self._ask(lambda dialect: dialect.files(job_id))

    async def changes(self, job_ids: Collection[str] | None, *, after: str) -> tuple[list[EventView], str]:
        """Wait until something happens to one of the jobs after a cursor."""
        return await self._ask(lambda dialect: dialect.changes(job_ids, after=after))

    async def task_state(self, key: str, *, end: dict[str, Any] | None = None) -> dict[str, Any] | None:
        """Return, or set once, what a task has ended with."""
        return await self._ask(lambda dialect: dialect.task_state(key, end=end))

    async def conductor(self) -> ConductorView:
        """Say which conductor answers and how it is."""
        return await self._ask(lambda dialect: dialect.conductor())


@asynccontextmanager
async def job_control(settings: Settings) -> AsyncIterator[JobControlService]:
    """Open the proxy to the conductor and close it. No conductor need run for this: each call finds out."""
    async with DaemonClient(settings.socket, settings=settings) as client:
        yield JobControlService(client)


async def _change(from_sheet: Sheet | None, path: str | None, content: str | None, *, score_required: bool) -> Change:
    return Change(
        from_sheet, *await anyio.to_thread.run_sync(partial(checked_score, path, content, required=score_required))
    )


async def _as_result(job_id: str, action: Awaitable[ActionView]) -> JobActionResult:
    """Return what the conductor did; a refusal of the job's state is a result, not an error."""
    try:
        done = await action
    except WrongState as error:
        return JobActionResult(False, job_id, str(error.facts.get("state", "unknown")), error.message)
    except JobNotFound as error:
        return JobActionResult(False, job_id, "unknown", error.message)
    return JobActionResult(True, job_id, done.job.status, done.message)
