"""Which sheet starts next: a pure decision over jobs in memory. Round robin between jobs, in sheet order within one."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial

from podium.conductor.rules.state import Attempt, JobRun


@dataclass
class Limits:
    """How many sheets run at once: in all, and of each agent instrument (None for no limit; `cli` has none of its own)."""

    total: int
    per_agent: int | None = None


@dataclass
class Scheduler:
    """Holds the round robin and the slots in use. A paused, waiting or queued job holds no slot."""

    limits: Limits
    line: deque[JobRun] = field(default_factory=deque)
    in_line: set[int] = field(default_factory=set)
    used: int = 0
    used_by: dict[str, int] = field(default_factory=dict)

    def offer(self, job: JobRun) -> None:
        """Put a job at the end of the line if one of its sheets may start; a job is in the line at most once."""
        if job.dispatchable and job.seq not in self.in_line:
            self.in_line.add(job.seq)
            self.line.append(job)

    def next_sheets(self, now: float) -> Iterable[tuple[JobRun, int]]:
        """Yield (job, sheet) while slots are free. The caller must start each one before it asks for the next.

        A job whose `not_before` is still ahead leaves the line; the caller offers it again at that time.
        """
        turns = len(self.line)  # left until every job has had a turn without a start
        while turns and self.used < self.limits.total:
            job = self.line.popleft()
            self.in_line.discard(job.seq)
            turns -= 1
            may_start = job.dispatchable and job.not_before <= now
            found = job.ready.first(partial(self._has_room, job)) if may_start else None
            if found is not None:
                self.take(found[1])
                yield job, job.ready.take(found[1])
            if job.not_before <= now:
                self.offer(job)
            if found is not None:
                turns = len(self.line)

    def _has_room(self, job: JobRun, instrument: str) -> bool:
        profile = job.loaded.profiles[instrument]
        limit = self.limits.per_agent if profile.kind == "agent" else None
        return limit is None or self.used_by.get(profile.name, 0) < limit

    def take(self, instrument: str) -> None:
        """Occupy a slot."""
        self.used += 1
        self.used_by[instrument] = self.used_by.get(instrument, 0) + 1

    def give_back(self, instrument: str) -> None:
        """Free a slot."""
        self.used -= 1
        self.used_by[instrument] -= 1

    def turn(self, attempts: list[Attempt]) -> None:
        """Free the slots of attempts that are suspended now, and occupy one for each that goes on; empty the list.

        A slot may be one beyond the limit then, as the attempt is there already.
        """
        for attempt in attempts:
            (self.give_back if attempt.suspended else self.take)(attempt.instrument)
        attempts.clear()

    def leave(self, job: JobRun) -> None:
        """Forget a job: its place in the line and the slots of its running attempts."""
        if job.seq in self.in_line:
            self.in_line.discard(job.seq)
            self.line.remove(job)
        for attempt in job.running.values():
            if not attempt.suspended:
                self.give_back(attempt.instrument)

    def ahead_of(self, job: JobRun) -> int:
        """Return the number of jobs before this one in the line."""
        # From the end, since a job that asks has usually just come.
        for behind, other in enumerate(reversed(self.line), 1):
            if other is job:
                return len(self.line) - behind
        return len(self.line)
