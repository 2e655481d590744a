"""What happens to sheets: an attempt starts and ends, a wait is over, a condition skips."""

from podium.conductor.engines.port import Place
from podium.conductor.rules.batch import Batch, Launch
from podium.conductor.rules.ends import ENDS
from podium.conductor.rules.places import ran_at
from podium.conductor.rules.state import Attempt, JobRun
from podium.conductor.rules.transitions import costs, suspensions
from podium.conductor.rules.transitions.failures import (
    Failure,
    facts,
    failed,
    note_applied,
    note_survivors,
    start_again,
)
from podium.conductor.rules.transitions.jobs import settle
from podium.conductor.rules.verdicts import Verdict
from podium.texts.shown import cut_line

_MOST_WARNINGS = 100
_PLACE_CHARS = 200


def start(job: JobRun, num: int, batch: Batch, mark: str, gpus: tuple[int, ...] = ()) -> None:
    """Start the next attempt of a ready sheet: the intent goes into this batch, the launch follows its commit."""
    claim = job.claim_of(num)
    run = job.run_of(num)
    run.status, run.reason, run.finished_at = "running", "", None
    run.attempts += 1
    run.started_at = batch.now.wall
    job.serial += 1
    attempt = Attempt(
        job_seq=job.seq,
        serial=job.serial,
        sheet=num,
        attempt=run.attempts,
        key=f"{mark}.{job.job_id}.{job.serial}",
        plan_hash=job.loaded.hash,
        instrument=claim.instrument,
        started_at=batch.now.wall,
        gpus=gpus,
        claim=claim,
    )
    job.running[num] = attempt
    if job.status == "queued":
        job.status, job.reason = "running", ""
        job.started_at = job.started_at or max(job.submitted_at, batch.now.wall)
        batch.event(job, "job.started", workspace=job.workspace)
    batch.touch(job, run)
    batch.attempts[attempt.key] = attempt
    batch.event(
        job, "sheet.started", sheet=num, name=job.label(num), attempt=run.attempts, instrument=attempt.instrument
    )
    note_applied(job, run, attempt, batch)
    batch.launches.append(Launch(job, attempt))
    job.not_before = batch.now.mono + job.plan.stagger_delay_ms / 1000


def placed(serial: int, place: Place, job: JobRun, batch: Batch) -> None:
    """Record that an attempt has left the queue of its cluster and runs on a node: its sheet has been running since then."""
    attempt = job.open_attempt(serial)
    where = ran_at(place, job.plan.sheet(attempt.sheet).engine) if attempt else ""
    if attempt is None or attempt.place or not where:
        return
    run = job.run_of(attempt.sheet)
    attempt.place = where
    run.started_at = min(max(attempt.started_at, place.since or batch.now.wall), batch.now.wall)
    batch.touch(job, run)
    batch.attempts[attempt.key] = attempt
    batch.event(
        job, "sheet.placed", sheet=attempt.sheet, name=job.label(attempt.sheet), attempt=attempt.attempt, place=where
    )


def skip(job: JobRun, num: int, reason: str, batch: Batch) -> None:
    """Skip a sheet because of its own condition; its dependents may run."""
    run = job.run_of(num)
    run.status, run.reason, run.satisfied, run.finished_at = "skipped", reason, True, batch.now.wall
    job.counts["skipped"] += 1
    batch.touch(job, run)
    batch.event(job, "sheet.skipped", sheet=num, name=job.label(num), skip_kind="condition", reason=reason)
    job.release(num)


def attempt_ended(job: JobRun, attempt: Attempt, verdict: Verdict, batch: Batch) -> None:
    """Record the end of an attempt and decide what follows."""
    end = verdict.end
    del job.running[attempt.sheet]
    # A file's time may be some milliseconds behind the clock, and any clock may be set back.
    attempt.open = attempt.suspended = False
    attempt.ended_at = max(attempt.started_at, end.ended_at or batch.now.wall)
    # The queue of a cluster does not count; its clocks may differ from ours.
    attempt.started_at = min(max(attempt.started_at, end.began_at), attempt.ended_at)
    attempt.place = cut_line(end.place, _PLACE_CHARS) or attempt.place
    attempt.end_reason, attempt.exit_code, attempt.signal = end.reason, end.exit_code, end.signal
    attempt.processes_ended, attempt.message = end.processes_ended, verdict.message
    attempt.validations, attempt.survivors = verdict.validations, end.survivors
    note_survivors(job, attempt)
    batch.attempts[attempt.key] = attempt
    run = job.run_of(attempt.sheet)
    run.finished_at = attempt.ended_at
    if end.began_at:
        run.started_at = attempt.started_at
    if (follows := ENDS[end.reason].follows) not in {"again", "pending"}:
        run.unbegun = 0
    costs.count(job, run, attempt, verdict.cost)
    batch.touch(job, run)
    job.stuck = False
    _note(job, run.num, verdict.notes, batch)
    if verdict.passed:
        attempt.outcome, run.status, run.reason, run.satisfied = "completed", "completed", "", True
        job.counts["completed"] += 1
        batch.event(job, "sheet.completed", **facts(job, attempt))
        job.release(run.num)
    elif job.intent == "cancel" or end.reason == "cancelled":
        attempt.outcome, run.status, run.reason = "cancelled", "cancelled", "ended because the job was cancelled"
        batch.event(job, "sheet.cancelled", **facts(job, attempt))
    elif verdict.skipped:
        attempt.outcome = "skipped"
        skip(job, run.num, verdict.message, batch)
    elif follows in {
        "again",
        "pending",
    }:  # the claim of the old folder is ours now, so the sheet starts again in a new one
        start_again(Failure(job, run, attempt, verdict, batch))
    else:
        attempt.outcome = "failed"
        failed(Failure(job, run, attempt, verdict, batch))
    if attempt.outcome in {"completed", "failed"}:
        job.not_before = max(job.not_before, batch.now.mono + job.plan.pause_between_sheets_seconds)
    settle(job, batch)


def attempt_suspended(job: JobRun, batch: Batch, *, serial: int, done: bool) -> None:
    """Take an engine's answer to a pause: an attempt is suspended, or it cannot be, and perhaps is not any more."""
    attempt = job.open_attempt(serial)
    if attempt is None or job.intent == "cancel" or (job.intent != "pause" and job.status != "paused"):
        return  # it has ended, or its job goes on or is being cancelled, since the engine was asked
    if attempt.suspended != done:
        suspensions.turn(job, attempt, batch, suspended=done)
    if not done and job.status == "paused":
        job.status, job.intent, job.reason = "running", "pause", ""
        batch.event(job, "job.pause_requested", running=job.playing_labels)
    settle(job, batch)


def _note(job: JobRun, num: int, notes: tuple[str, ...], batch: Batch) -> None:
    """Add to the warnings of the job, in front of those of its score, what may surprise about an attempt of a sheet."""
    told = [f"sheet {job.label(num)}: {note}." for note in notes]
    new = tuple(each for each in told if each not in job.warnings)
    if new:
        job.warnings = (*new, *job.warnings)[:_MOST_WARNINGS]
        batch.touch(job)


def wake(job: JobRun, num: int, batch: Batch) -> None:
    """End the waiting time of a sheet and make it ready again."""
    run = job.run_of(num)
    run.status, run.waiting_until, run.waiting_left = "pending", None, None
    job.waiting.discard(num)
    job.make_ready(num)
    batch.touch(job, run)
