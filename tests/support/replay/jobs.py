"""The jobs of a replay conductor and how their states change. Nothing moves by itself: each request is one step of time."""

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.support.replay.faults import Fault
from tests.support.replay.runs import Run
from tests.support.replay.scores import JobConfig, load

SLOTS = 15
ACTIVE = {"queued", "running"}
TERMINAL = {"completed", "failed", "cancelled"}
RESTARTED = "Daemon restarted while job was active"
STEPS_OF_A_RESUME = 2  # it is seen as queued before it runs, and before its score is read


@dataclass
class Job:
    """A job in the conductor's list."""

    job_id: str
    config_path: str
    workspace: str
    status: str = "queued"
    submitted_at: float = field(default_factory=time.time)
    started_at: float | None = None
    error_message: str | None = None
    error_traceback: str | None = None
    chain_depth: int | None = None
    run: Run | None = None
    live: bool = False  # its run is in memory, so that the list tells its progress
    stored: bool = True  # a restart finds it
    starts_in: int | None = None  # steps
    is_resume: bool = False
    healing: bool = False
    cleanup_due: bool = False  # the task of its last run has still to clean up after itself
    unreachable: bool = False  # that clean-up took the task of the run after it
    recovered: bool = False

    def short(self) -> dict[str, Any]:
        """Return the short object."""
        found: dict[str, Any] = {
            "job_id": self.job_id,
            "status": self.status,
            "config_path": self.config_path,
            "workspace": self.workspace,
            "submitted_at": self.submitted_at,
            "started_at": self.started_at,
        }
        for name in ("error_message", "error_traceback", "chain_depth"):
            if (value := getattr(self, name)) is not None:
                found[name] = value
        return found

    def entry(self) -> dict[str, Any]:
        """Return its entry of the list."""
        found = self.short()
        if self.live and self.run is not None:
            found |= {"progress_completed": self.run.completed, "progress_total": len(self.run.sheets)}
        return found

    def put(self, status: str) -> None:
        """Set the state, also of its run."""
        self.status = status
        if self.run is not None:
            self.run.status = status


class Jobs:
    """All jobs, in the order of the list."""

    def __init__(self, faults: set[Fault], tell: Callable[[str, str, dict[str, Any]], None]) -> None:
        """`tell` gets the events of the stream: job id, name and data."""
        self.faults = faults
        self._tell = tell
        self.by_id: dict[str, Job] = {}
        self.slots = SLOTS
        self.leaked = 0
        self.under_pressure = False  # too many processes: nothing is accepted

    def step(self) -> None:
        """Let one moment pass: what is due begins, and sheets that can are started."""
        for job in list(self.by_id.values()):
            if (job.status == "running" or job.unreachable) and job.run is not None and not job.run.over:
                self.advance(job)
            if job.status == "queued" and job.starts_in is not None:
                job.starts_in = max(0, job.starts_in - 1)
                if not job.starts_in and self.taken() < self.slots:
                    self._begin(job)

    def settle(self) -> None:
        """Let so much time pass that all has happened that happens without a sheet ending."""
        for _ in range(4):
            self.step()
        for job in self.by_id.values():
            job.cleanup_due = False

    def taken(self) -> int:
        """How many slots are taken."""
        holding = {"running", "paused"} if Fault.PAUSED_HOLDS_SLOT in self.faults else {"running"}
        return self.leaked + sum(job.status in holding for job in self.by_id.values())

    def advance(self, job: Job) -> None:
        """Start the sheets of a job that can begin, and end the job when nothing is left."""
        run = job.run
        assert run is not None
        begun = run.dispatch() if job.status == "running" or job.unreachable else []
        for sheet in begun if Fault.TEMPLATE_ERROR_HANGS not in self.faults else []:
            if wrong := run.config.prompt_error(sheet.num, job.workspace):
                run.fail(sheet.num, wrong)
        if run.stuck and not run.lost and job.status == "running" and Fault.CYCLE_HANGS not in self.faults:
            run.fail(next(num for num, sheet in run.sheets.items() if sheet.status == "pending"), "Dependency cycle")
        if run.over and (job.status in {"running", "paused"} or job.unreachable):
            failed = any(sheet.status == "failed" for sheet in run.sheets.values())
            run.completed_at = time.time()
            job.put("failed" if failed else "completed")
            job.cleanup_due, job.unreachable = True, False
            self._tell(job.job_id, f"job.{job.status}", {"all_success": not failed})

    def queue(self, job: Job, *, is_resume: bool) -> None:
        """Let a job start soon."""
        job.status, job.is_resume = "queued", is_resume
        job.starts_in = STEPS_OF_A_RESUME if is_resume else 1
        if Fault.STALE_VIEWS not in self.faults and not is_resume:
            job.run, job.live = None, False

    def crash(self) -> None:
        """Lose what is in memory only, and find the jobs again as a new process does, the newest first."""
        kept = [job for job in self.by_id.values() if job.stored]
        self.by_id = {job.job_id: job for job in sorted(kept, key=lambda job: -job.submitted_at)}
        self.leaked = 0
        for job in kept:
            job.live = job.cleanup_due = job.unreachable = False
            if job.status in ACTIVE and Fault.CRASH_FAILS_ACTIVE in self.faults:
                job.put("failed")
                job.error_message, job.starts_in = RESTARTED, None
            elif job.status == "running" or (job.status == "paused" and Fault.CRASH_RESUMES_PAUSED in self.faults):
                self._restore(job, failed_too=False)
            elif job.status == "completed":
                job.run = None

    def _restore(self, job: Job, *, failed_too: bool) -> None:
        assert job.run is not None
        job.run.restore(job.run.config, failed_too=failed_too)
        job.put("running")
        job.live, job.started_at = True, time.time()
        self._tell(job.job_id, "job.resuming", {"sheet_count": len(job.run.sheets)})

    def _begin(self, job: Job) -> None:
        job.started_at, job.starts_in = time.time(), None
        config = self._read(job)
        if config is None:
            job.live = False
            job.put("failed")
        elif not job.is_resume or job.run is None:
            job.run, job.live = Run(config), not job.unreachable
            job.put("running")
            self._tell(job.job_id, "job.started", {"sheet_count": len(job.run.sheets), "instrument": "claude_cli"})
        else:
            job.run.config = config
            self._restore(job, failed_too=Fault.RESUME_OF_FAILED_IS_NOOP not in self.faults)
            if job.run.over:
                self.advance(job)

    def _read(self, job: Job) -> JobConfig | None:
        """Return the score of a job that starts, None when it cannot: a job that is resumed then fails without a reason."""
        if job.is_resume and job.run is None:
            return None
        try:
            return load(Path(job.config_path))
        except (OSError, ValueError, yaml.YAMLError) as error:
            if not job.is_resume:
                job.error_message, job.error_traceback = str(error), traceback.format_exc()
            return None
