"""Small plans and jobs for tests of the pure parts of the conductor."""

import hashlib
from collections.abc import Collection, Sequence

from podium.conductor.rules.plans import LoadedPlan
from podium.conductor.rules.state import JobRun
from podium.score.model.plan import CostLimits, Plan, PlanSheet, Player, RateLimit, Retry, Validation, dump_plan


def plan_of(needs: Sequence[Sequence[int]], *, max_concurrent: int = 4, max_retries: int = 0, fail_fast: bool = False,
            name: str = "demo", named: bool = True, instruments: Sequence[str] = (),
            holds: Collection[int] = (), checks: int = 0, completions: int = 0, **limits: RateLimit | CostLimits | None) -> Plan:  # fmt: skip
    """A plan with one sheet for each entry of `needs` (sheet numbers, from 1): `true` for cli, or what `instruments` play.

    Those in `holds` wait for an approval. Each has so many `checks`, and an agent is asked so often to complete its work.
    """
    first, *others = instruments or ["cli"]
    fallbacks = tuple(Player(instrument=each) for each in others)
    sheets = tuple(
        PlanSheet(num=num, name=f"s{num}" if named else "", template=0, needs=tuple(each), instrument=first,
                  fallbacks=fallbacks, hold=f"run s{num}?" if num in holds else "", validations=tuple(range(checks)))
        for num, each in enumerate(needs, 1)
    )  # fmt: skip
    retry = Retry(max_retries=max_retries, base_delay_seconds=1.0, max_completion_attempts=completions)
    validations = tuple(Validation(type="file_exists", path=f"made-{index}") for index in range(checks))
    return Plan(name=name, dialect="named", templates=("true",), sheets=sheets, max_concurrent=max_concurrent,
                fail_fast=fail_fast, retries=(retry,), validations=validations, **limits)  # fmt: skip


def job_of(plan: Plan, *, seq: int = 1, start_sheet: int = 1) -> JobRun:
    """A queued job that runs this plan."""
    text = dump_plan(plan)
    loaded = LoadedPlan(hashlib.sha256(text.encode()).hexdigest(), plan, "source", text)
    job = JobRun(seq=seq, job_id=f"{plan.name}-{seq}", name=plan.name, loaded=loaded, workspace="/nowhere",
                 submitted_at=1.0, start_sheet=start_sheet)  # fmt: skip
    job.rebuild()
    return job
