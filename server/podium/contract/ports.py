"""The port that tools call. The proxy implements it over the wire; tools know nothing else of the conductor."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, Literal, Protocol

from podium.contract import models
from podium.contract.conductors import ConductorView
from podium.contract.methods import ClearParams, LogParams, ModifyParams, ResumeParams, ScoreParams, SubmitParams
from podium.contract.record import JobRecord
from podium.contract.results import ProcessHealth
from podium.contract.score_text import CheckedScore, CheckParams, JobScore, JobScoreParams
from podium.contract.sheet_env import EnvParams, EnvView
from podium.contract.states import JobFilter
from podium.contract.waits import RunningView, WaitView

Progress = Callable[[float, Sequence[models.JobView]], Awaitable[None]]
"""Called every few seconds of a wait with the elapsed seconds and the jobs' present state."""


class JobControl(Protocol):
    """Every job-control operation. Each raises a `PodiumError` when the conductor refuses or cannot be reached."""

    async def start(self, request: SubmitParams) -> models.StartView:
        """Submit a score by path or inline; return when the job is on the conductor's disk."""

    async def plan(self, request: ScoreParams) -> models.PlanView:
        """Check a score and return what `start` would run. Runs and stores nothing."""

    async def check(self, request: CheckParams) -> CheckedScore:
        """Check a score like `plan`, and show its text if it is a file; a ScoreInvalid has that among its facts."""

    async def score(self, request: JobScoreParams) -> JobScore:
        """Show the text that a job runs, a page of it, with its variables and what became of its file."""

    async def environment(self, request: EnvParams) -> EnvView:
        """Show what a sheet of a score or a job would get as its environment, and where each variable comes from."""

    async def pause(self, job_id: str) -> models.ActionView:
        """Ask a job to pause; wait a few seconds for the effect."""

    async def resume(self, params: ResumeParams) -> models.ActionView:
        """Let a paused, failed or cancelled job continue, or withdraw a pending pause."""

    async def modify(self, params: ModifyParams) -> models.ActionView:
        """Give a job a changed score; wait a few seconds for the effect. Exactly one of path, content and find is given."""

    async def cancel(self, job_id: str) -> models.ActionView:
        """End a job and its process trees; wait a few seconds for the effect."""

    async def delete(self, job_id: str) -> models.JobView:
        """Remove a terminal job and its logs; return the job as it was."""

    async def clear(self, params: ClearParams) -> models.ClearView:
        """Remove ended jobs by their statuses and age, as delete does; with `dry_run` only say which."""

    async def process_health(self, job_id: str) -> ProcessHealth:
        """Return liveness of the job's oldest running attempt, and the load of all that run."""

    async def list_page(self, *, status: JobFilter | None, name: str, limit: int, cursor: str) -> models.JobPage:
        """Return a page of jobs, newest first; `name` is a case-insensitive part of the name or id."""

    async def detail(self, job_id: str, *, sheets: bool, sheets_cursor: str = "", limit: int = 50) -> models.JobDetail:
        """Return a job, with a page of its sheets when `sheets` is true."""

    async def record(self, job_id: str, *, commands: bool = False) -> JobRecord:
        """Return all sheets, attempts and events of a job; with `commands` also what the first sheets run."""

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
        """Wait until any or all jobs are settled, something needs attention, or the time is over.

        With a pattern also until a line of their output matches it.
        """

    async def running(self, job_id: str) -> RunningView:
        """Return what runs of a job since when, and how long it took before."""

    async def log(self, request: LogParams) -> models.LogView:
        """Read a bounded part of a sheet's output."""

    async def explain(self, job_id: str) -> models.ExplainView:
        """Say why a job has failed, waits or is stuck, with the end of the output that shows it."""

    async def artifacts(self, job_id: str, *, path: str, limit: int, cursor: str) -> models.ArtifactPage:
        """List a folder of the job's workspace, all levels below it."""

    async def artifact(self, job_id: str, *, path: str, offset: int, max_bytes: int) -> models.ArtifactText:
        """Read a part of a file in the job's workspace."""

    async def artifact_bytes(self, job_id: str, *, path: str, max_bytes: int) -> models.ArtifactBytes:
        """Read a whole file in the job's workspace; InvalidArguments when it is larger than `max_bytes`."""

    async def changes(self, job_ids: Collection[str] | None, *, after: str) -> tuple[list[models.EventView], str]:
        """Wait until something happens to one of the jobs (None: to any) after a cursor; return it, and the next cursor.

        With "" it returns at once, with nothing and the cursor of now.
        """

    async def task_state(self, key: str, *, end: dict[str, Any] | None = None) -> dict[str, Any] | None:
        """Return what a task has ended with, None while it has not; the first `end` that is given is kept."""

    async def conductor(self) -> ConductorView:
        """Return which conductor answers, and its load."""
