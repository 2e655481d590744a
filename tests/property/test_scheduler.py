"""The scheduler over any jobs and limits: never too much, never idle beside work, and fair."""

from collections import Counter

import hypothesis.strategies as st
from hypothesis import given

from podium.conductor.rules.scheduler import Limits, Scheduler
from tests.support.hall import Hall, hall, played_by
from tests.support.plans import job_of, plan_of


def end_one(hall: Hall, data: st.DataObject) -> None:
    """End any running sheet."""
    hall.end(*data.draw(st.sampled_from(hall.running)))


def check(hall: Hall) -> None:
    """The slots in use are those of what runs, within every limit, and no slot is free beside a sheet that may start."""
    scheduler, limits = hall.scheduler, hall.scheduler.limits
    used = Counter(attempt.instrument for job in hall.jobs for attempt in job.running.values())
    assert scheduler.used == used.total() <= limits.total
    assert {name: count for name, count in scheduler.used_by.items() if count} == used
    assert limits.per_agent is None or used["goose"] <= limits.per_agent
    for job in hall.jobs:
        assert len(job.running) <= job.plan.max_concurrent
    if used.total() < limits.total:
        for job in hall.jobs:
            if len(job.running) < job.plan.max_concurrent:
                held_back = {job.profile_of(num).name for num in job.ready}
                assert held_back <= {"goose"}
                assert not held_back or used["goose"] == limits.per_agent


@st.composite
def halls(draw: st.DrawFn) -> Hall:
    """A few jobs of sheets that need nothing, of cli and of an agent instrument, under limits."""
    plans = []
    for seq in range(1, draw(st.integers(1, 4)) + 1):
        players = draw(st.lists(st.sampled_from(["cli", "goose"]), min_size=1, max_size=6))
        plan = plan_of([[] for _ in players], max_concurrent=draw(st.integers(1, 4)), name=f"job{seq}")
        plans.append(played_by(plan, players))
    limits = Limits(draw(st.integers(1, 6)), draw(st.none() | st.integers(1, 3)))
    return hall(Scheduler(limits), *plans)


@given(halls(), st.data())
def test_every_sheet_starts_exactly_once_within_the_limits_and_no_slot_idles_beside_work(
    hall: Hall, data: st.DataObject
) -> None:
    started = hall.fill()
    check(hall)
    while hall.running:
        end_one(hall, data)
        started += hall.fill()
        check(hall)
    assert sorted(started) == [(job.seq, sheet.num) for job in hall.jobs for sheet in job.plan.sheets]


@given(st.lists(st.integers(1, 8), min_size=2, max_size=5), st.integers(1, 20))
def test_no_job_gets_a_second_start_before_every_other_has_had_its_first(sizes: list[int], slots: int) -> None:
    jobs = [job_of(plan_of([[]] * size, max_concurrent=8), seq=seq) for seq, size in enumerate(sizes, 1)]
    started = [seq for seq, _ in Hall(Scheduler(Limits(slots)), jobs).fill()]
    turns = [[seq for seq, size in enumerate(sizes, 1) if size > turn] for turn in range(max(sizes))]
    assert started == [seq for turn in turns for seq in turn][:slots]


@given(halls(), st.integers(0, 3))
def test_a_job_that_leaves_gives_its_place_and_its_slots_back(hall: Hall, which: int) -> None:
    hall.fill()
    left = hall.jobs.pop(which % len(hall.jobs))
    hall.scheduler.leave(left)
    assert all(line.ahead_of(left) == len(line) for line in hall.scheduler.lines.values())
    hall.fill()
    check(hall)


def test_a_job_knows_how_many_stand_before_it() -> None:
    jobs = [job_of(plan_of([[]]), seq=seq) for seq in range(1, 5)]
    scheduler = Scheduler(Limits(1))
    for job in jobs[:3]:
        scheduler.offer(job)
    assert [scheduler.ahead_of(job) for job in jobs] == [0, 1, 2, 3]
