"""The states of a Marianne conductor in our words.

`paused_at_chain` counts as paused, `pending` as queued.
"""

from podium.client.marianne.replies import JobState
from podium.contract.states import JobStatus, SheetStatus

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
SHEET_STATES: dict[str, SheetStatus] = {
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


def job_status(job: JobState) -> JobStatus:
    """Return the status of a job; a state that is not known counts as running."""
    return _JOB_STATES.get(job.status, "running")
