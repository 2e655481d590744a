"""How the sheets of a numbered score run: the limits of rates, costs and silence, and what follows the end."""

from collections.abc import Iterator, Sequence

import regex

from podium.score.model.context import double_braces
from podium.score.model.draft import Hook, Stage
from podium.score.model.plan import CLI, CostLimits, RateLimit
from podium.score.numbered.fields.running import OnSuccessBlock
from podium.score.numbered.fields.score import NumberedScore
from podium.score.parts import PartBuilder
from podium.score.patterns import PatternFault, compile_pattern
from podium.score.text.document import Loc

_MINUTE = 60.0
_NO_CHAIN = (
    "not supported: a score cannot start another score; write type: run_command with command: podium run -d FILE, "
    "or start the next job when this one has ended"
)
_FIELDS = dict.fromkeys(("workspace", "job_id", "sheet_count"))
_OF_RUN_JOB = ("job_path", "job_workspace", "inherit_learning", "detached", "fresh")


def rate_limit(score: NumberedScore, parts: PartBuilder) -> RateLimit | None:
    """Return how long and how often a sheet waits at a rate limit, None if the score does not say."""
    block = score.rate_limit
    if block is None:
        return None
    for index, pattern in enumerate(block.detection_patterns):
        try:
            compile_pattern(pattern, regex.I)
        except PatternFault as fault:
            parts.problems.add(("rate_limit", "detection_patterns", index), str(fault))
    patterns = tuple(block.detection_patterns)
    return RateLimit(wait_seconds=block.wait_minutes * _MINUTE, max_waits=block.max_waits, patterns=patterns)


def cost_limits(score: NumberedScore, parts: PartBuilder, stages: Sequence[Stage]) -> CostLimits | None:
    """Return what the job may cost, None without a limit; note which of its agents do not say what they cost."""
    block, loc = score.cost_limits, ("cost_limits",)
    if block is None or not block.enabled:
        return None
    if block.max_cost_per_sheet is None and block.max_cost_per_job is None and not parts.problems.under(loc):
        parts.problems.add(loc, "needs max_cost_per_sheet or max_cost_per_job", key=True)
    for name in sorted(set(_agents(stages))):
        profile = parts.profiles.get(name)
        if profile is not None and not profile.get("cost_pattern"):
            parts.problems.note(f"{name} does not report what it costs, so the limit cannot be kept for it.", loc)
    return CostLimits(max_cost_per_sheet=block.max_cost_per_sheet, max_cost_per_job=block.max_cost_per_job)


def _agents(stages: Sequence[Stage]) -> Iterator[str]:
    """Yield the instruments that the sheets name, but for bash, which costs nothing."""
    for stage in stages:
        for play in stage.plays:
            yield from {play.instrument, *(each.instrument for each in play.fallbacks)} - {CLI}


def stale_seconds(score: NumberedScore, parts: PartBuilder) -> float | None:
    """Return the time without output after which an attempt is ended, None if that is not watched."""
    block = score.stale_detection
    if block is None or not block.enabled:
        return None
    if block.check_interval_seconds >= block.idle_timeout_seconds:
        given = "check_interval_seconds" if "check_interval_seconds" in block.model_fields_set else ""
        message = f"should be more than check_interval_seconds, which is {block.check_interval_seconds:g}"
        parts.problems.add(
            ("stale_detection", given or "idle_timeout_seconds"),
            f"should be less than idle_timeout_seconds, which is {block.idle_timeout_seconds:g}" if given else message,
        )
    return block.idle_timeout_seconds


def on_success(score: NumberedScore, parts: PartBuilder) -> tuple[Hook, ...]:
    """Return the commands that run when the job has completed. A script is run as a command, by its path."""
    hooks = enumerate(score.on_success or ())
    return tuple(_hook(("on_success", index), block, parts) for index, block in hooks)


def _hook(loc: Loc, block: OnSuccessBlock, parts: PartBuilder) -> Hook:
    problems = parts.problems
    if block.type == "run_job":
        problems.add((*loc, "type"), _NO_CHAIN)
    elif not problems.under(loc):
        for key in ("type", "command"):
            if not (getattr(block, key) or "").strip():
                problems.add(loc, f"needs {key}")
        parts.no_interpreter((*loc, "command"), block.command or "")
        for key in block.model_dump(exclude_unset=True, exclude_none=True, include=set(_OF_RUN_JOB)):
            problems.note(f"{key} has no effect: it belongs to run_job.", (*loc, key))
    for key in ("command", "working_directory"):
        for name in double_braces(getattr(block, key) or "", _FIELDS):
            message = f"is not a template, so {{{{ {name} }}}} would not be filled in; write {{{name}}}"
            problems.add((*loc, key), message)
    return Hook(
        command=block.command or "",
        working_directory=block.working_directory or "",
        description=block.description or "",
        timeout_seconds=block.timeout_seconds,
        aborts=block.on_failure == "abort",
    )
