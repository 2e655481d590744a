"""Generated histories of jobs that ask for parts of a machine: never too much, no GPU twice, nothing idle, nobody starved."""

from itertools import chain

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from podium.conductor.rules import waits
from podium.conductor.rules.capacity import KINDS, Capacity, beyond
from podium.conductor.rules.claims import Claim
from podium.conductor.rules.scheduler import Limits, Scheduler
from podium.conductor.rules.state import JobRun
from podium.score.model.plan import EngineName, Resources
from tests.support.examples import examples
from tests.support.hall import Hall, asking, played_by
from tests.support.plans import job_of

PATIENCE = 1  # less than the real one, so that short histories exhaust it
SMALL = [Resources(gpus=1), Resources(cpus=1), Resources(cpus=1, gpus=1), Resources(memory_bytes=1)]
LARGE = [
    Resources(gpus=2),
    Resources(cpus=4),
    Resources(cpus=4, gpus=2),
    Resources(cpus=1, memory_bytes=3),
    Resources(gpus=3),
]
OF_A_JOB = [
    st.lists(st.sampled_from(SMALL), min_size=4, max_size=10),
    st.lists(st.sampled_from(LARGE), min_size=1, max_size=2),
    st.lists(st.sampled_from([Resources(), *SMALL, *LARGE]), min_size=1, max_size=6),
]
ENGINES: list[EngineName] = ["local", "local", "local", "slurm"]


class Histories(RuleBasedStateMachine):
    """A few jobs on one machine. After each event what may start is started, as the supervisor does."""

    def __init__(self) -> None:
        super().__init__()
        self.patched = pytest.MonkeyPatch()
        self.patched.setattr(waits, "PATIENCE", PATIENCE)
        self.hall = Hall(Scheduler(Limits(1)), [])
        self.submitted = 0
        self.passed_over: dict[
            tuple[int, int], int
        ] = {}  # waiting sheet -> the last job that there was when it had to wait
        self.overtaken: dict[tuple[int, int], int] = {}

    @initialize(total=st.sampled_from([2, 4, 20]), per_agent=st.none() | st.integers(1, 3), slurm=st.integers(1, 3),
                capacity=st.builds(Capacity, st.just(4), st.just(3), st.sampled_from([0, 2, 2, 2])))  # fmt: skip
    def begin(self, total: int, per_agent: int | None, slurm: int, capacity: Capacity) -> None:
        self.hall.scheduler = Scheduler(Limits(total, per_agent, slurm, capacity))

    # -- what may happen ------------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.hall.jobs) < 6)
    @rule(asked=st.one_of(OF_A_JOB), most=st.sampled_from([1, 3, 10]),
          engine=st.sampled_from(ENGINES), data=st.data())  # fmt: skip
    def submit(self, asked: list[Resources], most: int, engine: EngineName, data: st.DataObject) -> None:
        self.submitted += 1
        players = [data.draw(st.sampled_from(["cli", "cli", "goose"])) for _ in asked]
        plan = played_by(asking(*asked, max_concurrent=most, engine=engine), players)
        self.hall.jobs.append(job_of(plan, seq=self.submitted))
        self.go_on()

    @precondition(lambda self: self.hall.running)
    @rule(data=st.data(), count=st.integers(1, 5))
    def sheets_end(self, data: st.DataObject, count: int) -> None:
        for _ in range(min(count, len(self.hall.running))):
            self.hall.end(*data.draw(st.sampled_from(self.hall.running)))
            self.go_on()

    @precondition(lambda self: self.hall.jobs)
    @rule(data=st.data())
    def pause_or_resume(self, data: st.DataObject) -> None:
        job = data.draw(st.sampled_from(self.hall.jobs))
        job.status = "running" if job.status == "paused" else "paused"
        self.go_on()

    @precondition(lambda self: self.hall.jobs)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        job = data.draw(st.sampled_from(self.hall.jobs))
        self.hall.jobs.remove(job)
        self.hall.scheduler.leave(job)
        self.go_on()

    @precondition(lambda self: self.hall.jobs)
    @rule(data=st.data())
    def the_rest_of_a_job_is_skipped(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.hall.jobs)).ready.clear()
        self.go_on()

    # -- the oracle -----------------------------------------------------------------------------------------------

    def waiting(self) -> dict[tuple[int, int], tuple[JobRun, Claim]]:
        """Return the first sheet of each claim that asks for something, of the jobs that may start one."""
        found: dict[tuple[int, int], tuple[JobRun, Claim]] = {}
        for job in self.hall.jobs:
            for claim in {job.claim_of(num) for num in job.ready} if job.dispatchable else ():
                if claim.asks and not beyond(claim, self.hall.scheduler.limits.capacity):
                    found[job.seq, min(num for num in job.ready if job.claim_of(num) == claim)] = job, claim
        return found

    def go_on(self) -> None:
        """Start what may start, and count who overtakes whom: a start of a later job that leaves too little for an earlier sheet."""
        scheduler = self.hall.scheduler
        for job in self.hall.jobs:
            scheduler.offer(job)
        before = self.waiting()
        for started in self.hall.starts():
            claim = started.claim
            for gone in (self.overtaken, self.passed_over):
                gone.pop((started.job_seq, started.sheet), None)
            for key, (other, asked) in before.items():
                since = self.passed_over.get(key)
                if since is None or started.job_seq <= since or key[1] not in other.ready:
                    continue
                short = [kind for kind in KINDS if getattr(claim, kind) and getattr(asked, kind)]
                if any(getattr(scheduler.stock.free, kind) < getattr(asked, kind) for kind in short):
                    self.overtaken[key] = self.overtaken.get(key, 0) + 1
            before = self.waiting()
        if scheduler.used < scheduler.limits.total:  # each had its turn
            for key in self.waiting():
                self.passed_over.setdefault(key, self.submitted)

    # -- what always holds ----------------------------------------------------------------------------------------

    @invariant()
    def nobody_has_more_than_there_is_and_no_gpu_has_two_sheets(self) -> None:
        scheduler = self.hall.scheduler
        limits, attempts = scheduler.limits, [job.running[num] for job, num in self.hall.running]
        local = [each for each in attempts if each.claim.engine == "local"]
        assert scheduler.used == len(local) <= limits.total
        assert scheduler.on_cluster == len(attempts) - len(local) <= limits.slurm
        for kind in KINDS:
            held = sum(getattr(each.claim, kind) for each in attempts)
            assert held == getattr(scheduler.stock.in_use, kind) <= getattr(limits.capacity, kind)
        given = list(chain.from_iterable(each.gpus for each in attempts))
        assert len(set(given)) == len(given)
        assert set(given) <= set(range(limits.capacity.gpus))
        assert all(len(each.gpus) == each.claim.gpus for each in attempts)
        agents = sum(1 for each in attempts if each.instrument == "goose")
        assert limits.per_agent is None or agents <= limits.per_agent

    @invariant()
    def nothing_idles_beside_a_sheet_that_fits_unless_it_is_reserved(self) -> None:
        scheduler = self.hall.scheduler
        if scheduler.waits.has_reserved:
            return
        limits, agents = scheduler.limits, scheduler.used_by.get("goose", 0)
        for job in self.hall.jobs:
            for claim in {job.claim_of(num) for num in job.ready} if job.dispatchable else ():
                is_local = claim.engine == "local"
                slot = scheduler.used < limits.total if is_local else scheduler.on_cluster < limits.slurm
                place = claim.instrument != "goose" or limits.per_agent is None or agents < limits.per_agent
                enough = all(getattr(claim, kind) <= getattr(scheduler.stock.free, kind) for kind in KINDS)
                assert not (slot and place and enough), (job.seq, claim)

    @invariant()
    def a_waiting_sheet_is_overtaken_only_so_often(self) -> None:
        assert max(self.overtaken.values(), default=0) <= PATIENCE

    def teardown(self) -> None:
        """However it came, once the running sheets end every sheet starts that can, each in its turn."""
        for job in self.hall.jobs:
            job.status = "running"
        self.go_on()
        while self.hall.running:
            self.hall.end(*self.hall.running[-1])
            self.go_on()
            self.a_waiting_sheet_is_overtaken_only_so_often()
            self.nothing_idles_beside_a_sheet_that_fits_unless_it_is_reserved()
        for job in self.hall.jobs:
            assert all(beyond(job.claim_of(num), self.hall.scheduler.limits.capacity) for num in job.ready)
        assert self.hall.scheduler.stock.free == self.hall.scheduler.limits.capacity
        self.patched.undo()


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=examples(100), stateful_step_count=40, deadline=None)
