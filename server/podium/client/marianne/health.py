"""What can be said of the processes of a Marianne conductor's job: nothing of their own, only what follows from its state.

Its list of processes is seconds old, and guesses whose they are.
"""

import time

from podium.client.marianne.reasons import ended_with_its_conductor
from podium.client.marianne.replies import DaemonStatus, JobState
from podium.contract.models import JobView
from podium.contract.results import ProcessHealth

_NOTE = "This conductor tells nothing about processes: whether the job counts as alive follows from its status."
_OLD = "Processes from before its conductor ended may still be alive; ps shows them."
_PERHAPS = (
    "This conductor was started after the job: if the one before it was killed, its processes may still be alive."
)


def process_health(entry: JobState, job: JobView, status: DaemonStatus) -> ProcessHealth:
    """Return the health of a job that is alive while it is running, or while a sheet runs on under its pause."""
    alive = job.status == "running" or bool(job.running)
    old = ""
    if ended_with_its_conductor(entry) and job.status in {"running", "paused", "failed", "queued"}:
        old = _OLD
    elif job.status == "running" and isinstance(entry.submitted_at, float):
        old = _PERHAPS if entry.submitted_at < time.time() - status.uptime_seconds else ""
    return ProcessHealth(
        pid=None, is_alive=alive, is_zombie_state=False, process_exists=False, note=f"{_NOTE} {old}".rstrip()
    )
