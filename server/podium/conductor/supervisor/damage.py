"""Damage that the database's own check does not see: a row that can be read but not understood.

It concerns one job, which is named; the others work. Every place that builds objects from the rows of a job does it inside
`naming`, and whatever a handler stumbles over is traced to a row by `damage_of`.
"""

import json
import math
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import get_args

from podium.conductor.rules.state import HoldState, Intent, JobRun, SheetRun
from podium.conductor.store.schema import LARGEST
from podium.contract.states import JobStatus, SheetStatus
from podium.errors import JobDamaged, PodiumError

NOT_UNDERSTOOD = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    sqlite3.DataError,
)
_TEXT_CHARS = 200
_JOB_STATUSES, _INTENTS, _SHEET_STATUSES = get_args(JobStatus), get_args(Intent), get_args(SheetStatus)
_HOLD_STATES = get_args(HoldState)


def damaged(job_id: str, what: str) -> JobDamaged:
    """Return the error for a job whose rows cannot be understood."""
    short = " ".join(what.split())[:_TEXT_CHARS]
    return JobDamaged(
        f"What is stored of job {job_id} is damaged: {short}. Other jobs are not affected.",
        fix=f"Remove it with delete_job and job_id={job_id}, or stop the conductor and restore the database from a backup.",
        job_id=job_id,
    )


@contextmanager
def naming(job_id: str, what: str) -> Iterator[None]:
    """Turn what goes wrong while rows are being understood into the error that names the job.

    Raises:
        JobDamaged: instead of it. Errors of ours pass.
    """
    try:
        yield
    except PodiumError:
        raise
    except NOT_UNDERSTOOD as error:
        raise damaged(job_id, f"{what}: {type(error).__name__}: {error}") from error


def check(job: JobRun, last_event: int, last_attempt: int) -> None:
    """Refuse a job in memory that no conductor can have written; the numbers are the highest of its events and attempts.

    Raises:
        JobDamaged: says what is impossible.
    """
    for problem in _problems(job, last_event, last_attempt):
        raise damaged(job.job_id, problem)


def _problems(job: JobRun, last_event: int, last_attempt: int) -> Iterator[str]:
    yield from _unknown("status", job.status, _JOB_STATUSES)
    yield from _unknown("intent", job.intent, _INTENTS)
    if not 1 <= job.start_sheet <= job.total:
        yield f"its start_sheet {job.start_sheet} is not among its {job.total} sheets"
    yield from _no_times("the job", job.submitted_at, job.started_at, job.finished_at)
    yield from _no_counts("the job", job.event_count, job.serial)
    yield from _no_amounts("the job", job.cost, job.cost_granted)
    for run in job.sheets.values():
        yield from _problems_of_sheet(job, run)
    for attempt in job.running.values():
        yield from _no_times(f"an attempt of sheet {attempt.sheet}", attempt.started_at)
        yield from _no_counts(f"an attempt of sheet {attempt.sheet}", attempt.serial, attempt.attempt)
        if job.status_of(attempt.sheet) != "running":
            yield f"sheet {attempt.sheet} has an open attempt but is {job.status_of(attempt.sheet)}"
    if job.event_count < last_event:
        yield f"its event count is {job.event_count}, but it has an event {last_event}"
    if job.serial < last_attempt:
        yield f"it has made {job.serial} attempts, but there is an attempt {last_attempt}"


def _problems_of_sheet(job: JobRun, run: SheetRun) -> Iterator[str]:
    if not 1 <= run.num <= job.total:
        yield f"sheet {run.num} is not among its {job.total} sheets"
    yield from _unknown(f"status of sheet {run.num}", run.status, _SHEET_STATUSES)
    yield from _unknown(f"hold of sheet {run.num}", run.hold, _HOLD_STATES)
    yield from _no_times(f"sheet {run.num}", run.started_at, run.finished_at, run.waiting_until)
    yield from _no_counts(
        f"sheet {run.num}", run.attempts, run.retries_used, run.limit_waits, run.completions, run.unbegun
    )
    yield from _no_amounts(f"sheet {run.num}", run.cost)
    if not 0 <= run.player < len(job.plan.sheet(run.num).instruments):
        yield f"sheet {run.num} is played by its instrument number {run.player}, which it does not have"
    if run.status == "running" and run.num not in job.running:
        yield f"sheet {run.num} is running without an attempt"


def _unknown(what: str, value: str, known: tuple[str, ...]) -> Iterator[str]:
    if value not in known:
        yield f"the {what} is {value!r}"


def _no_times(whose: str, *times: float | None) -> Iterator[str]:
    """Yield the times that are no moment between 1970 and the year 9999."""
    for each in times:
        if each is not None and not (math.isfinite(each) and 0 <= each < 250_000_000_000):
            yield f"{each!r} is not a time of {whose}"


def _no_counts(whose: str, *numbers: int) -> Iterator[str]:
    """Yield the numbers that nothing can have counted: with one more they would soon not fit into the database."""
    for each in numbers:
        if not 0 <= each <= LARGEST:
            yield f"{each} is not a count of {whose}"


def _no_amounts(whose: str, *amounts: float) -> Iterator[str]:
    """Yield the amounts of dollars that nothing can have cost."""
    for each in amounts:
        if not (math.isfinite(each) and each >= 0):
            yield f"{each!r} is not a cost of {whose}"


def damage_of(db: sqlite3.Connection, job_id: str) -> JobDamaged | None:
    """Return what is wrong with the rows of a job that are read only now and then: ended attempts and events."""
    row = db.execute("SELECT seq, warnings FROM jobs WHERE job_id = ?", (job_id,)).fetchone()
    if row is None:
        return None
    try:
        with naming(job_id, "its warnings"):
            json.loads(row["warnings"])
        for each in db.execute("SELECT * FROM attempts WHERE job = ?", (row["seq"],)).fetchall():
            with naming(job_id, f"attempt {each['attempt']} of sheet {each['sheet']}"):
                json.loads(each["validations"])
                for problem in _no_times("an attempt", each["started_at"], each["ended_at"]):
                    raise damaged(job_id, problem)
                for problem in _no_amounts("an attempt", each["cost"] or 0.0):
                    raise damaged(job_id, problem)
    except JobDamaged as found:
        return found
    return None
