"""One batch of the conductor's work: what transitions touched, turned into the rows of one commit, and what follows it."""

import json
from dataclasses import dataclass, field
from typing import Any

from podium.conductor.clock import wall
from podium.conductor.rules.healing import remedies
from podium.conductor.rules.state import Attempt, JobRun, LoadedPlan, SheetRun
from podium.conductor.store.rows import Row, Rows
from podium.contract.models import EventView
from podium.times import iso


@dataclass(frozen=True)
class Launch:
    """An attempt to start after the commit."""

    job: JobRun
    attempt: Attempt


@dataclass
class Batch:
    """A unit of work. Touched objects are written as they are when the batch is committed."""

    next_seq: int  # of events
    jobs: dict[int, JobRun] = field(default_factory=dict)
    sheets: dict[tuple[int, int], SheetRun] = field(default_factory=dict)
    attempts: dict[str, Attempt] = field(default_factory=dict)
    plans: dict[str, LoadedPlan] = field(default_factory=dict)
    events: list[EventView] = field(default_factory=list)
    extra: Rows = field(default_factory=Rows)
    launches: list[Launch] = field(default_factory=list)
    cancels: list[Attempt] = field(default_factory=list)
    retired: list[JobRun] = field(default_factory=list)  # terminal now: leave memory

    def touch(self, job: JobRun, run: SheetRun | None = None) -> None:
        """Note that a job, and one of its sheets, has changed."""
        self.jobs[job.seq] = job
        if run is not None:
            self.sheets[(job.seq, run.num)] = run

    def event(self, job: JobRun, kind: str, **data: Any) -> None:
        """Record a transition. Every call touches the job, since its event count grows."""
        job.event_count += 1
        self.touch(job)
        self.events.append(
            EventView(
                seq=self.next_seq, job_id=job.job_id, job_seq=job.event_count, type=kind, at=iso(wall()), data=data
            )
        )
        self.next_seq += 1

    def remember(self, request_key: str, reply: Any, wall: float) -> None:
        """Keep a control's reply under its request key, in the same commit as what it did."""
        self.extra.add("replies", (request_key, json.dumps(reply), wall))

    def rows(self) -> Rows:
        """Return the rows of everything touched."""
        rows = Rows(dict(self.extra.by_kind))
        for loaded in self.plans.values():
            rows.add("plans", (loaded.hash, loaded.text, loaded.source))
        for job in self.jobs.values():
            rows.add("jobs", job_row(job))
        for (seq, _), run in self.sheets.items():
            rows.add("sheets", sheet_row(seq, run))
        for attempt in self.attempts.values():
            rows.add("attempts", attempt_row(attempt))
        now = wall()
        for event in self.events:
            rows.add("events", (event.seq, event.job_id, event.job_seq, event.type, now, json.dumps(event.data)))
        return rows


def job_row(job: JobRun) -> Row:
    """Return a job's row in the order of `JOB_COLUMNS`."""
    return (
        job.seq, job.job_id, job.name, job.status, job.intent, job.reason, job.loaded.hash,
        job.next_plan.hash if job.next_plan else None, job.next_from_sheet, job.workspace, job.config_path,
        job.start_sheet, int(job.self_healing), job.submitted_at, job.started_at, job.finished_at, job.total,
        job.counts["completed"], job.counts["failed"], job.counts["skipped"], job.event_count,
        job.serial, json.dumps(job.warnings), job.client,
    )  # fmt: skip


def sheet_row(job_seq: int, run: SheetRun) -> Row:
    """Return a sheet's row in the order of `SHEET_COLUMNS`."""
    return (
        job_seq, run.num, run.status, run.reason, int(run.satisfied), run.attempts, run.retries_used,
        run.waiting_until, run.waiting_left, run.started_at, run.finished_at, run.player, run.limit_waits,
        remedies.dump(run.remedy),
    )  # fmt: skip


def attempt_row(attempt: Attempt) -> Row:
    """Return an attempt's row in the order of `ATTEMPT_COLUMNS`."""
    return (
        attempt.job_seq, attempt.serial, attempt.sheet, attempt.attempt, attempt.key, attempt.plan_hash,
        attempt.instrument, int(attempt.open), attempt.started_at, attempt.ended_at, attempt.outcome, attempt.end_reason,
        attempt.exit_code, attempt.signal, attempt.processes_ended, attempt.message, attempt.validations,
    )  # fmt: skip
