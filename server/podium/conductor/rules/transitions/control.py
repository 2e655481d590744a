"""Pause, resume, modify, cancel and delete: what the state table allows, recorded as intents or done at once."""

from collections.abc import Callable
from typing import NotRequired, TypedDict

from podium.conductor.rules.batch import Batch, Record
from podium.conductor.rules.plans import LoadedPlan
from podium.conductor.rules.state import JobRun
from podium.conductor.rules.transitions import costs
from podium.conductor.rules.transitions.holds import approve, forget
from podium.conductor.rules.transitions.jobs import settle
from podium.conductor.rules.transitions.modify import (
    SHOWN,
    Difference,
    Kept,
    apply_modify,
    kept_sheets,
    match_sheets,
    requeue,
)
from podium.conductor.rules.transitions.suspensions import go_on, is_wanted, suspend, wake
from podium.conductor.rules.transitions.withdrawals import awaited, withdraw
from podium.contract.states import PAUSED_ON_REQUEST, Action, JobStatus, Phase, allowed_actions, rule
from podium.errors import WrongState

Comparison = Callable[[JobRun], Difference]
"""Returns how a changed score differs from the one that the job has now."""


class Done(TypedDict):
    """What a control did. `pending` means that it is recorded and the status has not changed yet.

    `kept` comes only with a changed score, `released` (the labels of approved sheets) only with a resume. `dropped_change` comes
    with a cancel: a changed score was pending and is forgotten.
    """

    message: str
    pending: bool
    kept: NotRequired[Kept]
    released: NotRequired[list[str]]
    dropped_change: NotRequired[bool]


def check(job: JobRun, action: Action) -> None:
    """Refuse an action that the table does not allow now.

    Raises:
        WrongState: says the state, the reason, what to do instead, and the allowed actions.
    """
    check_phase(job.job_id, job.status, job.phase, action)


def check_phase(job_id: str, status: JobStatus, phase: Phase, action: Action) -> None:
    """Do the same for a job that is known by its row."""
    cell = rule(action, phase)
    if not cell.allowed:
        raise WrongState(
            f"Cannot {action} job {job_id}: {cell.why}.",
            fix=cell.instead, job_id=job_id, state=status, phase=phase, allowed=allowed_actions(phase),
        )  # fmt: skip


def pause(job: JobRun, batch: Batch) -> Done:
    """Pause at the next sheet boundary, or as soon as what runs is suspended: at once if nothing runs.

    What only waits in the queue of a cluster is taken back.
    """
    check(job, "pause")
    job.intent = "pause"
    batch.event(job, "job.pause_requested", running=job.running_labels)
    suspend(job, batch)
    withdraw(job, batch)
    settle(job, batch)
    if job.status == "paused":
        return Done(message=f"Job {job.job_id} is paused.", pending=False)
    suspends = is_wanted(job, suspending=batch.suspending)
    when = awaited(job, "are suspended or, where that cannot be, have ended" if suspends else "end")
    return Done(message=f"Pause recorded: job {job.job_id} pauses when {when}.", pending=True)


def resume(
    job: JobRun,
    batch: Batch,
    *,
    from_sheet: int | str | None = None,
    new: LoadedPlan | None = None,
    path: str | None = None,
    differing: Comparison = lambda job: Difference(),
) -> Done:
    """Let a job continue. With a new plan or `from_sheet` while sheets run or are suspended, the change waits for them.

    `path` is where the new plan's score comes from, None for an inline one.

    Raises:
        WrongState: the state table refuses it.
        InvalidArguments: the sheet does not exist.
    """
    first = (new or job.next_plan or job.loaded).sheet_number(from_sheet)
    check(job, "resume")
    if new is None:
        costs.grant(job)
    if job.phase == "pause_pending" and new is None and first is None:
        go_on(job, batch)
        dropped, job.intent = job.intent, ""
        job.forget_change()
        batch.event(job, "job.resumed", withdrawn=dropped)
        what = "change" if dropped == "modify" else "pause"
        return Done(message=f"The pending {what} of job {job.job_id} was withdrawn; the job continues.", pending=False)
    if first is None and new is None and job.holding and job.reason != PAUSED_ON_REQUEST:
        return _approve(job, batch)
    if new is not None or job.status == "running" or (first is not None and job.running):
        return _change(job, batch, first, new, path, differing)
    suspended = job.suspended_labels
    requeue(job, first, batch)
    more = {"continued": suspended[:SHOWN]} if suspended else {}
    batch.event(job, "job.resumed", from_sheet=first, **more)
    waits = "continues" if suspended else "was queued to continue"
    told = "continues; nothing was approved" if job.held else waits
    return Done(message=f"Job {job.job_id} {told}.", pending=False)


def _approve(job: JobRun, batch: Batch) -> Done:
    """Approve the sheets that hold now; a job that was paused at them continues."""
    released = approve(job, batch)
    if job.status == "paused":
        requeue(job, None, batch)
    batch.event(job, "job.resumed", released=released[:SHOWN])
    more = f" and {len(released) - SHOWN} more" if len(released) > SHOWN else ""
    told = f"Approved in job {job.job_id}: {', '.join(released[:SHOWN])}{more}."
    return Done(message=told, pending=False, released=released[:SHOWN])


def modify(
    job: JobRun,
    batch: Batch,
    *,
    new: LoadedPlan,
    path: str | None = None,
    from_sheet: int | str | None = None,
    differing: Comparison = lambda job: Difference(),
) -> Done:
    """Give the job a changed score: at once if nothing runs, else when the running sheets have ended. `path` is as in `resume`.

    Raises:
        WrongState: the state table refuses it.
        InvalidArguments: the sheet does not exist.
    """
    first = new.sheet_number(from_sheet)
    check(job, "modify")
    return _change(job, batch, first, new, path, differing)


def preview(job: JobRun, *, new: LoadedPlan, from_sheet: int | str | None, differing: Comparison) -> Done:
    """Say what `modify` would do, and change nothing. Raises as it does."""
    first = new.sheet_number(from_sheet)
    check(job, "modify")
    kept = _kept(job, new, first, differing(job))[1]
    return Done(message="Nothing was changed.", pending=bool(job.running), kept=kept)


def _kept(job: JobRun, new: LoadedPlan, from_sheet: int | None, found: Difference) -> tuple[int | None, Kept]:
    """Return the sheet to continue from with a changed score, and what stays as it is."""
    if found.on_pending and from_sheet is None:
        from_sheet = _pending_first(job, new)
    return from_sheet, kept_sheets(job, new, from_sheet, found)


def _change(
    job: JobRun,
    batch: Batch,
    from_sheet: int | None,
    new: LoadedPlan | None,
    path: str | None,
    differing: Comparison,
) -> Done:
    """Take a changed score, or another sheet to continue from, now or when the running sheets have ended."""
    kept = None
    if new is not None:
        from_sheet, kept = _kept(job, new, from_sheet, differing(job))  # before the change, which drops the old state
        batch.plans[new.hash] = new
        job.next_plan, job.next_config_path = new, path
    job.next_from_sheet = from_sheet
    if job.running:
        go_on(job, batch)
        job.intent = "modify"
        withdraw(job, batch)
        batch.event(job, "job.modify_requested", running=job.running_labels)
        message = f"Change recorded: job {job.job_id} uses it when {awaited(job, 'end')}, then continues."
        done = Done(message=message, pending=True)
    else:
        apply_modify(job, batch)
        told = (
            "now uses the changed score and was queued to continue"
            if new is not None
            else "was queued to run the sheet again"
        )
        done = Done(message=f"Job {job.job_id} {told}.", pending=False)
    return done if kept is None else Done(**done, kept=kept)


def _pending_first(job: JobRun, new: LoadedPlan) -> int | None:
    """Return the sheet from which the pending change was to run, in a plan that was made by an edit of that change."""
    if job.next_plan is None or job.next_from_sheet is None:
        return None
    return match_sheets(job.next_plan, new).get(job.next_from_sheet)


def cancel(job: JobRun, batch: Batch) -> Done:
    """Cancel: at once if nothing runs, else the process trees are ended after the commit."""
    check(job, "cancel")
    dropped = job.next_plan is not None
    job.intent = "cancel"
    for num in sorted(job.waiting):
        run = job.run_of(num)
        run.status, run.reason, run.waiting_until, run.waiting_left = "cancelled", "cancelled while waiting", None, None
        batch.touch(job, run)
    job.waiting.clear()
    forget(job, batch)
    wake(job, batch)
    batch.event(job, "job.cancel_requested", running=job.running_labels)
    batch.cancels.extend(job.running.values())
    settle(job, batch)
    if job.status == "cancelled":
        return Done(message=f"Job {job.job_id} is cancelled.", pending=False, dropped_change=dropped)
    message = f"Cancel recorded: the processes of {', '.join(job.running_labels)} are being terminated."
    return Done(message=message, pending=True, dropped_change=dropped)


def delete(job: JobRun, batch: Batch) -> Done:
    """Remove a terminal job, its history and its logs; its idempotency key stays taken, its workspace is left alone."""
    check(job, "delete")
    batch.event(job, "job.deleted", name=job.name, status=job.status)
    batch.records.extend(removal(job.seq, job.job_id, batch.now.wall))
    batch.removals.append(job.job_id)
    message = f"Job {job.job_id} and its logs were deleted; its workspace {job.workspace} was kept."
    return Done(message=message, pending=False)


def removal(seq: int, job_id: str, now: float) -> list[Record]:
    """Return the rows that remove a job and leave its tombstone."""
    return [
        ("deleted_keys", (now, job_id)),
        ("deleted_events", (job_id,)),
        ("deleted_jobs", (seq,)),
        ("tombstones", (job_id, now)),
        ("removals", (job_id,)),
    ]
