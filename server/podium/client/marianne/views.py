"""The Marianne conductor's answers as our views. Its words and states are mapped here and nowhere else.

Of a job its list tells state, workspace and progress, its status object the sheets; exit codes, times and output of sheets it
never fills in. `paused_at_chain` counts as paused, `pending` as queued.
"""

from collections.abc import Iterable
from typing import Any

from podium.contract.models import JobView, SheetView
from podium.contract.results import ProcessHealth
from podium.contract.states import Action, JobStatus, SheetStatus
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
    "paused": "paused; a sheet that was running goes on to its end",
    "completed": "every sheet has completed",
    "failed": "a sheet failed",
    "cancelled": "cancelled",
}


def job_status(state: dict[str, Any]) -> JobStatus:
    """Return the status of a list entry or status object."""
    return _JOB_STATES.get(str(state.get("status")), "running")


def job_view(entry: dict[str, Any], checkpoint: dict[str, Any] | None = None) -> JobView:
    """Return the view of a job from its list entry and, where it is at hand, its status object."""
    state = checkpoint or {}
    status = job_status(entry)
    sheets = sheet_views(state)
    return JobView(
        job_id=str(entry["job_id"]),
        job_name=str(state.get("job_name") or entry.get("job_name") or entry["job_id"]),
        status=status,
        reason=_reason(status, entry, sheets),
        sheets_total=int(state.get("total_sheets") or entry.get("progress_total") or entry.get("total_sheets") or 0),
        sheets_completed=int(state.get("last_completed_sheet") or entry.get("progress_completed") or 0),
        sheets_failed=_count(sheets, "failed"),
        sheets_skipped=_count(sheets, "skipped"),
        running=[str(sheet.sheet) for sheet in sheets if sheet.status == "running"],
        waiting=[str(sheet.sheet) for sheet in sheets if sheet.status == "waiting"],
        allowed_actions=_ALLOWED[status],
        workspace=str(entry.get("workspace") or ""),
        config_path=entry.get("config_path"),
        submitted_at=_time(entry.get("submitted_at")),
        started_at=_time(state.get("started_at") or entry.get("started_at")),
        finished_at=_time(state.get("completed_at") or entry.get("completed_at")),
    )


def sheet_views(checkpoint: dict[str, Any]) -> list[SheetView]:
    """Return the sheets of a status object in their order."""
    sheets = checkpoint.get("sheets")
    if not isinstance(sheets, dict):
        return []
    return [_sheet_view(int(num), sheets[num]) for num in sorted(sheets, key=int)]


def _sheet_view(num: int, sheet: dict[str, Any]) -> SheetView:
    state = str(sheet.get("status"))
    reason = str(sheet.get("error_message") or "")
    if state == "fermata":
        reason = reason or "waits for a decision that this conductor has no call for: cancel it, or pause and resume"
    return SheetView(
        sheet=num,
        name="",
        status=_SHEET_STATES.get(state, "running"),
        reason=reason,
        instrument=str(sheet.get("instrument_name") or ""),
        attempts=int(sheet.get("normal_attempts") or 0) + int(sheet.get("completion_attempts") or 0),
        exit_code=sheet.get("exit_code"),
        started_at=sheet.get("started_at"),
        finished_at=sheet.get("completed_at"),
        duration_seconds=sheet.get("total_duration_seconds"),
    )


def _reason(status: JobStatus, entry: dict[str, Any], sheets: list[SheetView]) -> str:
    """Return why the job is as it is: its own error, else its first failed sheet's, else what the state means."""
    failed = [f"sheet {sheet.sheet}: {sheet.reason}" for sheet in sheets if sheet.status == "failed" and sheet.reason]
    if status == "failed":
        return str(entry.get("error_message") or (failed or [_REASONS[status]])[0])
    return _REASONS[status]


def _count(sheets: list[SheetView], status: SheetStatus) -> int:
    return sum(1 for sheet in sheets if sheet.status == status)


def _time(value: Any) -> str | None:
    """Return a time as text: lists have epoch seconds, status objects text."""
    return iso(value) if isinstance(value, int | float) else value or None


def process_health(status: JobStatus, processes: Iterable[dict[str, Any]]) -> ProcessHealth:
    """Return liveness and load of a job from the processes that the conductor takes for its own.

    Its own fields are never filled, and its snapshot is up to five seconds old: without a process in it, a running job counts as
    alive, for nothing says that it is not.
    """
    own = sorted(processes, key=lambda process: int(process.get("pid") or 0))
    if status != "running" or not own:
        return ProcessHealth(None, status == "running", is_zombie_state=False, process_exists=False)
    zombie = str(own[0].get("state") or "").upper().startswith("Z")
    return ProcessHealth(
        pid=own[0].get("pid"),
        is_alive=not zombie,
        is_zombie_state=zombie,
        process_exists=True,
        cpu_percent=_sum(own, "cpu_percent"),
        memory_mb=_sum(own, "rss_mb"),
    )


def _sum(processes: list[dict[str, Any]], member: str) -> float:
    return round(sum(float(process.get(member) or 0.0) for process in processes), 1)
