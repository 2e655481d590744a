"""One batch of the conductor's work: what transitions touched, and what follows its commit."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from podium.conductor.clock import Moment
from podium.conductor.rules.event import Event
from podium.conductor.rules.plans import LoadedPlan
from podium.conductor.rules.state import Attempt, JobRun, SheetRun
from podium.contract.events import EventType
from podium.times import iso

Record = tuple[str, tuple[Any, ...]]
"""A row that belongs to no touched object: its kind, as the store names it, and its values."""


@dataclass(frozen=True)
class Launch:
    """An attempt to start after the commit."""

    job: JobRun
    attempt: Attempt


@dataclass(frozen=True)
class Telling:
    """What there is to know about the commands that tell of ends, beside those of scores."""

    notify: bool = False  # whether the settings have one, for all jobs
    shown: Callable[[JobRun, int], str] = lambda job, seq: "{}"  # the job as callers see it now, at this event, in JSON


_OF_SCORES = Telling()


@dataclass
class Batch:
    """A unit of work at one moment. Touched objects are written as they are when the batch is committed."""

    next_seq: int  # of events
    now: Moment
    jobs: dict[int, JobRun] = field(default_factory=dict)
    sheets: dict[tuple[int, int], SheetRun] = field(default_factory=dict)
    attempts: dict[str, Attempt] = field(default_factory=dict)
    plans: dict[str, LoadedPlan] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    launches: list[Launch] = field(default_factory=list)
    cancels: list[Attempt] = field(default_factory=list)
    suspending: bool = False  # a pause suspends what runs
    wishes: list[tuple[Attempt, bool]] = field(default_factory=list)  # to suspend (True) or let go on after the commit
    withdrawals: list[Attempt] = field(default_factory=list)  # to take back after the commit, if they have not begun
    turned: list[Attempt] = field(
        default_factory=list
    )  # suspended now, or not any more: their slots are still as before
    removals: list[str] = field(default_factory=list)  # ids of deleted jobs, whose folders are removed after the commit
    retired: list[JobRun] = field(default_factory=list)  # terminal now: they leave memory
    telling: Telling = _OF_SCORES
    has_news: bool = False  # there is something to tell of after the commit

    def touch(self, job: JobRun, run: SheetRun | None = None) -> None:
        """Note that a job, and one of its sheets, has changed."""
        self.jobs[job.seq] = job
        if run is not None:
            self.sheets[(job.seq, run.num)] = run

    def event(self, job: JobRun, kind: EventType, **data: Any) -> None:
        """Record a transition. Every call touches the job, since its event count grows."""
        job.event_count += 1
        self.touch(job)
        self.events.append(Event(self.next_seq, job.job_id, job.event_count, kind, self._at, data))
        self.next_seq += 1

    @cached_property
    def _at(self) -> str:
        return iso(self.now.wall)

    def record(self, kind: str, values: tuple[Any, ...]) -> None:
        """Add a row that belongs to no touched object."""
        self.records.append((kind, values))

    def remember(self, request_key: str, reply: Any) -> None:
        """Keep the reply to a call under its request key, in the same commit as what the call did."""
        self.record("replies", (request_key, json.dumps(reply), self.now.wall))
