"""What tells of a job's end: noted in the same commit as the end, so that no crash loses it, and forgotten once it has run.

There are two commands: `on_end` of the score, and `notify` of the settings, which also tells of a job that is paused because a
sheet waits for an approval. The id of what they tell of is the job's with the number of its event: a job that is resumed and ends
again has another one.
"""

from podium.conductor.rules.batch import Batch
from podium.conductor.rules.state import JobRun
from podium.contract.notifications import NotificationKind, failure_warning, is_failure
from podium.contract.states import TERMINAL

_MOST_WARNINGS = 100


def note(job: JobRun, batch: Batch) -> None:
    """Note what is to tell of the event that was just recorded."""
    kinds: list[NotificationKind] = ["on_end"] if job.status in TERMINAL and job.plan.on_end else []
    if batch.telling.notify:
        kinds.append("notify")
    for kind in kinds:
        facts = batch.telling.shown(job, batch.next_seq - 1)
        batch.record("notifications", (f"{job.job_id}.{job.event_count}", kind, job.job_id, job.loaded.hash, facts))
        batch.has_news = True


def failed(job: JobRun, batch: Batch, *, id: str, kind: NotificationKind, why: str) -> None:  # noqa: A002
    """Tell of a command that failed: as a warning in place of that of an earlier end, and as an event. The status stays."""
    others = (each for each in job.warnings if not is_failure(each, kind))
    job.warnings = (failure_warning(kind, id, why), *others)[:_MOST_WARNINGS]
    batch.event(job, "job.notification_failed", id=id, command=kind, reason=why)
    batch.record("notified", (id, kind))
