"""A stand-in for the way to the conductor: scripted jobs in memory, at the edge where the tools meet their port.

It decides nothing of what is tested: it hands out views, and raises what a test tells it to raise.
"""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import anyio

from podium.contract.conductors import ConductorView
from podium.contract.methods import ClearParams, LogParams, ModifyParams, ResumeParams, ScoreParams, SubmitParams
from podium.contract.models import (
    ActionView,
    ArtifactBytes,
    ArtifactEntry,
    ArtifactPage,
    ArtifactText,
    ClearView,
    EventView,
    ExplainView,
    JobDetail,
    JobPage,
    JobView,
    LogView,
    PlanSheetView,
    PlanView,
    SheetView,
    StartView,
)
from podium.contract.ports import JobControl, Progress
from podium.contract.record import JobRecord
from podium.contract.results import ProcessHealth
from podium.contract.score_text import CheckedScore, CheckParams, JobScore, JobScoreParams, ScoreText
from podium.contract.sheet_env import EnvParams, EnvView
from podium.contract.states import JobFilter, JobStatus
from podium.contract.waits import RunningView, WaitView
from podium.errors import JobNotFound

CURSOR = "h1:7"


def job(job_id: str = "build-x7k2q", **changes: Any) -> JobView:
    """Return a running job with three sheets, changed as told."""
    facts: dict[str, Any] = {
        "job_id": job_id,
        "job_name": "build",
        "status": "running",
        "sheets_total": 3,
        "sheets_completed": 1,
        "running": ["2 tests"],
        "allowed_actions": ["pause", "modify", "cancel"],
        "workspace": "/srv/build",
        "submitted_at": "2026-01-02T03:04:05Z",
        "cursor": CURSOR,
    }
    return JobView.model_validate({**facts, **changes})


def ended(status: JobStatus = "completed", **changes: Any) -> JobView:
    """Return a job that has ended."""
    return job(status=status, running=[], sheets_completed=3, allowed_actions=["delete"], **changes)


def plan(**changes: Any) -> PlanView:
    """Return a checked plan of two sheets, of which the second one's instrument is missing."""
    sheets = [
        PlanSheetView(sheet=1, name="compile", instrument="cli"),
        PlanSheetView(sheet=2, name="review", instrument="claude-code", instrument_found=False, needs=[1]),
    ]
    facts = {"job_name": "build", "workspace": "/srv/build", "sheets_total": 2, "max_concurrent": 4, "sheets": sheets}
    return PlanView.model_validate({**facts, **changes})


def _edit(params: ResumeParams) -> tuple[str | None, ...]:
    """Return the edit that a call makes, nothing for one that makes none."""
    return () if params.find is None else (params.find, params.replace)


@dataclass
class ScriptedPort(JobControl):
    """Answers from its fields; `calls` is what it was asked, `error` is raised by every call where it is set."""

    jobs: dict[str, JobView] = field(default_factory=lambda: {"build-x7k2q": job()})
    sheets: list[SheetView] = field(default_factory=list)
    sheets_cursor: str = ""
    checked: PlanView = field(default_factory=plan)
    score_text: ScoreText = field(default_factory=lambda: ScoreText(lines=["name: build"], lines_total=1))
    job_score: JobScore | None = None
    action: ActionView | None = None
    replayed: bool = False
    health: ProcessHealth = field(default_factory=lambda: ProcessHealth(4711, True, False, True, 12.34, 56.78, 90.1))
    page: JobPage | None = None
    cleared: ClearView = field(default_factory=ClearView)
    waited: WaitView | None = None
    output: LogView | None = None
    explained: ExplainView | None = None
    goes_on: RunningView = field(default_factory=RunningView)
    files: ArtifactPage = field(
        default_factory=lambda: ArtifactPage(
            workspace="/srv/build", entries=[ArtifactEntry(path="report.md", type="file", size_bytes=12)], total=1
        )
    )
    text: ArtifactText = field(
        default_factory=lambda: ArtifactText(path="report.md", size_bytes=12, text="All is well.")
    )
    whole: ArtifactBytes = field(
        default_factory=lambda: ArtifactBytes(path="plot.png", data=b"\x89PNG\0", is_text=False, mime_type="image/png")
    )
    ends: dict[str, dict[str, Any]] = field(default_factory=dict)
    error: Exception | None = None
    calls: list[tuple[str, Any]] = field(default_factory=list)
    waiting: anyio.Event = field(default_factory=anyio.Event)
    released: anyio.Event = field(default_factory=anyio.Event)
    left: anyio.Event = field(default_factory=anyio.Event)
    closed: bool = False
    resources: str = ""  # of the machine, those in use
    cluster_sheets: int = 0
    happened: list[EventView] = field(default_factory=list)
    happening: anyio.Event = field(default_factory=anyio.Event)
    asked_changes: anyio.Event = field(default_factory=anyio.Event)

    def happens(self, job_id: str, kind: str = "sheet.completed", **data: Any) -> None:
        """Let an event come to those who wait for changes."""
        seq = len(self.happened) + 1
        event = EventView(seq=seq, job_id=job_id, job_seq=seq, type=kind, at="2026-01-02T03:04:05Z", data=data)
        self.happened.append(event)
        self.happening.set()
        self.happening = anyio.Event()

    def _asked(self, name: str, what: Any) -> None:
        self.calls.append((name, what))
        if self.error:
            raise self.error

    def _job(self, job_id: str) -> JobView:
        if job_id not in self.jobs:
            raise JobNotFound(
                f"Job {job_id} does not exist.", fix="list_jobs() shows the jobs.", near=sorted(self.jobs)
            )
        return self.jobs[job_id]

    async def start(self, request: SubmitParams) -> StartView:
        self._asked("start", request)
        return StartView(job=next(iter(self.jobs.values())), replayed=self.replayed)

    async def plan(self, request: ScoreParams) -> PlanView:
        self._asked("plan", request)
        return self.checked

    async def check(self, request: CheckParams) -> CheckedScore:
        self._asked("check", request)
        return CheckedScore(plan=self.checked, text=self.score_text if request.max_lines else None)

    async def score(self, request: JobScoreParams) -> JobScore:
        self._asked("score", request)
        return self.job_score or JobScore(job=self._job(request.job_id), text=self.score_text, file="inline")

    async def environment(self, request: EnvParams) -> EnvView:
        self._asked("environment", request)
        return EnvView()

    async def pause(self, job_id: str) -> ActionView:
        self._asked("pause", job_id)
        return self.action or ActionView(job=self._job(job_id), message="pause requested", pending=True)

    async def resume(self, params: ResumeParams) -> ActionView:
        self._asked(
            "resume", (params.job_id, params.from_sheet, params.config_path, params.config_content, *_edit(params))
        )
        return self.action or ActionView(job=self._job(params.job_id), message="Goes on with the sheets that are left")

    async def modify(self, params: ModifyParams) -> ActionView:
        self._asked(
            "modify", (params.job_id, params.from_sheet, params.config_path, params.config_content, *_edit(params))
        )
        return self.action or ActionView(job=self._job(params.job_id), message="Takes the changed score")

    async def cancel(self, job_id: str) -> ActionView:
        self._asked("cancel", job_id)
        return self.action or ActionView(job=self._job(job_id), message="cancel requested", pending=True)

    async def delete(self, job_id: str) -> JobView:
        self._asked("delete", job_id)
        return self._job(job_id)

    async def clear(self, params: ClearParams) -> ClearView:
        self._asked("clear", params)
        return self.cleared

    async def process_health(self, job_id: str) -> ProcessHealth:
        self._asked("process_health", job_id)
        self._job(job_id)
        return self.health

    async def list_page(self, *, status: JobFilter | None, name: str, limit: int, cursor: str) -> JobPage:
        self._asked("list_page", (status, name, limit, cursor))
        return self.page or JobPage(jobs=list(self.jobs.values()), total=len(self.jobs))

    async def detail(self, job_id: str, *, sheets: bool, sheets_cursor: str = "", limit: int = 50) -> JobDetail:
        self._asked("detail", (job_id, sheets, sheets_cursor, limit))
        found = self._job(job_id)
        return JobDetail(
            job=found, sheets=self.sheets if sheets else [], sheets_cursor=self.sheets_cursor if sheets else ""
        )

    async def record(self, job_id: str, *, commands: bool = False) -> JobRecord:
        self._asked("record", (job_id, commands))
        return JobRecord(job=self._job(job_id), sheets=self.sheets)

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
        self._asked("wait", (list(job_ids), until, timeout_seconds, after, *([pattern] if pattern else [])))
        found = [self._job(job_id) for job_id in job_ids]
        if progress:
            await progress(1.0, found)
            await progress(2.0, found)
        if self.waited is None and timeout_seconds:
            await self._block()
        return self.waited or WaitView(woke_for="timeout", jobs=found, after=CURSOR, waited_seconds=timeout_seconds)

    async def _block(self) -> None:
        """Set `waiting`, wait until the test sets `released`, and set `left` however that ends."""
        self.waiting.set()
        try:
            await self.released.wait()
        finally:
            self.left.set()

    async def running(self, job_id: str) -> RunningView:
        self._asked("running", job_id)
        return self.goes_on

    async def log(self, request: LogParams) -> LogView:
        self._asked("log", request)
        return self.output or LogView(
            job_id=request.job_id, sheet=2, sheet_name="tests", attempt=1, stream=request.stream
        )

    async def explain(self, job_id: str) -> ExplainView:
        self._asked("explain", job_id)
        return self.explained or ExplainView(job=self._job(job_id), kind="running")

    async def artifacts(self, job_id: str, *, path: str, limit: int, cursor: str) -> ArtifactPage:
        self._asked("artifacts", (job_id, path, limit, cursor))
        return self.files

    async def artifact(self, job_id: str, *, path: str, offset: int, max_bytes: int) -> ArtifactText:
        self._asked("artifact", (job_id, path, offset, max_bytes))
        return self.text

    async def artifact_bytes(self, job_id: str, *, path: str, max_bytes: int) -> ArtifactBytes:
        self._asked("artifact_bytes", (job_id, path, max_bytes))
        return self.whole

    async def changes(self, job_ids: Collection[str] | None, *, after: str) -> tuple[list[EventView], str]:
        self._asked("changes", (job_ids and sorted(job_ids), after))
        start = int(after.partition(":")[2]) if after else len(self.happened)
        while True:
            found = [each for each in self.happened[start:] if job_ids is None or each.job_id in job_ids]
            if found or not after:
                return found, f"h1:{len(self.happened)}"
            self.asked_changes.set()
            await self.happening.wait()

    async def task_state(self, key: str, *, end: dict[str, Any] | None = None) -> dict[str, Any] | None:
        self._asked("task_state", (key, end))
        return self.ends.setdefault(key, end) if end is not None else self.ends.get(key)

    async def conductor(self) -> ConductorView:
        self._asked("conductor", None)
        return ConductorView(
            product="podium",
            version="0.1.0",
            protocol="podium-1",
            pid=99,
            uptime_seconds=12.5,
            running_jobs=1,
            max_sheets=16,
            resources=self.resources,
            cluster_sheets=self.cluster_sheets,
            instruments=["cli"],
        )

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[JobControl]:
        """Stand for the port's life in a server; `closed` says that it is over."""
        try:
            yield self
        finally:
            self.closed = True
