"""What a sheet waits for that asks more of this machine than a slot: how much of it is free, and who has the rest."""

from collections.abc import Collection

from podium.conductor.rules.capacity import KINDS, amount, beyond, count
from podium.conductor.rules.claims import Claim
from podium.conductor.rules.scheduler import Scheduler
from podium.conductor.rules.state import JobRun
from podium.conductor.rules.waits import Request

_NAMED = 2  # sheets that have what another one waits for


def of_job(job: JobRun, scheduler: Scheduler, now: float) -> str:
    """Return what the first of a job's ready sheets waits for that asks for something, "" if there is enough for it."""
    first = job.ready.first(lambda claim: claim.asks)
    why = of_claim(job, first[1], scheduler, now) if first else ""
    return f"sheet {job.label(first[0])} {why}" if first and why else ""


def of_sheets(job: JobRun, pending: Collection[int], scheduler: Scheduler, now: float) -> dict[int, str]:
    """Return what each of these pending sheets waits for that might start, were there enough of it."""
    if not job.dispatchable:
        return {}
    claims = {num: job.claim_of(num) for num in pending if num not in job.blocked and num not in job.held}
    known = {claim: of_claim(job, claim, scheduler, now) for claim in set(claims.values()) if claim.asks}
    return {num: known[claim] for num, claim in claims.items() if known.get(claim)}


def of_claim(job: JobRun, claim: Claim, scheduler: Scheduler, now: float) -> str:
    """Return what a sheet with this claim waits for, such as "waits for 2 GPUs: 1 of 2 is free", "" for nothing."""
    capacity = scheduler.limits.capacity
    if too_much := beyond(claim, capacity):
        parts = [
            f"{amount(kind, getattr(claim, kind))} (there is {count(kind, getattr(capacity, kind))})"
            for kind in too_much
        ]
        return f"cannot start on this machine: it asks for {' and '.join(parts)}"
    short = scheduler.short_of(Request(job, claim, scheduler.wants(job, claim)), now)
    return " and ".join(_shortage(kind, getattr(claim, kind), scheduler) for kind in short if kind in KINDS)


def _shortage(kind: str, asked: int, scheduler: Scheduler) -> str:
    free = max(0, getattr(scheduler.stock.free, kind))
    total = count(kind, getattr(scheduler.limits.capacity, kind))
    are = f"{count(kind, free)} of {total} {'is' if free == 1 else 'are'} free"
    why = _holders(kind, scheduler) if free < asked else ", but kept for a sheet that has waited longer"
    return f"waits for {amount(kind, asked)}: {are}{why}"


def _holders(kind: str, scheduler: Scheduler) -> str:
    """Return who has it, where that is short."""
    found = [each for each in scheduler.stock.holders.values() if getattr(each.claim, kind)]
    named = [
        f"sheet {each.label} of {each.job_id} has {count(kind, getattr(each.claim, kind))}" for each in found[:_NAMED]
    ]
    return f", {' and '.join(named)}" if len(found) <= _NAMED and named else ""


def in_use(scheduler: Scheduler) -> str:
    """Return what running sheets hold of what there is, "" while none holds, or waits for, anything."""
    stock = scheduler.stock
    if not stock.holders and not scheduler.waits.all:
        return ""
    parts = zip(KINDS, stock.in_use, stock.has, strict=True)
    return ", ".join(f"{count(kind, used)} of {amount(kind, has)}" for kind, used, has in parts if has or used)
