"""The scheduler over any jobs and limits: never too much, never idle beside work, and fair."""

from collections import Counter
from dataclasses import dataclass, replace

import hypothesis.strategies as st
from hypothesis import given

from podium.conductor.rules.scheduler import Limits, Scheduler
from podium.conductor.rules.state import Attempt, JobRun
from tests.support.plans import job_of, plan_of


@dataclass
class Hall:
    """Jobs under one scheduler; a started sheet runs until it is ended."""

    scheduler: Scheduler
    jobs: list[JobRun]

    def fill(self, now: float = 0.0) -> list[tuple[int, int]]:
        """Start what may start; return (job, sheet) in the order of the starts."""
        for job in self.jobs:
            self.scheduler.offer(job)
        started = []
        for job, num in self.scheduler.next_sheets(now):
            assert num not in job.running
            name = job.profile_of(num).name
            job.running[num] = Attempt(job.seq, num, num, 1, f"{job.job_id}.{num}", "hash", name, 0.0)
            started.append((job.seq, num))
        return started

    def end_one(self, data: st.DataObject) -> None:
        """End any running sheet."""
        job, num = data.draw(st.sampled_from([(job, num) for job in self.jobs for num in job.running]))
        self.scheduler.give_back(job.running.pop(num).instrument)

    def check(self) -> None:
        """The slots in use are those of what runs, within every limit, and no slot is free beside a sheet that may start."""
        limits = self.scheduler.limits
        used = Counter(attempt.instrument for job in self.jobs for attempt in job.running.values())
        assert self.scheduler.used == used.total() <= limits.total
        assert {name: count for name, count in self.scheduler.used_by.items() if count} == used
        assert limits.per_agent is None or used["goose"] <= limits.per_agent
        for job in self.jobs:
            assert len(job.running) <= job.plan.max_concurrent
        if used.total() < limits.total:
            for job in self.jobs:
                if len(job.running) < job.plan.max_concurrent:
                    held_back = {job.profile_of(num).name for num in job.ready}
                    assert held_back <= {"goose"}
                    assert not held_back or used["goose"] == limits.per_agent


@st.composite
def halls(draw: st.DrawFn) -> Hall:
    """A few jobs of sheets that need nothing, of cli and of an agent instrument, under limits."""
    jobs = []
    for seq in range(1, draw(st.integers(1, 4)) + 1):
        players = draw(st.lists(st.sampled_from(["cli", "goose"]), min_size=1, max_size=6))
        plan = plan_of([[] for _ in players], max_concurrent=draw(st.integers(1, 4)), name=f"job{seq}")
        sheets = tuple(replace(sheet, instrument=name) for sheet, name in zip(plan.sheets, players, strict=True))
        jobs.append(job_of(plan.model_copy(update={"sheets": sheets}), seq=seq))
    limits = Limits(draw(st.integers(1, 6)), draw(st.none() | st.integers(1, 3)))
    return Hall(Scheduler(limits), jobs)


@given(halls(), st.data())
def test_every_sheet_starts_exactly_once_within_the_limits_and_no_slot_idles_beside_work(
    hall: Hall, data: st.DataObject
) -> None:
    started = hall.fill()
    hall.check()
    while any(job.running for job in hall.jobs):
        hall.end_one(data)
        started += hall.fill()
        hall.check()
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
    assert left not in hall.scheduler.line
    hall.fill()
    hall.check()


def test_a_job_knows_how_many_stand_before_it() -> None:
    jobs = [job_of(plan_of([[]]), seq=seq) for seq in range(1, 5)]
    scheduler = Scheduler(Limits(1))
    for job in jobs[:3]:
        scheduler.offer(job)
    assert [scheduler.ahead_of(job) for job in jobs] == [0, 1, 2, 3]
