"""A job played by hand: its transitions one by one, each in a batch of its own, with or without a database under it."""

import json
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict

from podium.conductor.clock import Moment
from podium.conductor.engines.port import End, EndReason, Place
from podium.conductor.rules.batch import Batch
from podium.conductor.rules.event import Event
from podium.conductor.rules.plans import LoadedPlan
from podium.conductor.rules.state import JobRun
from podium.conductor.rules.transitions import control, jobs, sheets
from podium.conductor.rules.transitions.control import Done
from podium.conductor.rules.transitions.modify import Difference
from podium.conductor.rules.verdicts import Trouble, Verdict
from podium.conductor.store import schema
from podium.conductor.store.rows import STATEMENTS
from podium.conductor.supervisor.saving import rows_of
from podium.score.model.plan import Plan
from tests.support.plans import job_of

START = 1000.0  # both clocks at the beginning of a play


class Play:
    """One job, and every event that its transitions recorded. `batch` is the one of the last transition."""

    def __init__(self, plan: Plan, *, start_sheet: int = 1, database: sqlite3.Connection | None = None,
                 suspending: bool = False) -> None:  # fmt: skip
        self.seconds = START
        self.events: list[Event] = []
        self.job = job_of(plan, start_sheet=start_sheet)
        self._database = database
        self._suspending = suspending
        self.batch = self._begin()
        jobs.submit(self.job, self.batch)
        self._commit()

    @property
    def kinds(self) -> list[str]:
        """The types of the events so far."""
        return [event.type for event in self.events]

    @property
    def statuses(self) -> dict[int, str]:
        """The status of every sheet."""
        return {sheet.num: self.job.status_of(sheet.num) for sheet in self.job.plan.sheets}

    def start(self, num: int | None = None) -> int:
        """Start a ready sheet, the lowest one if none is named; return its number."""
        found = min(self.job.ready) if num is None else num
        self.job.ready.remove(found)
        self.batch = self._begin()
        sheets.start(self.job, found, self.batch, "home")
        self._commit()
        return found

    def end(self, num: int, *, passed: bool = True, reason: EndReason = "exited", message: str = "no",
            skipped: bool = False, ended_at: float = 0.0, checks: str = "", exit_code: int | None = None,
            cost: float | None = None, trouble: Trouble = "", wait: float | None = None) -> None:  # fmt: skip
        """End the running attempt of a sheet. Of its `checks` those with a "y" have passed; with any it exits well."""
        attempt = self.job.running[num]
        code = exit_code if exit_code is not None else 0 if passed or checks else 1
        found = End(attempt.key, reason, code, ended_at=ended_at)
        verdict = Verdict(
            found, passed=passed, message="" if passed else message, skipped=skipped, validations=checked(checks), cost=cost,
            trouble=trouble, wait_seconds=wait,
        )  # fmt: skip
        self.judged(num, verdict)

    def judged(self, num: int, verdict: Verdict) -> None:
        """End the running attempt of a sheet with a verdict."""
        self.batch = self._begin()
        sheets.attempt_ended(self.job, self.job.running[num], verdict, self.batch)
        self._commit()

    def placed(self, num: int, place: Place) -> None:
        """Let the running attempt of a sheet be seen at a place."""
        self.batch = self._begin()
        sheets.placed(self.job.running[num].serial, place, self.job, self.batch)
        self._commit()

    def run(self, num: int, *, passed: bool = True) -> None:
        """Start a sheet and end it."""
        self.end(self.start(num), passed=passed)

    def answer(self, num: int, *, done: bool = True) -> None:
        """Let the engine say whether it has suspended the running attempt of a sheet."""
        self.batch = self._begin()
        sheets.attempt_suspended(self.job, self.batch, serial=self.job.running[num].serial, done=done)
        self._commit()

    def wake(self, num: int) -> None:
        """End the waiting time of a sheet."""
        self.batch = self._begin()
        sheets.wake(self.job, num, self.batch)
        self._commit()

    def settle(self) -> None:
        """Let the job's state follow from its sheets, as the supervisor does after a control."""
        self.batch = self._begin()
        jobs.settle(self.job, self.batch)
        self._commit()

    def pause(self) -> Done:
        """Ask for a pause."""
        self.batch = self._begin()
        done = control.pause(self.job, self.batch)
        self._commit()
        return done

    def resume(self, from_sheet: int | None = None, new: LoadedPlan | None = None) -> Done:
        """Ask for a resume."""
        self.batch = self._begin()
        done = control.resume(self.job, self.batch, from_sheet=from_sheet, new=new)
        self._commit()
        return done

    def modify(self, plan: Plan, from_sheet: int | None = None, differing: Collection[int] = ()) -> Done:
        """Give the job a changed score."""
        self.batch = self._begin()
        done = control.modify(
            self.job, self.batch, new=loaded(plan), from_sheet=from_sheet, differing=lambda _: Difference(differing)
        )
        self._commit()
        return done

    def cancel(self) -> Done:
        """Ask for a cancel."""
        self.batch = self._begin()
        done = control.cancel(self.job, self.batch)
        self._commit()
        return done

    def delete(self) -> Done:
        """Ask for the removal of the job."""
        self.batch = self._begin()
        done = control.delete(self.job, self.batch)
        self._commit()
        return done

    def to_the_end(self) -> list[int]:
        """Let every sheet that may run succeed, until the job is settled; return the sheets in the order of their starts."""
        started = []
        while self.job.ready or self.job.waiting or self.job.held:
            if not self.job.ready and not self.job.waiting:
                self.settle()
                self.resume()
                continue
            for num in sorted(self.job.waiting):
                self.wake(num)
            started.append(self.start())
            self.end(started[-1])
        return started

    def _begin(self) -> Batch:
        self.seconds += 1
        return Batch(len(self.events) + 1, Moment(self.seconds, self.seconds), suspending=self._suspending)

    def _commit(self) -> None:
        self.events += self.batch.events
        if self._database is not None:
            rows = rows_of(self.batch)
            for kind, statement in STATEMENTS.items():
                self._database.executemany(statement, rows.by_kind.get(kind, []))


def checked(outcomes: str) -> str:
    """Return validations as an attempt keeps them, one for each letter; those with a "y" have passed."""
    facts = {"type": "file_exists", "found": "nothing"}
    views = [
        {**facts, "expected": f"made-{index} exists", "passed": each == "y"} for index, each in enumerate(outcomes)
    ]
    return json.dumps(views)


def loaded(plan: Plan) -> LoadedPlan:
    """Return a plan as jobs hold it, under a hash of its own."""
    return job_of(plan.model_copy(update={"name": f"{plan.name}-changed"})).loaded


@contextmanager
def memory_database() -> Iterator[sqlite3.Connection]:
    """Yield an empty database of the store's schema, in memory; it is closed afterwards."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
        database.row_factory = sqlite3.Row
        schema.bring_up(database, "home")
        yield database


def derived(job: JobRun) -> dict[str, object]:
    """Return what a job keeps up to date beside its sheets, in a form that compares."""
    return {
        "counts": dict(job.counts),
        "ready": sorted(job.ready),
        "blocked": dict(job.blocked),
        "waiting": set(job.waiting),
        "held": set(job.held),
    }


def facts_of(job: JobRun) -> dict[str, object]:
    """Return everything that a transition could change of a job, in a form that compares."""
    plain = {
        name: getattr(job, name) for name in ("status", "intent", "reason", "event_count", "serial", "finished_at")
    }
    runs = {num: asdict(run) for num, run in job.sheets.items()}
    return {**plain, **derived(job), "sheets": runs, "running": sorted(job.running), "next": job.next_plan}
