"""The scheduler: fair, bounded, and free of jobs that only wait."""

from dataclasses import replace

from podium.conductor.rules.scheduler import Limits, Scheduler
from podium.conductor.rules.state import Attempt, JobRun
from tests.support.plans import job_of, plan_of


def start_all(scheduler: Scheduler, now: float = 0.0) -> list[tuple[str, int]]:
    """Start what may start; return (job id, sheet) in the order of the starts."""
    started = []
    for job, num, gpus in scheduler.next_sheets(now):
        claim = job.claim_of(num)
        name = claim.instrument
        job.running[num] = Attempt(job.seq, num, num, 1, "key", "hash", name, 0.0, gpus=gpus, claim=claim)
        started.append((job.job_id, num))
    return started


def offered(scheduler: Scheduler, *jobs: JobRun) -> None:
    for job in jobs:
        scheduler.offer(job)


def test_a_large_job_does_not_starve_a_small_one() -> None:
    scheduler = Scheduler(Limits(4))
    large = job_of(plan_of([[]] * 100, max_concurrent=20, name="large"), seq=1)
    small = job_of(plan_of([[]], name="small"), seq=2)
    offered(scheduler, large, small)
    assert start_all(scheduler) == [("large-1", 1), ("small-2", 1), ("large-1", 2), ("large-1", 3)]


def test_no_more_sheets_start_than_there_are_slots() -> None:
    scheduler = Scheduler(Limits(2))
    jobs = [job_of(plan_of([[]]), seq=seq) for seq in range(1, 6)]
    offered(scheduler, *jobs)
    assert len(start_all(scheduler)) == 2
    scheduler.give_back(jobs[0].running.pop(1))
    assert len(start_all(scheduler)) == 1


def test_a_job_starts_no_more_at_once_than_its_score_says() -> None:
    scheduler = Scheduler(Limits(16))
    offered(scheduler, job_of(plan_of([[]] * 5, max_concurrent=2)))
    assert len(start_all(scheduler)) == 2


def test_an_instrument_at_its_limit_holds_only_its_own_sheets_back() -> None:
    scheduler = Scheduler(Limits(16, per_agent=1))
    agents = plan_of([[], []], name="agents")
    agents = agents.model_copy(update={"sheets": tuple(replace(sheet, instrument="goose") for sheet in agents.sheets)})
    first = job_of(agents, seq=1)
    offered(scheduler, first, job_of(plan_of([[], []], name="shell"), seq=2))
    assert start_all(scheduler) == [("agents-1", 1), ("shell-2", 1), ("shell-2", 2)]
    scheduler.give_back(first.running.pop(1))
    assert start_all(scheduler) == [("agents-1", 2)]


def test_a_sheet_whose_instrument_has_no_room_holds_up_no_other_sheet_of_its_job() -> None:
    scheduler = Scheduler(Limits(16, per_agent=1))
    plan = plan_of([[], [], [], []], name="mixed")
    sheets = tuple(replace(each, instrument="goose") if each.num != 3 else each for each in plan.sheets)
    mixed = job_of(plan.model_copy(update={"sheets": sheets}))
    offered(scheduler, mixed)
    assert start_all(scheduler) == [("mixed-1", 1), ("mixed-1", 3)]
    scheduler.give_back(mixed.running.pop(1))
    offered(scheduler, mixed)
    assert start_all(scheduler) == [("mixed-1", 2)]


def test_a_paused_job_starts_nothing_and_holds_no_slot() -> None:
    scheduler = Scheduler(Limits(1))
    paused, other = job_of(plan_of([[]], name="paused"), seq=1), job_of(plan_of([[]], name="other"), seq=2)
    offered(scheduler, paused, other)
    paused.status = "paused"
    assert start_all(scheduler) == [("other-2", 1)]


def test_a_job_in_its_pause_between_sheets_leaves_the_line_until_its_time() -> None:
    scheduler = Scheduler(Limits(2))
    job = job_of(plan_of([[]]))
    job.not_before = 5.0
    offered(scheduler, job)
    assert start_all(scheduler, now=1.0) == []
    assert not scheduler.lines["local"]
    offered(scheduler, job)
    assert start_all(scheduler, now=5.0) == [("demo-1", 1)]
