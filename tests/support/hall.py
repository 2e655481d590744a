"""Jobs under one scheduler, without a conductor: what it starts runs until it is ended by hand."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from podium.conductor.rules.scheduler import Scheduler
from podium.conductor.rules.state import Attempt, JobRun
from podium.score.model.plan import EngineName, Plan, Resources
from tests.support.plans import job_of, plan_of


def asking(*asked: Resources, name: str = "demo", max_concurrent: int = 100, engine: EngineName = "local") -> Plan:
    """Return a plan with one sheet for each of these, which asks for it and needs no other."""
    plan = plan_of([[]] * len(asked), name=name, max_concurrent=max_concurrent)
    sheets = tuple(replace(sheet, resources=index, engine=engine) for index, sheet in enumerate(plan.sheets))
    return plan.model_copy(update={"sheets": sheets, "resources": asked})


def played_by(plan: Plan, players: Sequence[str]) -> Plan:
    """Return the plan with these instruments."""
    sheets = tuple(replace(sheet, instrument=name) for sheet, name in zip(plan.sheets, players, strict=True))
    return plan.model_copy(update={"sheets": sheets})


@dataclass
class Hall:
    """Jobs under one scheduler; a started sheet runs until it is ended."""

    scheduler: Scheduler
    jobs: list[JobRun]

    def fill(self, now: float = 0.0) -> list[tuple[int, int]]:
        """Start what may start; return (job, sheet) in the order of the starts."""
        for job in self.jobs:
            self.scheduler.offer(job)
        return [(attempt.job_seq, attempt.sheet) for attempt in self.starts(now)]

    def starts(self, now: float = 0.0) -> Iterator[Attempt]:
        """Start one by one what may start of the jobs in the lines, and yield each."""
        for job, num, gpus in self.scheduler.next_sheets(now):
            assert num not in job.running
            claim = job.claim_of(num)
            key = f"{job.job_id}.{num}"
            attempt = Attempt(job.seq, num, num, 1, key, "hash", claim.instrument, 0.0, gpus=gpus, claim=claim)
            job.running[num] = attempt
            yield attempt

    def end(self, job: JobRun, num: int) -> None:
        """End a running sheet."""
        self.scheduler.give_back(job.running.pop(num))

    @property
    def running(self) -> list[tuple[JobRun, int]]:
        """The sheets that run."""
        return [(job, num) for job in self.jobs for num in job.running]


def hall(scheduler: Scheduler, *plans: Plan) -> Hall:
    """Return jobs of these plans, numbered from 1."""
    return Hall(scheduler, [job_of(plan, seq=seq) for seq, plan in enumerate(plans, 1)])
