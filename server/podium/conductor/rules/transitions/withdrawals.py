"""Attempts that only wait in the queue of a cluster: a job that is to pause, or to take a changed score, does not wait for them.

They are taken back after the commit, and their sheets are pending again. One that begins meanwhile, which its engine knows first,
goes on as any running sheet.
"""

from collections.abc import Sequence

from podium.conductor.rules.batch import Batch
from podium.conductor.rules.state import Attempt, JobRun

_NAMED = 20  # sheets


def are_wanted(job: JobRun) -> bool:
    """Return whether a job waits for its running sheets to end, so that none of them should only begin now."""
    return job.intent in {"pause", "modify"}


def withdraw(job: JobRun, batch: Batch) -> None:
    """Have the attempts of a job taken back, after the commit, that are not known to have begun on their cluster."""
    batch.withdrawals.extend(_queued(job))


def awaited(job: JobRun, ends: str) -> str:
    """Return in a clause what a job waits for before it pauses or changes; `ends` says what its running sheets do then."""
    queued = [job.label(attempt.sheet) for attempt in _queued(job)]
    running = [label for label in job.running_labels if label not in queued]
    parts = [f"its running sheets {ends} ({', '.join(running)})"] if running else []
    if queued:
        parts.append(f"what is in its cluster's queue is taken back ({_named(queued)})")
    return " and ".join(parts)


def _queued(job: JobRun) -> list[Attempt]:
    attempts = (job.running[num] for num in sorted(job.running))
    return [each for each in attempts if job.plan.sheet(each.sheet).on_cluster and not (each.place or each.suspended)]


def _named(labels: Sequence[str]) -> str:
    more = f" and {len(labels) - _NAMED} more" if len(labels) > _NAMED else ""
    return f"{', '.join(labels[:_NAMED])}{more}"
