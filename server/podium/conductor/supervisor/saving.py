"""Jobs, sheets, attempts and events as rows: how each is written and read, side by side."""

import json
import sqlite3
from contextlib import suppress
from typing import Any

from podium.conductor.rules.batch import Batch
from podium.conductor.rules.event import Event
from podium.conductor.rules.healing import remedies
from podium.conductor.rules.plans import LoadedPlan
from podium.conductor.rules.state import Attempt, JobRun, SheetRun
from podium.conductor.store.rows import ATTEMPT_COLUMNS, SHEET_COLUMNS, Row, Rows
from podium.contract.models import Survivor
from podium.times import iso

_NONE = "[]"  # as most jobs have it: no warnings, and nothing that could not be ended


def rows_of(batch: Batch) -> Rows:
    """Return the rows of everything that a batch touched and recorded."""
    rows = Rows()
    for kind, values in batch.records:
        rows.add(kind, values)
    for loaded in batch.plans.values():
        rows.add("plans", (loaded.hash, loaded.text, loaded.source))
    for job in batch.jobs.values():
        rows.add("jobs", job_row(job))
    for (seq, _), run in batch.sheets.items():
        rows.add("sheets", sheet_row(seq, run))
    for attempt in batch.attempts.values():
        rows.add("attempts", attempt_row(attempt))
    at = batch.now.wall
    for event in batch.events:
        rows.add("events", (event.seq, event.job_id, event.job_seq, event.type, at, event.data_text))
    return rows


def job_row(job: JobRun) -> Row:
    """Return a job's row in the order of `JOB_COLUMNS`."""
    return (
        job.seq, job.job_id, job.name, job.status, job.intent, job.reason, job.loaded.hash,
        job.next_plan.hash if job.next_plan else None, job.next_from_sheet, job.workspace, job.config_path,
        job.start_sheet, int(job.self_healing), job.submitted_at, job.started_at, job.finished_at, job.total,
        job.counts["completed"], job.counts["failed"], job.counts["skipped"], job.event_count,
        job.serial, json.dumps(job.warnings) if job.warnings else _NONE, job.client,
        json.dumps(job.survivors) if job.survivors else _NONE, job.before_start, job.cut_off, job.next_config_path,
        job.cost, job.cost_granted,
    )  # fmt: skip


def job_from(row: sqlite3.Row, loaded: LoadedPlan, following: LoadedPlan | None) -> JobRun:
    """Build a job from its row and its plans, without its sheets."""
    same = (
        "seq", "job_id", "name", "status", "intent", "reason", "next_from_sheet", "workspace", "config_path",
        "start_sheet", "submitted_at", "started_at", "finished_at", "event_count", "serial", "client",
        "next_config_path", "cost", "cost_granted",
    )  # fmt: skip
    return JobRun(
        **{name: row[name] for name in same},
        loaded=loaded,
        next_plan=following,
        self_healing=bool(row["self_healing"]),
        warnings=() if row["warnings"] == _NONE else tuple(json.loads(row["warnings"])),
        survivors=() if row["survivors"] == _NONE else tuple(json.loads(row["survivors"])),
    )


def sheet_row(job_seq: int, run: SheetRun) -> Row:
    """Return a sheet's row in the order of `SHEET_COLUMNS`."""
    return (
        job_seq, run.num, run.status, run.reason, int(run.satisfied), run.attempts, run.retries_used,
        run.waiting_until, run.waiting_left, run.started_at, run.finished_at, run.player, run.limit_waits,
        remedies.dump(run.remedy), run.hold, run.completions, run.note, run.cost, run.unbegun,
    )  # fmt: skip


def run_from(row: sqlite3.Row) -> SheetRun:
    """Build a sheet's run from its row."""
    values = {name: row[name] for name in SHEET_COLUMNS.split(", ") if name != "job"}
    return SheetRun(**{**values, "satisfied": bool(row["satisfied"]), "remedy": remedies.load(row["remedy"])})


def attempt_row(attempt: Attempt) -> Row:
    """Return an attempt's row in the order of `ATTEMPT_COLUMNS`."""
    return (
        attempt.job_seq, attempt.serial, attempt.sheet, attempt.attempt, attempt.key, attempt.plan_hash,
        attempt.instrument, int(attempt.open), attempt.started_at, attempt.ended_at, attempt.outcome, attempt.end_reason,
        attempt.exit_code, attempt.signal, attempt.processes_ended, attempt.message, attempt.validations,
        json.dumps([each.model_dump() for each in attempt.survivors]) if attempt.survivors else _NONE,
        attempt.cost, " ".join(map(str, attempt.gpus)), attempt.place, int(attempt.suspended),
    )  # fmt: skip


def attempt_from(row: sqlite3.Row) -> Attempt:
    """Build an attempt from its row."""
    names = ATTEMPT_COLUMNS.replace("job,", "job_seq,").split(", ")
    values = dict(zip(names, tuple(row), strict=True))
    survivors = tuple(Survivor.model_validate(each) for each in json.loads(values["survivors"]))
    made = {
        "open": bool(values["open"]), "suspended": bool(values["suspended"]), "survivors": survivors,
        "gpus": tuple(map(int, values["gpus"].split())),
    }  # fmt: skip
    return Attempt(**{**values, **made})


def event_from(row: sqlite3.Row) -> Event:
    """Build an event from its row."""
    return Event(row["seq"], row["job_id"], row["job_seq"], row["type"], _moment(row["at"]), _data_of(row["data"]))


def _moment(seconds: float) -> str:
    """Return an event's time, "" if it is damaged."""
    with suppress(ValueError, OverflowError, OSError):
        return iso(seconds)
    return ""


def _data_of(text: str) -> dict[str, Any]:
    """Return an event's data; if it is damaged the event still counts, and says so."""
    with suppress(ValueError, RecursionError):
        data = json.loads(text)
        if isinstance(data, dict):
            return data
    return {"damaged": "what this event says is unreadable in the database"}
