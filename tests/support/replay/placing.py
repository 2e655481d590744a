"""Jobs in every state there is, set directly, and what a test lets happen to one."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from tests.support.replay.jobs import RESTARTED, Job, Jobs
from tests.support.replay.runs import Run, Sheet
from tests.support.replay.scores import load

FAILURE = "Exit code 1"
AGE_SECONDS = 60.0  # of a job that is put in a state


class JobHandle:
    """A job as a test sees it: what happens to its sheets, and how it is now."""

    def __init__(self, jobs: Jobs, job_id: str, lock: threading.RLock) -> None:
        self._jobs, self.job_id, self._lock = jobs, job_id, lock

    @property
    def job(self) -> Job:
        """The job itself."""
        return self._jobs.by_id[self.job_id]

    @property
    def state(self) -> str:
        """The state of the job."""
        return self.job.status

    @property
    def sheets(self) -> list[Sheet]:
        """The sheets of its run, none if it has none."""
        return [] if self.job.run is None else list(self.job.run.sheets.values())

    def sheet(self, num: int) -> Sheet:
        """Return a sheet of its run."""
        return self._run.sheets[num]

    def finish_sheet(self, *nums: int) -> "JobHandle":
        """Let sheets complete one after another, also while the job is paused."""
        for num in nums:
            self._change(lambda run, num=num: run.finish(num))  # type: ignore[misc]
        return self

    def fail_sheet(self, num: int, error: str = FAILURE) -> "JobHandle":
        """Let a sheet fail for good."""
        self._change(lambda run: run.fail(num, error))
        return self

    def hold_sheet(self, num: int, status: str, attempts: int = 0) -> "JobHandle":
        """Let a sheet wait: `waiting` for a limit, `retry_scheduled` or `fermata`."""

        def change(run: Run) -> None:
            run.sheets[num].status, run.sheets[num].attempts = status, attempts

        self._change(change)
        return self

    @property
    def _run(self) -> Run:
        run = self.job.run
        assert run is not None
        return run

    def _change(self, change: Callable[[Run], None]) -> None:
        with self._lock:
            change(self._run)
            self._jobs.advance(self.job)


def place(jobs: Jobs, job_id: str, path: Path, state: str) -> None:
    """Add a job in a state of `STATES`, begun a while ago; its first sheet is completed where that makes sense."""
    config, begun = load(path), time.time() - AGE_SECONDS
    run = Run(config, created_at=begun + 0.02, started_at=begun + 0.02)
    job = Job(job_id, str(path), str(config.workspace), submitted_at=begun, started_at=begun + 0.01, live=True, run=run)
    jobs.by_id[job_id] = job
    STATES[state](job)


def _with(job: Job, status: str, *sheets: str) -> Job:
    """Give a job and its first sheets their states."""
    assert job.run is not None
    job.put(status)
    for num, each in enumerate(sheets, 1):
        job.run.sheets[num].status = each
        job.run.sheets[num].seconds = 0.005 if each == "completed" else 0.0
    return job


def _never_started(job: Job) -> None:
    job.status, job.started_at, job.live, job.run = "queued", None, False, None


def _never_began(job: Job) -> None:
    _never_started(job)
    job.status, job.error_message = "failed", RESTARTED


def _score_not_taken(job: Job) -> None:
    _with(job, "failed", "completed").live = False


def _failed(job: Job) -> None:
    run = _with(job, "running", "completed").run
    assert run is not None
    run.fail(2, FAILURE)
    run.completed_at = time.time()
    job.put("failed")


def _crashed(job: Job) -> None:
    _with(job, "failed", "completed", "dispatched")
    job.error_message, job.live = RESTARTED, False


def _cancelled(job: Job) -> None:
    _with(job, "cancelled", "completed", "dispatched").live = False


def _completed(job: Job) -> None:
    run = _with(job, "completed", "completed", "completed", "completed").run
    assert run is not None
    run.completed_at = time.time()


def _known_from_before(job: Job) -> None:
    _completed(job)
    job.live, job.run = False, None


def _known_from_a_shutdown(job: Job) -> None:
    """One that completed while its conductor waited for it, as the last thing that this stored."""
    _completed(job)
    job.live = False


def _held(status: str, attempts: int) -> Callable[[Job], None]:
    def put(job: Job) -> None:
        run = _with(job, "running", "completed", status).run
        assert run is not None
        run.sheets[2].attempts = attempts

    return put


def _submitted_again(job: Job) -> None:
    """Queue a completed job's score again, as the only thing that shows is the run before."""
    _completed(job)
    job.status, job.submitted_at, job.started_at = "queued", time.time(), None


STATES: dict[str, Callable[[Job], object]] = {
    "queued": _never_started,
    "running": lambda job: _with(job, "running", "completed", "dispatched"),
    "paused_in_a_sheet": lambda job: _with(job, "paused", "completed", "dispatched"),
    "paused": lambda job: _with(job, "paused", "completed"),
    "paused_in_the_last_sheet": lambda job: _with(job, "paused", "completed", "completed", "dispatched"),
    "paused_at_chain": lambda job: _with(job, "paused_at_chain", "completed"),
    "completed": _completed,
    "completed_before_a_restart": _known_from_before,
    "completed_during_a_shutdown": _known_from_a_shutdown,
    "failed": _failed,
    "failed_by_crash": _crashed,
    "failed_before_it_began": _never_began,
    "failed_by_its_changed_score": _score_not_taken,
    "cancelled": _cancelled,
    "fermata": _held("fermata", 2),
    "rate_limited": _held("waiting", 0),
    "retrying": _held("retry_scheduled", 1),
    "submitted_again": _submitted_again,
}
"""Every state in which a job can be, by a name that says how it came there. Jobs have three sheets or more."""
