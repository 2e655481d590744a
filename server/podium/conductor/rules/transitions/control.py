"""Pause, resume, modify, cancel and delete: what the state table allows, recorded as intents or done at once."""

from collections.abc import Collection
from typing import NotRequired, TypedDict

from podium.conductor.clock import Clock
from podium.conductor.rules.batch import Batch
from podium.conductor.rules.state import JobRun, LoadedPlan
from podium.conductor.rules.transitions.jobs import settle
from podium.conductor.rules.transitions.modify import Kept, apply_modify, kept_sheets, requeue
from podium.contract.states import Action, allowed_actions, rule
from podium.errors import WrongState


class Done(TypedDict):
    """What a control did. `pending`: recorded, and the status has not changed yet. `kept`: with a changed score only.

    `dropped_change`: of a cancel, that the job was to take a changed score, which is forgotten.
    """

    message: str
    pending: bool
    kept: NotRequired[Kept]
    dropped_change: NotRequired[bool]


def check(job: JobRun, action: Action) -> None:
    """Refuse an action that the table does not allow now.

    Raises:
        WrongState: with the state, the reason, what serves the purpose instead, and the allowed actions.
    """
    cell = rule(action, job.phase)
    if not cell.allowed:
        raise WrongState(
            f"Cannot {action} job {job.job_id}: {cell.why}.",
            fix=cell.instead, job_id=job.job_id, state=job.status, phase=job.phase, allowed=allowed_actions(job.phase),
        )  # fmt: skip


def pause(job: JobRun, batch: Batch, clock: Clock) -> Done:
    """Pause at the next sheet boundary: at once where nothing runs."""
    check(job, "pause")
    job.intent = "pause"
    batch.event(job, "job.pause_requested", running=[job.label(num) for num in sorted(job.running)])
    settle(job, batch, clock)
    if job.status == "paused":
        return Done(message=f"Job {job.job_id} is paused.", pending=False)
    names = ", ".join(job.label(num) for num in sorted(job.running))
    return Done(message=f"Pause recorded: job {job.job_id} pauses when {names} ends.", pending=True)


def resume(job: JobRun, from_sheet: int | None, new: LoadedPlan | None, batch: Batch,
           differing: Collection[int] = ()) -> Done:  # fmt: skip
    """Let a job go on. With a new plan or `from_sheet` while sheets still run, the change waits for them."""
    check(job, "resume")
    if job.phase == "pause_pending" and new is None and from_sheet is None:
        dropped, job.intent = job.intent, ""
        job.next_plan, job.next_from_sheet = None, None
        batch.event(job, "job.resumed", withdrawn=dropped)
        return Done(message=f"The pending {dropped} of job {job.job_id} is withdrawn; it runs on.", pending=False)
    if new is not None or job.running:
        return _change(job, from_sheet, new, batch, differing)
    requeue(job, from_sheet, batch)
    batch.event(job, "job.resumed", from_sheet=from_sheet)
    return Done(message=f"Job {job.job_id} is queued to go on.", pending=False)


def modify(job: JobRun, from_sheet: int | None, new: LoadedPlan, batch: Batch,
           differing: Collection[int] = ()) -> Done:  # fmt: skip
    """Give the job a changed score: at once where nothing runs, else when the running sheets end.

    `differing` are the sheets of the new plan whose text is another one than before.
    """
    check(job, "modify")
    return _change(job, from_sheet, new, batch, differing)


def _change(
    job: JobRun, from_sheet: int | None, new: LoadedPlan | None, batch: Batch, differing: Collection[int]
) -> Done:
    if new is None:
        return _take(job, from_sheet, None, batch)
    batch.plans[new.hash] = new
    kept = kept_sheets(job, new, from_sheet, differing)  # before the change, which forgets what was
    return Done(**_take(job, from_sheet, new, batch), kept=kept)


def _take(job: JobRun, from_sheet: int | None, new: LoadedPlan | None, batch: Batch) -> Done:
    job.next_plan, job.next_from_sheet = new or job.next_plan, from_sheet
    if not job.running:
        apply_modify(job, batch)
        return Done(message=f"Job {job.job_id} has the changed score and is queued to go on.", pending=False)
    job.intent = "modify"
    names = ", ".join(job.label(num) for num in sorted(job.running))
    batch.event(job, "job.modify_requested", running=[job.label(num) for num in sorted(job.running)])
    return Done(message=f"Change recorded: job {job.job_id} takes it and goes on when {names} ends.", pending=True)


def cancel(job: JobRun, batch: Batch, clock: Clock) -> Done:
    """Cancel: at once where nothing runs, else the process trees are ended after the commit."""
    check(job, "cancel")
    dropped = job.next_plan is not None
    job.intent = "cancel"
    for num in sorted(job.waiting):
        run = job.run_of(num)
        run.status, run.reason, run.waiting_until, run.waiting_left = "cancelled", "cancelled while waiting", None, None
        batch.touch(job, run)
    job.waiting.clear()
    batch.event(job, "job.cancel_requested", running=[job.label(num) for num in sorted(job.running)])
    batch.cancels.extend(job.running.values())
    settle(job, batch, clock)
    if job.status == "cancelled":
        return Done(message=f"Job {job.job_id} is cancelled.", pending=False, dropped_change=dropped)
    names = ", ".join(job.label(num) for num in sorted(job.running))
    return Done(
        message=f"Cancel recorded: the processes of {names} are being ended.", pending=True, dropped_change=dropped
    )


def delete(job: JobRun, batch: Batch, clock: Clock) -> Done:
    """Remove a terminal job, its history and its logs; its idempotency key stays taken, its workspace is left alone."""
    check(job, "delete")
    batch.event(job, "job.deleted", name=job.name, status=job.status)
    batch.extra.add("deleted_keys", (clock.wall, job.job_id))
    batch.extra.add("deleted_events", (job.job_id,))
    batch.extra.add("deleted_jobs", (job.seq,))
    batch.extra.add("tombstones", (job.job_id, clock.wall))
    batch.extra.add("removals", (job.job_id,))
    return Done(
        message=f"Job {job.job_id} and its logs are deleted; its workspace {job.workspace} is untouched.", pending=False
    )
