"""Attempts that a pause suspends, where the settings say so and their engine can; the others are let end as ever.

A job is paused when none of its attempts runs: it has then none, or only suspended ones, which stay open and keep what they have
but their place among the running sheets. They go on when the job does. That includes a job that is to take a changed score, or to
run a sheet again: they end with their old text before it does, as running ones do. A pause at a limit of costs suspends nothing.
"""

from podium.conductor.rules.batch import Batch
from podium.conductor.rules.state import Attempt, JobRun
from podium.conductor.rules.transitions import costs


def is_wanted(job: JobRun, *, suspending: bool) -> bool:
    """Return whether what runs of a job is to be suspended now; `suspending` is the setting."""
    return suspending and job.intent == "pause" and not costs.beyond_job(job)


def suspend(job: JobRun, batch: Batch) -> None:
    """Have every attempt of a job suspended whose pause was asked for, after the commit."""
    if is_wanted(job, suspending=batch.suspending):
        batch.wishes.extend((attempt, True) for attempt in job.running.values())


def go_on(job: JobRun, batch: Batch) -> list[str]:
    """Let the attempts of a job run again that are suspended, or about to be; return the labels of those that were."""
    labels = job.suspended_labels
    if job.intent == "pause" or labels:
        batch.wishes.extend((attempt, False) for attempt in job.running.values())
    wake(job, batch)
    return labels


def wake(job: JobRun, batch: Batch) -> None:
    """Note that no attempt of a job counts as suspended any more: each goes on, or is ended. The job is running if it has any."""
    for attempt in job.running.values():
        if attempt.suspended:
            turn(job, attempt, batch, suspended=False)
    if job.running and job.status == "paused":
        job.status, job.reason = "running", ""


def turn(job: JobRun, attempt: Attempt, batch: Batch, *, suspended: bool) -> None:
    """Note whether an attempt is suspended."""
    attempt.suspended = suspended
    batch.attempts[attempt.key] = attempt
    batch.turned.append(attempt)
    batch.touch(job)
