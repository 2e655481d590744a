"""`JobControlService`: job control for programs, with results in place of refusals.

It is the port (`ConductorProxy`), which raises whenever the conductor refuses, and beside it the methods that programs call
(`start_job`, `pause_job`, ...). A control that the job's state does not allow is a result of these, not an error.
"""

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path

from podium.client.link.daemon_client import DaemonClient
from podium.client.proxy import ConductorProxy
from podium.contract.methods import ResumeParams, SubmitParams
from podium.contract.models import ActionView
from podium.contract.results import NO_PROCESS, JobActionResult, JobStartResult, ProcessHealth
from podium.errors import ConductorNotRunning, JobNotFound, WrongState
from podium.settings import Settings


class JobControlService(ConductorProxy):
    """Job control over a `DaemonClient`, with a Podium or a Marianne conductor. ValueError if the client is None."""

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
        request = SubmitParams(
            config_path=None if config_path is None else str(config_path),
            config_content=config_content,
            workspace=None if workspace is None else str(workspace),
            start_sheet=start_sheet,
            self_healing=self_healing,
            idempotency_key=idempotency_key,
            variables=variables or {},
        )
        job = (await self.start(request)).job
        return JobStartResult(job.job_id, job.job_name, job.status, job.workspace, job.sheets_total)

    async def pause_job(self, job_id: str) -> JobActionResult:
        """Pause a job; `success` is whether the conductor does it. RuntimeError when none answers."""
        return await _as_result(job_id, self.pause(job_id))

    async def resume_job(self, job_id: str, *, find: str | None = None, replace: str | None = None) -> JobActionResult:
        """Let a job continue; `success` is whether the conductor does it.

        With `find`, a text that stands once in the job's score, it continues with `replace` in its place (None: without it).

        Raises:
            ValueError: `find` does not stand there exactly once, or the score would be a bad one.
            RuntimeError: no conductor answers.
        """
        return await _as_result(job_id, self.resume(ResumeParams(job_id, find=find, replace=replace)))

    async def cancel_job(self, job_id: str) -> JobActionResult:
        """End a job; `success` is whether the conductor does it. RuntimeError when none answers."""
        return await _as_result(job_id, self.cancel(job_id))

    async def delete_job(self, job_id: str) -> bool:
        """Remove a terminal job; False if it is unknown or not terminal. RuntimeError when no conductor answers."""
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


async def _as_result(job_id: str, action: Awaitable[ActionView]) -> JobActionResult:
    """Return what the conductor did; a refusal because of the job's state is a result, not an error."""
    try:
        done = await action
    except WrongState as error:
        return JobActionResult(False, job_id, str(error.facts.get("state", "unknown")), error.message)
    except JobNotFound as error:
        return JobActionResult(False, job_id, "unknown", error.message)
    message = " ".join([done.message, *(f"{each[0].upper()}{each[1:]}." for each in done.job.survivors)])
    return JobActionResult(True, job_id, done.job.status, message)


@asynccontextmanager
async def job_control(settings: Settings) -> AsyncIterator[JobControlService]:
    """Open the proxy to the conductor and close it. No conductor need run for this: each call finds out."""
    async with DaemonClient(settings=settings) as client:
        yield JobControlService(client)
