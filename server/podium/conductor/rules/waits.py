"""Sheets that wait for more than a slot, and the rule that lets later ones overtake them only so often.

A small request fits into a gap that is too small for a large one, so without a rule a stream of small ones could keep the large
one waiting for ever. Each start of a later sheet that takes something of which a waiting one then has too little overtakes it.
After `PATIENCE` of them what the waiting sheet needs is reserved: from then on nothing starts that would leave too little of it,
except sheets that came to wait earlier and have a reservation too. Sheets of one job that need the same wait in their order, and
only the first of them is counted. A job that is paused, or may start nothing now, reserves nothing meanwhile.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from podium.conductor.rules.claims import Claim
from podium.conductor.rules.state import JobRun

PATIENCE = 16

Wants = Mapping[str, int]
"""What a sheet needs to start: of each kind how much. See `Scheduler.wants`."""


class Request(NamedTuple):
    """The next sheet of a job with this claim, and what it needs."""

    job: JobRun
    claim: Claim
    wants: Wants


@dataclass(eq=False, slots=True)
class Wait:
    """A request that has waited since `tick`, in the order of arrival."""

    request: Request
    tick: int
    overtaken: int = 0

    @property
    def is_reserved(self) -> bool:
        """Whether it has been overtaken often enough."""
        return self.overtaken >= PATIENCE

    def is_over(self) -> bool:
        """Return whether there is no such sheet any more."""
        return self.request.job.ready.first_of(self.request.claim) is None

    def counts(self, now: float) -> bool:
        """Return whether the sheet would start now if there was enough for it."""
        job = self.request.job
        return job.dispatchable and job.not_before <= now


@dataclass
class Waits:
    """What waits, in the order of arrival."""

    has_reserved: bool = False  # whether anything may be reserved
    all: dict[tuple[int, Claim], Wait] = field(default_factory=dict)
    of_job: Counter[int] = field(default_factory=Counter)  # how many of each job
    _reserved: dict[tuple[int, Claim], Wait] = field(default_factory=dict)
    _tick: int = 0

    def note(self, request: Request) -> None:
        """Note that the next sheet of a job with this claim had its turn, and there was not enough for it."""
        key = request.job.seq, request.claim
        if key not in self.all:
            self._tick += 1
            self.all[key] = Wait(request, self._tick)
            self.of_job[request.job.seq] += 1

    def started(self, request: Request, free: Callable[[JobRun, str], int], now: float) -> None:
        """Note that a sheet starts, just before it takes what it needs: who waits for that longer than it is overtaken."""
        own = self._drop((request.job.seq, request.claim))
        for key, wait in list(self.all.items()):
            if own is not None and wait.tick > own.tick:
                break
            if not self._is_shortened(wait, request, free) or not wait.counts(now):
                continue
            if wait.is_over():
                self._drop(key)
                continue
            wait.overtaken += 1
            if wait.is_reserved:
                self._reserved[key] = wait
                self.has_reserved = True

    @staticmethod
    def _is_shortened(wait: Wait, request: Request, free: Callable[[JobRun, str], int]) -> bool:
        """Return whether a start takes anything of which there is then too little for one that waits."""
        needed = wait.request.wants
        return any(
            kind in needed and free(request.job, kind) - amount < needed[kind] for kind, amount in request.wants.items()
        )

    def reserved(self, now: float) -> Iterator[Request]:
        """Yield the requests with a reservation, in the order of arrival."""
        for key, wait in sorted(self._reserved.items(), key=lambda item: item[1].tick):
            if wait.is_over():
                self._drop(key)
            elif wait.counts(now):
                yield wait.request

    def aside(self, job: JobRun, claim: Claim, now: float) -> Wants:
        """Return what is reserved and not for this sheet: for those that came before it, or for all if it has no reservation."""
        aside: dict[str, int] = {}
        for request in self.reserved(now):
            if request.claim == claim and request.job is job:
                break
            for kind, amount in request.wants.items():
                aside[kind] = aside.get(kind, 0) + amount
        return aside

    def leave(self, job: JobRun) -> None:
        """Forget a job."""
        if job.seq in self.of_job:
            for key in [key for key in self.all if key[0] == job.seq]:
                self._drop(key)

    def _drop(self, key: tuple[int, Claim]) -> Wait | None:
        if self._reserved.pop(key, None) is not None:
            self.has_reserved = bool(self._reserved)
        dropped = self.all.pop(key, None)
        if dropped is not None:
            self.of_job[key[0]] -= 1
            if not self.of_job[key[0]]:
                del self.of_job[key[0]]
        return dropped
