"""The Marianne conductor's replies as our views. Its words and states are mapped here and nowhere else.

The list has a job's state, workspace and progress; the status object has the sheets, without exit codes, times and output.
`paused_at_chain` counts as paused, `pending` as queued.
"""

from collections.abc import Sequence
from typing import Any

from podium.client.marianne.replies import JobState, Process
from podium.contract.models import JobView, SheetView
from podium.contract.near import as_named
from podium.contract.results import ProcessHealth
from podium.contract.states import Action, JobStatus, SheetStatus
from podium.texts.shown import one_line
from podium.times import iso

_JOB_STATES: dict[str, JobStatus] = {
    "pending": "queued",
    "queued": "queued",
    "running": "running",
    "paused": "paused",
    "paused_at_chain": "paused",
    "completed": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
}
_SHEET_STATES: dict[str, SheetStatus] = {
    "pending": "pending",
    "ready": "pending",
    "dispatched": "running",
    "in_progress": "running",
    "waiting": "waiting",
    "retry_scheduled": "waiting",
    "fermata": "waiting",
    "completed": "completed",
    "failed": "failed",
    "skipped": "skipped",
    "cancelled": "cancelled",
}
# What really works there: resuming a failed job changes nothing, modifying a running one loses it.
_ALLOWED: dict[JobStatus, list[Action]] = {
    "queued": ["cancel"],
    "running": ["pause", "cancel"],
    "paused": ["resume", "modify", "cancel"],
    "completed": ["delete"],
    "failed": ["delete"],
    "cancelled": ["resume", "modify", "delete"],
}
_REASONS: dict[JobStatus, str] = {
    "queued": "queued behind other jobs, or about to start",
    "running": "",
    "paused": "paused; a sheet that was running continues until it ends",
    "completed": "every sheet has completed",
    "failed": "a sheet failed",
    "cancelled": "cancelled",
}
_FERMATA = "it needs a decision that this conductor has no call for: cancel the job, or pause and resume it"


def job_status(job: JobState) -> JobStatus:
    """Return the status of a job; a state that is not known counts as running."""
    return _JOB_STATES.get(job.status, "running")


def job_view(entry: JobState, checkpoint: JobState | None = None) -> JobView:
    """Return the view of a job from its list entry and, if it was asked for, its status object."""
    state = checkpoint or entry
    status = job_status(entry)
    sheets = sheet_views(state)
    reason = _REASONS[status]
    if status == "failed":  # its own error, else that of its first failed sheet
        why = [f"sheet {sheet.sheet}: {sheet.reason}" for sheet in sheets if sheet.status == "failed" and sheet.reason]
        reason = _error(entry.error_message) or (why or [reason])[0]
    running = [sheet for sheet in sheets if sheet.status == "running"]
    return JobView(
        job_id=entry.job_id,
        job_name=state.job_name or entry.job_name or entry.job_id,
        status=status,
        reason=reason,
        sheets_total=state.total_sheets or entry.progress_total or entry.total_sheets or 0,
        sheets_completed=state.last_completed_sheet or entry.progress_completed or 0,
        sheets_failed=sum(sheet.status == "failed" for sheet in sheets),
        sheets_skipped=sum(sheet.status == "skipped" for sheet in sheets),
        sheets_blocked=len(blocked(state)),
        running=[str(sheet.sheet) for sheet in running],
        running_since=[sheet.started_at or "" for sheet in running],
        waiting=[str(sheet.sheet) for sheet in sheets if sheet.status == "waiting"],
        allowed_actions=_ALLOWED[status],
        workspace=entry.workspace or "",
        config_path=entry.config_path,
        submitted_at=_time(entry.submitted_at),
        started_at=_time(state.started_at or entry.started_at),
        finished_at=_time(state.completed_at or entry.completed_at),
    )


def named(entry: JobState) -> dict[str, Any]:
    """Return what tells a job from others of its name."""
    return as_named(entry.job_id, job_status(entry), _time(entry.submitted_at) or "", _time(entry.completed_at) or "")


def sheet_views(checkpoint: JobState) -> list[SheetView]:
    """Return the sheets of a status object in their order."""
    return [
        SheetView(
            sheet=num,
            name="",
            status=_SHEET_STATES.get(sheet.status or "", "running"),
            reason=_error(sheet.error_message) or (_FERMATA if sheet.status == "fermata" else ""),
            instrument=sheet.instrument_name or "",
            attempts=(sheet.normal_attempts or 0) + (sheet.completion_attempts or 0),
            exit_code=sheet.exit_code,
            started_at=sheet.started_at,
            finished_at=sheet.completed_at,
            duration_seconds=sheet.total_duration_seconds,
        )
        for num, sheet in sorted((checkpoint.sheets or {}).items())
    ]


def blocked(checkpoint: JobState) -> list[str]:
    """Return the sheets of a status object that are skipped since one that they need has failed."""
    return [
        str(num)
        for num, sheet in sorted((checkpoint.sheets or {}).items())
        if sheet.status == "skipped" and (sheet.error_message or "").startswith("Blocked by")
    ]


def _error(message: str | None) -> str:
    """Return an error of that conductor, "" for none. What a job wrote may stand in it: it is quoted, and said to be that."""
    return f"error text (may be the job's): {one_line(message)}" if message else ""


def _time(value: float | str | None) -> str | None:
    return iso(value) if isinstance(value, int | float) else value or None


def process_health(status: JobStatus, processes: Sequence[Process]) -> ProcessHealth:
    """Return liveness and load of a job from the processes that the conductor takes for its own.

    It tells neither the sheet nor its beginning. Its own fields are never filled, and its snapshot is up to five seconds old: a
    running job without a process in it counts as alive, since nothing says otherwise.
    """
    if status != "running" or not processes:
        return ProcessHealth(None, status == "running", is_zombie_state=False, process_exists=False)
    oldest = min(processes, key=lambda process: process.pid or 0)
    zombie = (oldest.state or "").upper().startswith("Z")
    return ProcessHealth(
        pid=oldest.pid,
        is_alive=not zombie,
        is_zombie_state=zombie,
        process_exists=True,
        cpu_percent=round(sum(process.cpu_percent or 0.0 for process in processes), 1),
        memory_mb=round(sum(process.rss_mb or 0.0 for process in processes), 1),
        processes=len(processes),
    )
