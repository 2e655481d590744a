"""What follows from a failed attempt: a wait, another instrument, its completion, a retry, a remedy, or the end of the sheet."""

import json
import random
from dataclasses import dataclass, replace

from podium.conductor.rules.batch import Batch
from podium.conductor.rules.ends import ENDS, MOST_AGAIN
from podium.conductor.rules.healing.completion import note
from podium.conductor.rules.healing.diagnosis import Case, diagnose
from podium.conductor.rules.limits import LIMITED_UNTIL
from podium.conductor.rules.state import Attempt, JobRun, SheetRun
from podium.conductor.rules.transitions import costs
from podium.conductor.rules.verdicts import Verdict
from podium.contract.events import EventType
from podium.score.model.plan import Retry
from podium.times import elapsed, iso

LIMIT_WAITS = 5  # of one sheet for one instrument
LIMIT_WAIT_SECONDS = 60.0  # the first wait if the instrument names none; each is twice the one before
LONGEST_LIMIT_WAIT_SECONDS = 6 * 3600.0
AGAIN_SECONDS = (
    1.0  # before a sheet starts again that its cluster did not begin; each pause is five times the one before
)
_NO_RETRY = frozenset({"auth", "missing", "rate_limit"})  # trying again soon cannot help

MOST_SURVIVORS = 20  # that a job tells


@dataclass(frozen=True)
class Failure:
    """A failed attempt, and the objects in which its consequences are recorded."""

    job: JobRun
    run: SheetRun
    attempt: Attempt
    verdict: Verdict
    batch: Batch

    def event(self, kind: EventType, **data: object) -> None:
        """Record an event of the sheet."""
        self.batch.event(self.job, kind, **data, **facts(self.job, self.attempt))


def note_survivors(job: JobRun, attempt: Attempt) -> None:
    """Note what of an ended attempt lives on: the job tells it until it is resumed."""
    found = [f"sheet {job.label(attempt.sheet)}: {each.text}" for each in attempt.survivors]
    job.survivors = (*job.survivors, *found)[-MOST_SURVIVORS:]


def facts(job: JobRun, attempt: Attempt) -> dict[str, object]:
    """Return what every event about the end of an attempt carries."""
    left = {"survivors": [each.text for each in attempt.survivors]} if attempt.survivors else {}
    return {
        **left,
        "sheet": attempt.sheet,
        "name": job.label(attempt.sheet),
        "attempt": attempt.attempt,
        "instrument": attempt.instrument,
        "exit_code": attempt.exit_code,
        "end_reason": attempt.end_reason,
        "processes_ended": attempt.processes_ended,
        "duration_seconds": elapsed(attempt.started_at, attempt.ended_at or attempt.started_at),
    }


def failed(failure: Failure) -> None:
    """Decide what follows, the cheapest step first. Every step is bounded, so a sheet cannot continue for ever."""
    message = failure.attempt.message
    final = failure.attempt.end_reason == "elsewhere" or failure.verdict.trouble == "unjudged"
    if final or (failure.job.plan.fail_fast and failure.job.counts["failed"]):
        _give_up(failure, message)
        return
    if why := costs.beyond_sheet(failure.job, failure.run):
        _give_up(failure, f"{message}; {why}")
        return
    if _wait_out_limit(failure):
        return
    if failure.verdict.trouble in {"missing", "capacity", "rate_limit"} and _next_instrument(failure) is not None:
        _take_next(failure)
        failure.event("sheet.fallback", reason=message, to=failure.job.profile_of(failure.run.num).name)
        return
    if _complete(failure) or _retry(failure):
        return
    remedy = failure.run.remedy
    if not failure.job.self_healing:
        waited = f"; it has waited {failure.run.limit_waits} times" if failure.run.limit_waits > 1 else ""
        _give_up(failure, message + (waited if failure.verdict.trouble == "rate_limit" else ""))
    elif remedy is None:
        _heal(failure)
    else:
        reason = f"{message}; healing did not help ({remedy.cause}: {remedy.text})"
        failure.event("healing.failed", reason=reason, cause=remedy.cause, remedy=remedy.kind)
        _give_up(failure, reason)


def start_again(failure: Failure) -> None:
    """Let a sheet start again whose attempt never began: on a cluster after a pause that grows, but at once if it was taken back.

    That uses up no retry. What keeps this machine from starting anything holds all sheets up (see `supervisor.refused`).
    """
    run, attempt, end = failure.run, failure.attempt, failure.verdict.end
    if end.reason == "withdrawn" or failure.job.plan.sheet(run.num).engine == "local":
        attempt.outcome, run.status, run.reason = "abandoned", "pending", end.detail
        failure.event("sheet.abandoned", reason=attempt.message)
        failure.job.make_ready(run.num)
        return
    if run.unbegun >= MOST_AGAIN:
        attempt.outcome = "failed"
        attempt.message += f"; its cluster did not begin it {MOST_AGAIN + 1} times in a row"
        failed(failure)
        return
    delay = AGAIN_SECONDS * 5**run.unbegun
    run.unbegun += 1
    attempt.outcome = "abandoned"
    _wait(
        failure, delay, f"start {run.unbegun + 1} of {MOST_AGAIN + 1}, which uses up no retry, after: {attempt.message}"
    )
    failure.event("sheet.abandoned", reason=attempt.message, delay_seconds=round(delay, 3))


def _wait_out_limit(failure: Failure) -> bool:
    """Let a rate-limited sheet wait, without using up a retry."""
    run, verdict, limit = failure.run, failure.verdict, failure.job.plan.rate_limit
    if limit is not None:
        usual, most, longest = limit.wait_seconds, limit.max_waits, limit.wait_seconds * limit.max_waits
    else:
        usual, most, longest = LIMIT_WAIT_SECONDS * 2**run.limit_waits, LIMIT_WAITS, LONGEST_LIMIT_WAIT_SECONDS
    delay = max(1.0, verdict.wait_seconds or usual)
    if verdict.trouble != "rate_limit" or run.limit_waits >= most or delay > longest:
        return False
    run.limit_waits += 1
    until = iso(failure.batch.now.wall + delay)
    _wait(failure, delay, f"{failure.attempt.instrument} {LIMITED_UNTIL} {until}")
    failure.event(
        "sheet.rate_limited", reason=run.reason, delay_seconds=round(delay, 3), until=until, wait=run.limit_waits,
        max_waits=most,
    )  # fmt: skip
    return True


def _next_instrument(failure: Failure) -> str | None:
    fallbacks = failure.job.plan.sheet(failure.run.num).fallbacks
    return fallbacks[failure.run.player].instrument if failure.run.player < len(fallbacks) else None


def _take_next(failure: Failure) -> None:
    failure.run.player += 1
    failure.run.limit_waits = 0
    _ready(failure)


def _ready(failure: Failure) -> None:
    failure.run.status, failure.run.reason = "pending", failure.attempt.message
    failure.job.make_ready(failure.run.num)


def _wait(failure: Failure, seconds: float, reason: str) -> None:
    run = failure.run
    run.status, run.reason = "waiting", reason
    run.waiting_left, run.waiting_until = seconds, failure.batch.now.wall + seconds
    failure.job.waiting.add(run.num)


def _complete(failure: Failure) -> bool:
    """Ask an agent that passed a part of its validations to complete its work, without using up a retry."""
    job, run, message = failure.job, failure.run, failure.attempt.message
    sheet = job.plan.sheet(run.num)
    policy = job.plan.retries[sheet.retry]
    if run.completions >= policy.max_completion_attempts or not _is_unfinished(failure, policy):
        return False
    run.completions += 1
    run.note = note(failure.verdict.validations, message, failure.verdict.tail)
    most = policy.max_completion_attempts
    _wait(failure, policy.completion_delay_seconds, f"completion {run.completions} of {most} after: {message}")
    failure.event(
        "sheet.completing", reason=message, delay_seconds=round(policy.completion_delay_seconds, 3),
        completion=run.completions, max_completions=most,
    )  # fmt: skip
    return True


def _is_unfinished(failure: Failure, policy: Retry) -> bool:
    """Return whether an agent ended well and enough of its validations passed; those of later stages, not run, did not pass."""
    job, num, end = failure.job, failure.run.num, failure.verdict.end
    profile, total = job.profile_of(num), len(job.plan.sheet(num).validations)
    if profile.kind != "agent" or end.reason != "exited" or end.exit_code not in profile.success_codes or not total:
        return False
    passed = sum(1 for check in json.loads(failure.verdict.validations) if check["passed"])
    return passed > 0 and passed * 100 >= policy.completion_threshold_percent * total


def _retry(failure: Failure) -> bool:
    """Try again after a delay, if retries are left and trying again can help."""
    run, message = failure.run, failure.attempt.message
    sheet = failure.job.plan.sheet(run.num)
    policy = failure.job.plan.retries[sheet.retry]
    if _is_final(failure) or failure.verdict.trouble in _NO_RETRY or run.retries_used >= policy.max_retries:
        return False
    delay = delay_of(policy, run.retries_used)
    run.retries_used += 1
    run.note = ""
    _wait(failure, delay, f"retry {run.retries_used} of {policy.max_retries} after: {message}")
    failure.event(
        "sheet.retrying", reason=message, delay_seconds=round(delay, 3), retry=run.retries_used,
        max_retries=policy.max_retries,
    )  # fmt: skip
    return True


def _is_final(failure: Failure) -> bool:
    """Return whether the way in which the attempt ended forbids another one."""
    follows = ENDS[failure.verdict.end.reason].follows
    return follows == "never" or (follows == "on_lost" and failure.job.plan.sheet(failure.run.num).on_lost == "fail")


def delay_of(policy: Retry, retries_used: int) -> float:
    """Return the seconds before the next retry: exponential, bounded, and up to a quarter shorter with jitter."""
    delay: float = min(policy.max_delay_seconds, policy.base_delay_seconds * policy.exponential_base**retries_used)
    return delay * random.uniform(0.75, 1.0) if policy.jitter else delay  # noqa: S311 -- spreads load, keeps no secret


def _heal(failure: Failure) -> None:
    """Diagnose the cause; with a remedy the sheet gets one more round, else it fails with the diagnosis."""
    job, run = failure.job, failure.run
    diagnosis = diagnose(
        Case(
            failure.verdict,
            job.workspace,
            failure.attempt.instrument,
            job.profile_of(run.num).kind == "agent",
            _next_instrument(failure),
            job.limit_of(run.num),
            job.most_of(run.num),
        )
    )
    remedy = None if _is_final(failure) else diagnosis.remedy
    finding = {"cause": diagnosis.cause, "diagnosis": diagnosis.text, "remedy": remedy.kind if remedy else ""}
    failure.event("healing.diagnosed", reason=failure.attempt.message, **finding)
    if remedy is None:
        reason = f"{failure.attempt.message}; no remedy: {diagnosis.text}"
        failure.event("healing.failed", reason=reason, **finding)
        _give_up(failure, reason)
        return
    run.remedy, run.note = remedy, ""
    if remedy.kind == "wait":
        _wait(failure, remedy.wait_seconds or 0.0, f"{diagnosis.text}; healing {remedy.text}")
    elif remedy.kind == "next_instrument":
        _take_next(failure)
    else:
        _ready(failure)


def note_applied(job: JobRun, run: SheetRun, attempt: Attempt, batch: Batch) -> None:
    """Record that an attempt is the first one with the sheet's remedy."""
    remedy = run.remedy
    if remedy is None or remedy.attempt:
        return
    run.remedy = replace(remedy, attempt=attempt.attempt)
    batch.event(
        job, "healing.applied", sheet=run.num, name=job.label(run.num), attempt=attempt.attempt,
        instrument=attempt.instrument, cause=remedy.cause, remedy=remedy.kind, does=remedy.text,
    )  # fmt: skip


def _give_up(failure: Failure, reason: str) -> None:
    job, run = failure.job, failure.run
    run.status, run.reason = "failed", reason
    job.counts["failed"] += 1
    failure.event("sheet.failed", reason=reason)
    skip_rest(job, run.num, failure.batch)


def skip_rest(job: JobRun, failed_sheet: int, batch: Batch) -> None:
    """Skip what can no longer run after a failure: its dependents, or with fail_fast everything that has not started."""
    label = job.label(failed_sheet)
    for num in job.loaded.after([failed_sheet]):
        if num in job.blocked:
            del job.blocked[num]
        elif num in job.waiting:
            job.waiting.discard(num)
        elif num in job.ready:
            job.ready.remove(num)
        else:
            continue
        _skip(job, num, f"blocked by failed sheet {label}", batch)
    if job.plan.fail_fast:
        rest = sorted({*job.ready, *job.blocked, *job.waiting, *job.held})
        for waits in (job.ready, job.blocked, job.waiting, job.held):
            waits.clear()
        for num in rest:
            _skip(job, num, f"not started: sheet {label} failed and the score sets fail_fast", batch)


def _skip(job: JobRun, num: int, reason: str, batch: Batch) -> None:
    run = job.run_of(num)
    run.status, run.reason, run.satisfied = "skipped", reason, False
    job.counts["skipped"] += 1
    job.cut_off += 1
    batch.touch(job, run)
    batch.event(job, "sheet.skipped", sheet=num, name=job.label(num), skip_kind="blocked", reason=reason)
