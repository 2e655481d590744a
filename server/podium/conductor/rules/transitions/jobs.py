"""What happens to jobs as a whole: they are submitted, settle, and end."""

from typing import Literal

from podium.conductor.rules.batch import Batch
from podium.conductor.rules.state import JobRun
from podium.conductor.rules.transitions import costs, notifications
from podium.conductor.rules.transitions.holds import announce
from podium.conductor.rules.transitions.modify import SHOWN, apply_modify
from podium.conductor.rules.transitions.withdrawals import withdraw
from podium.contract.events import EventType
from podium.contract.states import PAUSED_ON_REQUEST

Ended = Literal["completed", "failed", "cancelled"]
_EVENT_OF: dict[Ended, EventType] = {
    "completed": "job.completed",
    "failed": "job.failed",
    "cancelled": "job.cancelled",
}


def submit(job: JobRun, batch: Batch) -> dict[str, str]:
    """Take a new job: its row, its plan and its first event are in this batch. Return what a repeated call gets as its reply."""
    job.rebuild()
    batch.plans[job.loaded.hash] = job.loaded
    batch.event(job, "job.submitted", name=job.name, sheets_total=job.total, client=job.client)
    return {"job_id": job.job_id}


def mark_stuck(job: JobRun, batch: Batch) -> None:
    """Note that a running job shows no sign of life."""
    if not job.stuck and job.playing:
        job.stuck = True
        batch.event(job, "job.stuck", running=job.running_labels)


def settle(job: JobRun, batch: Batch) -> None:
    """Derive the job's state from its sheets and its intent. Called after everything that may end something."""
    announce(job, batch)
    left = job.ready or job.waiting or job.blocked or job.held
    if left and not job.intent and job.status in {"queued", "running"} and (why := costs.beyond_job(job)):
        job.intent = "pause"
        withdraw(job, batch)
        batch.event(job, "job.pause_requested", running=job.running_labels, reason=why)
    if job.playing or (job.running and job.intent != "pause"):
        return
    if job.intent == "cancel":
        _finish(job, "cancelled", "cancelled on request", batch)
    elif job.intent == "modify":
        apply_modify(job, batch)
        settle(job, batch)  # the changed score may leave nothing to do
    elif not left and not job.running:
        failed = [run for run in job.sheets.values() if run.status == "failed"]
        if failed:
            first = min(failed, key=lambda run: (run.finished_at or 0.0, run.num))
            more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
            _finish(job, "failed", f"sheet {job.label(first.num)} failed{more}: {first.reason}", batch)
        else:
            late = "completed before the pause took effect" if job.intent == "pause" else ""
            _finish(job, "completed", late, batch)
    elif job.intent == "pause":
        _pause(job, costs.beyond_job(job) or PAUSED_ON_REQUEST, batch)
    elif job.held and not job.ready and not job.waiting and job.status != "paused":
        _pause(job, "", batch)


def _pause(job: JobRun, reason: str, batch: Batch) -> None:
    job.status, job.intent, job.reason, job.stuck = "paused", "", reason, False
    holding = [job.label(num) for num in sorted(job.held)[:SHOWN]]
    suspended = job.suspended_labels[:SHOWN]
    batch.event(
        job, "job.paused", sheets_completed=job.counts["completed"], **({"holding": holding} if holding else {}),
        **({"suspended": suspended} if suspended else {}),
    )  # fmt: skip
    if reason != PAUSED_ON_REQUEST:  # at a hold or a limit of costs, which needs a person
        notifications.note(job, batch)


def _finish(job: JobRun, status: Ended, reason: str, batch: Batch) -> None:
    job.status, job.intent, job.reason = status, "", reason
    job.forget_change()
    job.finished_at = max(job.started_at or job.submitted_at, batch.now.wall)  # the clock may have been set back
    batch.event(
        job,
        _EVENT_OF[status],
        reason=reason,
        sheets_completed=job.counts["completed"],
        sheets_failed=job.counts["failed"],
        sheets_skipped=job.counts["skipped"] - job.before_start - job.cut_off,
        sheets_before_start=job.before_start,
        sheets_blocked=job.cut_off,
    )
    notifications.note(job, batch)
    batch.retired.append(job)
