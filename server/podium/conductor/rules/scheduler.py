"""Which sheet starts next: a pure decision over jobs in memory. Round robin between jobs, in sheet order within one.

A sheet on this machine takes a slot, and what it asks of the machine; one on a cluster takes neither, the cluster counts. Both
take a place of their instrument if that is an agent. A sheet for which there is not enough lets others pass; see `waits`.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import partial

from podium.conductor.rules.capacity import KINDS, NOTHING, Capacity, Holder, Stock, beyond
from podium.conductor.rules.claims import Claim
from podium.conductor.rules.line import Line
from podium.conductor.rules.state import Attempt, JobRun
from podium.conductor.rules.waits import Request, Waits, Wants
from podium.score.model.plan import EngineName

_AGENT, _JOB = "@", "#"  # in front of the kinds that are places: of an agent instrument, and among the sheets of a job


@dataclass
class Limits:
    """How much runs at once: sheets on this machine, of each agent instrument (None for no limit; `cli` has none of its own), and
    on a cluster, its queue included; and what there is for sheets that ask for more than a slot.
    """

    total: int
    per_agent: int | None = None
    slurm: int = 1000
    capacity: Capacity = NOTHING
    gpus: Collection[int] | None = None  # the indexes of those that `capacity` counts; None: from 0 on


Start = tuple[JobRun, int, tuple[int, ...]]
"""A sheet that starts now, and the GPUs that it gets."""


@dataclass
class Scheduler:
    """Holds the round robin and what is in use. A paused, waiting or queued job holds nothing."""

    limits: Limits
    lines: dict[EngineName, Line] = field(default_factory=lambda: {"local": Line(), "slurm": Line()})
    used: int = 0  # slots of this machine
    used_by: dict[str, int] = field(default_factory=dict)
    on_cluster: int = 0
    waits: Waits = field(default_factory=Waits)
    parked: dict[int, JobRun] = field(
        default_factory=dict
    )  # jobs of which nothing can start until somebody gives something back
    stock: Stock = field(init=False)

    def __post_init__(self) -> None:
        gpus, capacity = self.limits.gpus, self.limits.capacity
        self.stock = Stock(capacity, range(capacity.gpus) if gpus is None else gpus)

    def offer(self, job: JobRun) -> None:
        """Put a job at the end of the lines if one of its sheets may start; a job is in each at most once."""
        if job.dispatchable:
            for engine in job.loaded.engines:
                self.lines[engine].join(job)

    def next_sheets(self, now: float) -> Iterator[Start]:
        """Yield the sheets that start. The caller must start each one before it asks for the next.

        A job whose `not_before` is still ahead leaves the line; the caller offers it again at that time.
        """
        for job, claim, _ in self.waits.reserved(now) if self.waits.has_reserved else ():
            if self._has_slot("local") and job.dispatchable and self._has_room(job, "local", now, claim):
                yield self._start(job, claim, now)
        for engine in self.lines:
            yield from self._next_of(engine, now)

    def _next_of(self, engine: EngineName, now: float) -> Iterator[Start]:
        line = self.lines[engine]
        turns = len(line)  # left until every job has had a turn without a start
        while turns and self._has_slot(engine):
            job = line.next()
            turns -= 1
            may_start = job.dispatchable and job.not_before <= now
            found = job.ready.first(partial(self._has_room, job, engine, now)) if may_start else None
            if found is not None:
                yield self._start(job, found[1], now)
            if found is None and may_start and self._is_short(job, engine):
                self.parked[job.seq] = job  # a long line of such jobs would cost every round
            elif job.not_before <= now:
                self.offer(job)
            if found is not None:
                turns = len(line)

    def _is_short(self, job: JobRun, engine: EngineName) -> bool:
        """Return whether each of a job's ready sheets asks for more than is free, whatever is reserved."""
        if engine != "local":
            return False
        return job.ready.first(lambda claim: claim.engine == engine and self.stock.has_room(claim)) is None

    def _start(self, job: JobRun, claim: Claim, now: float) -> Start:
        if self.waits.all and (claim.asks or job.seq in self.waits.of_job or self._places(job, claim) is not None):
            self.waits.started(Request(job, claim, self.wants(job, claim)), self.free, now)
        gpus = self.stock.choose(claim.gpus) if claim.gpus else ()
        num = job.ready.take(claim)
        self._take(job, num, claim, gpus)
        return job, num, gpus

    # -- what there is room for -----------------------------------------------------------------------------------

    def _has_slot(self, engine: EngineName) -> bool:
        return self.used < self.limits.total if engine == "local" else self.on_cluster < self.limits.slurm

    def _has_room(self, job: JobRun, engine: EngineName, now: float, claim: Claim) -> bool:
        """Return whether there is enough for a sheet beside its slot. One that has to wait for it is noted."""
        if claim.engine != engine:
            return False
        if not (self.waits.has_reserved or claim.asks):
            limit = self._places(job, claim)
            return limit is None or self.used_by.get(claim.instrument, 0) < limit
        request = Request(job, claim, self.wants(job, claim))
        if not self.short_of(request, now):
            return True
        if claim.asks and not beyond(claim, self.limits.capacity):
            self.waits.note(request)
        return False

    def short_of(self, request: Request, now: float) -> list[str]:
        """Return the kinds of which there is too little for a sheet, what is reserved for others left aside."""
        job, claim, wants = request
        aside = self.waits.aside(job, claim, now) if self.waits.has_reserved else {}
        return [kind for kind, amount in wants.items() if self.free(job, kind) - amount < aside.get(kind, 0)]

    def wants(self, job: JobRun, claim: Claim) -> Wants:
        """Return what a sheet needs beside its slot, its places among those of its instrument and of its job included."""
        wants = {kind: amount for kind in KINDS if (amount := getattr(claim, kind))}
        if self._places(job, claim) is not None:
            wants[_AGENT + claim.instrument] = 1
        return {**wants, f"{_JOB}{job.seq}": 1}

    def free(self, job: JobRun, kind: str) -> int:
        """Return how much is free of a kind that a sheet of this job needs."""
        if kind[0] == _JOB:
            return job.plan.max_concurrent - len(job.running)
        if kind[0] == _AGENT:
            return (self.limits.per_agent or 0) - self.used_by.get(kind[1:], 0)
        return int(getattr(self.stock.free, kind))

    def _places(self, job: JobRun, claim: Claim) -> int | None:
        """Return how many sheets may run at once with the instrument of this claim, None for no limit."""
        return self.limits.per_agent if job.loaded.profiles[claim.instrument].kind == "agent" else None

    # -- what is in use -------------------------------------------------------------------------------------------

    def hold(self, job: JobRun, attempt: Attempt) -> None:
        """Count again what an attempt holds that an earlier conductor started."""
        self._take(job, attempt.sheet, attempt.claim, attempt.gpus)
        if attempt.suspended:
            self.turn([attempt])

    def _take(self, job: JobRun, num: int, claim: Claim, gpus: tuple[int, ...]) -> None:
        self._count(claim, 1)
        if claim.asks:
            self.stock.take((job.seq, num), Holder(job.job_id, job.label(num), claim), gpus)

    def _count(self, claim: Claim, by: int) -> None:
        """Count one more slot as taken, or, with -1, one less."""
        if claim.engine == "local":
            self.used += by
        else:
            self.on_cluster += by
        self.used_by[claim.instrument] = self.used_by.get(claim.instrument, 0) + by

    def give_back(self, attempt: Attempt) -> None:
        """Free what an attempt holds that has ended."""
        if not attempt.suspended:
            self._count(attempt.claim, -1)
        if attempt.claim.asks:
            self.stock.give_back((attempt.job_seq, attempt.sheet), attempt.gpus)
            parked, self.parked = self.parked, {}
            for job in parked.values():
                self.offer(job)

    def turn(self, attempts: list[Attempt]) -> None:
        """Free the slots and processors of attempts that are suspended now, occupy them for those that go on; empty the list.

        That may be beyond the limits then, as the attempt is there already. Memory and GPUs stay with its processes all the time.
        """
        for attempt in attempts:
            claim = attempt.claim
            self._count(claim, -1 if attempt.suspended else 1)
            if claim.asks:
                now = claim._replace(cpus=0) if attempt.suspended else claim
                self.stock.change((attempt.job_seq, attempt.sheet), now)
        attempts.clear()

    def leave(self, job: JobRun) -> None:
        """Forget a job: its places in the lines, what it waits for, and what its running attempts hold."""
        for line in self.lines.values():
            line.leave(job)
        self.parked.pop(job.seq, None)
        self.waits.leave(job)
        for attempt in job.running.values():
            self.give_back(attempt)

    def ahead_of(self, job: JobRun) -> int:
        """Return the number of jobs before this one in the line that is the shortest for it."""
        return min(self.lines[engine].ahead_of(job) for engine in job.loaded.engines)
