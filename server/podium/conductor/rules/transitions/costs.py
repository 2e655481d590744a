"""What sheets and jobs may cost, as far as their instruments report it: `cost_limits` of a numbered score.

A sheet beyond its limit is not tried again. A job beyond its limit is paused as soon as nothing of it runs; a resume grants it
the same amount once more, since whoever resumes has read what it has cost. A changed score brings its own limit and grants
nothing.
"""

from podium.conductor.rules.state import Attempt, JobRun, SheetRun
from podium.score.model.plan import CostLimits


def count(job: JobRun, run: SheetRun, attempt: Attempt, cost: float | None) -> None:
    """Add what an ended attempt has cost."""
    attempt.cost = cost
    run.cost += cost or 0.0
    job.cost += cost or 0.0


def beyond_sheet(job: JobRun, run: SheetRun) -> str:
    """Return why a sheet may not be tried again, "" if it may."""
    limits = job.plan.cost_limits
    limit = limits.max_cost_per_sheet if limits else None
    if limit is None or run.cost <= limit:
        return ""
    return f"its attempts have cost {dollars(run.cost)}, more than max_cost_per_sheet, {dollars(limit)}"


def overspent(limits: CostLimits | None, cost: float, granted: float) -> tuple[float, float] | None:
    """Return what a job has spent of its limit, and the limit, if it is more than that."""
    limit, spent = limits.max_cost_per_job if limits else None, cost - granted
    return None if limit is None or spent <= limit else (spent, limit)


def beyond_job(job: JobRun) -> str:
    """Return why no further sheet of a job may start, "" if one may."""
    over = overspent(job.plan.cost_limits, job.cost, job.cost_granted)
    if over is None:
        return ""
    spent, limit = over
    since = f" since it was resumed, {dollars(job.cost)} in all" if job.cost_granted else ""
    return (
        f"the job has cost {dollars(spent)}{since}, more than max_cost_per_job, {dollars(limit)}; "
        "resume_job lets it spend that much again"
    )


def grant(job: JobRun) -> None:
    """Let a job that is beyond its limit go on for the same amount."""
    if beyond_job(job):
        job.cost_granted = job.cost


def shown(amount: float) -> float | None:
    """Return an amount for a reply, without what adding has left behind the sixth digit; None for nothing."""
    return round(amount, 6) or None


def dollars(amount: float) -> str:
    """Return an amount with cents, and with as many digits as a small one needs."""
    return f"${amount:.2f}" if amount >= 1 else f"${amount:.4g}"
