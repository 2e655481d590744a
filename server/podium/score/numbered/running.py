"""The limits of a numbered score: of rates, costs and silence."""

from podium.score.model.plan import CostLimits, RateLimit
from podium.score.numbered.fields.score import NumberedScore
from podium.score.parts import PartBuilder

_MINUTE = 60.0


def rate_limit(score: NumberedScore) -> RateLimit | None:
    """Return how long and how often a sheet waits at a rate limit, None if the score does not say."""
    block = score.rate_limit
    return RateLimit(wait_seconds=block.wait_minutes * _MINUTE, max_waits=block.max_waits) if block else None


def cost_limits(score: NumberedScore, parts: PartBuilder) -> CostLimits | None:
    """Return what the job may cost, None without a limit."""
    block = score.cost_limits
    if block is None or not block.enabled:
        return None
    if block.max_cost_per_sheet is None and block.max_cost_per_job is None:
        parts.problems.add(("cost_limits",), "needs max_cost_per_sheet or max_cost_per_job", key=True)
    return CostLimits(max_cost_per_sheet=block.max_cost_per_sheet, max_cost_per_job=block.max_cost_per_job)


def stale_seconds(score: NumberedScore) -> float | None:
    """Return the time without output after which an attempt is ended, None if that is not watched."""
    block = score.stale_detection
    return block.idle_timeout_seconds if block is not None and block.enabled else None
