"""What happens to sheets: an attempt starts, ends, is retried, or takes its dependents down with it."""

import heapq
import random
from dataclasses import dataclass

from podium.conductor.batch import Batch, Launch
from podium.conductor.clock import Clock
from podium.conductor.engines.port import End
from podium.conductor.state import Attempt, JobRun, SheetRun
from podium.conductor.transitions.jobs import settle
from podium.score.plan import Retry


@dataclass(frozen=True)
class Verdict:
    """What the conductor found of an ended attempt. `validations` is JSON; `message` says why it failed."""

    end: End
    passed: bool
    message: str = ""
    validations: str = "[]"
    skipped: bool = False  # its condition or command said so: nothing ran; `message` says which


def start(job: JobRun, num: int, batch: Batch, clock: Clock, home_id: str) -> None:
    """Start the next attempt of a ready sheet: the intent goes into this batch, the launch follows its commit."""
    run = job.run_of(num)
    run.status, run.reason, run.finished_at = "running", "", None
    run.attempts += 1
    run.started_at = clock.wall
    job.serial += 1
    attempt = Attempt(
        job_seq=job.seq,
        serial=job.serial,
        sheet=num,
        attempt=run.attempts,
        key=f"{home_id}.{job.job_id}.{job.serial}",
        plan_hash=job.loaded.hash,
        started_at=clock.wall,
    )
    job.running[num] = attempt
    _mark_started(job, batch, clock)
    batch.touch(job, run)
    batch.attempts[attempt.key] = attempt
    batch.event(job, "sheet.started", sheet=num, name=job.label(num), attempt=run.attempts)
    batch.launches.append(Launch(job, attempt))
    job.not_before = clock.mono + job.plan.stagger_delay_ms / 1000


def _mark_started(job: JobRun, batch: Batch, clock: Clock) -> None:
    if job.status == "queued":
        job.status, job.reason = "running", ""
        job.started_at = job.started_at or clock.wall
        batch.event(job, "job.started", workspace=job.workspace)


def skip(job: JobRun, num: int, reason: str, batch: Batch, clock: Clock) -> None:
    """Skip a sheet because its own condition says so; its dependents may run."""
    run = job.run_of(num)
    run.status, run.reason, run.satisfied, run.finished_at = "skipped", reason, True, clock.wall
    job.counts["skipped"] += 1
    batch.touch(job, run)
    batch.event(job, "sheet.skipped", sheet=num, name=job.label(num), reason=reason)
    job.release(num)
    settle(job, batch, clock)


def attempt_ended(job: JobRun, attempt: Attempt, verdict: Verdict, batch: Batch, clock: Clock) -> None:
    """Record the one end of an attempt and decide what follows from it."""
    end = verdict.end
    del job.running[attempt.sheet]
    attempt.open, attempt.ended_at = False, end.ended_at or clock.wall
    attempt.end_reason, attempt.exit_code, attempt.signal = end.reason, end.exit_code, end.signal
    attempt.processes_ended, attempt.message = end.processes_ended, verdict.message
    attempt.validations = verdict.validations
    batch.attempts[attempt.key] = attempt
    run = job.run_of(attempt.sheet)
    run.finished_at = attempt.ended_at
    batch.touch(job, run)
    job.stuck = False
    _conclude(job, run, attempt, verdict, batch, clock)
    if attempt.outcome in {"completed", "failed"}:
        job.not_before = max(job.not_before, clock.mono + job.plan.pause_between_sheets_seconds)
    settle(job, batch, clock)


def _conclude(job: JobRun, run: SheetRun, attempt: Attempt, verdict: Verdict, batch: Batch, clock: Clock) -> None:
    if verdict.passed:
        attempt.outcome = "completed"
        _complete(job, run, attempt, batch)
    elif job.intent == "cancel" or verdict.end.reason == "cancelled":
        attempt.outcome, run.status, run.reason = "cancelled", "cancelled", "ended by the cancel"
        batch.event(job, "sheet.cancelled", **_facts(job, attempt))
    elif verdict.skipped:
        attempt.outcome = "skipped"
        skip(job, run.num, verdict.message, batch, clock)
    elif verdict.end.reason == "never_started":
        # The claim of the old folder is ours now, so the sheet starts anew in a new one; no retry is used up.
        attempt.outcome, run.status = "abandoned", "pending"
        heapq.heappush(job.ready, run.num)
    else:
        attempt.outcome = "failed"
        _retry_or_fail(job, run, attempt, batch, clock)


def _facts(job: JobRun, attempt: Attempt) -> dict[str, object]:
    return {
        "sheet": attempt.sheet,
        "name": job.label(attempt.sheet),
        "attempt": attempt.attempt,
        "exit_code": attempt.exit_code,
        "end_reason": attempt.end_reason,
        "processes_ended": attempt.processes_ended,
    }


def _complete(job: JobRun, run: SheetRun, attempt: Attempt, batch: Batch) -> None:
    run.status, run.reason, run.satisfied = "completed", "", True
    job.counts["completed"] += 1
    batch.event(job, "sheet.completed", **_facts(job, attempt))
    job.release(run.num)


def _retry_or_fail(job: JobRun, run: SheetRun, attempt: Attempt, batch: Batch, clock: Clock) -> None:
    sheet = job.plan.sheet(run.num)
    policy = job.plan.retries[sheet.retry]
    final = attempt.end_reason == "lost" and sheet.on_lost == "fail"
    if not final and run.retries_used < policy.max_retries:
        _retry(job, run, attempt, policy, batch, clock)
    else:
        run.status, run.reason = "failed", attempt.message
        job.counts["failed"] += 1
        batch.event(job, "sheet.failed", reason=attempt.message, **_facts(job, attempt))
        skip_rest(job, run.num, batch)


def delay_of(policy: Retry, retries_used: int) -> float:
    """Return the seconds before the next retry: exponential from the base, bounded, with up to a quarter of jitter."""
    delay: float = min(policy.max_delay_seconds, policy.base_delay_seconds * policy.exponential_base**retries_used)
    return delay * random.uniform(0.75, 1.0) if policy.jitter else delay  # noqa: S311 -- spreads load, keeps no secret


def _retry(job: JobRun, run: SheetRun, attempt: Attempt, policy: Retry, batch: Batch, clock: Clock) -> None:
    delay = delay_of(policy, run.retries_used)
    run.retries_used += 1
    run.status, run.waiting_left, run.waiting_until = "waiting", delay, clock.wall + delay
    run.reason = f"{attempt.message}; retry {run.retries_used} of {policy.max_retries}"
    job.waiting.add(run.num)
    batch.event(
        job,
        "sheet.retrying",
        reason=attempt.message,
        delay_seconds=round(delay, 3),
        retry=run.retries_used,
        max_retries=policy.max_retries,
        **_facts(job, attempt),
    )


def wake(job: JobRun, num: int, batch: Batch) -> None:
    """End the waiting time of a sheet: it is ready again."""
    run = job.run_of(num)
    run.status, run.waiting_until, run.waiting_left = "pending", None, None
    job.waiting.discard(num)
    heapq.heappush(job.ready, num)
    batch.touch(job, run)


def skip_rest(job: JobRun, failed: int, batch: Batch) -> None:
    """Skip what can no longer run after a failure: its dependents, or with fail_fast everything that has not started."""
    label = job.label(failed)
    for num in job.loaded.after([failed]):
        _skip_blocked(job, num, f"blocked by failed sheet {label}", batch)
    if job.plan.fail_fast:
        for num in sorted({*job.ready, *job.blocked, *job.waiting}):
            _skip_blocked(job, num, f"not started: sheet {label} failed and the score says fail_fast", batch)


def _skip_blocked(job: JobRun, num: int, reason: str, batch: Batch) -> None:
    if num not in job.blocked and num not in job.ready and num not in job.waiting:
        return
    job.blocked.pop(num, None)
    job.waiting.discard(num)
    if num in job.ready:
        job.ready.remove(num)
    run = job.run_of(num)
    run.status, run.reason, run.satisfied = "skipped", reason, False
    job.counts["skipped"] += 1
    batch.touch(job, run)
    batch.event(job, "sheet.skipped", sheet=num, name=job.label(num), reason=reason)
