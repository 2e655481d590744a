"""Sheets as callers see them, joined from the plan, the sheets' rows and their last attempts: a page of views, or all as text."""

import json
import sqlite3
import time
from typing import Any, NamedTuple

from podium.conductor.clock import wall
from podium.conductor.rules.healing import remedies
from podium.conductor.rules.state import BEFORE_START, skip_kind
from podium.conductor.rules.transitions import costs
from podium.conductor.rules.verdicts import Verdict
from podium.conductor.store.store import Store
from podium.conductor.supervisor.loading import Loader
from podium.conductor.supervisor.supervisor import Supervisor
from podium.conductor.supervisor.unstored import how
from podium.conductor.views import checkpoint, shortage
from podium.conductor.views.places import PlaceOf, nowhere, place_text, since
from podium.contract.models import SheetView
from podium.contract.states import SUSPENDED
from podium.score.model.plan import Plan, PlanSheet, Retry
from podium.times import elapsed, iso

_SHEETS = "SELECT * FROM sheets WHERE job = ? AND num BETWEEN ? AND ?"
_LAST_ATTEMPTS = """
SELECT a.*, last.never_began FROM attempts a JOIN (
    SELECT sheet, MAX(attempt) AS attempt, SUM(outcome = 'abandoned') AS never_began
    FROM attempts WHERE job = ? AND sheet BETWEEN ? AND ? GROUP BY sheet
) last ON a.sheet = last.sheet AND a.attempt = last.attempt WHERE a.job = ?
"""

Facts = dict[str, Any]


class SheetTexts(NamedTuple):
    """All sheets of a job in the checkpoint form: one JSON object, and what the checkpoint says about all of them."""

    text: bytes
    instruments: list[str]
    running: list[int]
    retries: int
    limit_waits: int
    is_overspent: bool


class SheetViews:
    """Reads the sheets of a job from the store. They are built in the reading thread, so a large job delays no other call."""

    def __init__(self, store: Store, loader: Loader, supervisor: Supervisor, place_of: PlaceOf = nowhere) -> None:
        self._store = store
        self._loader = loader
        self._supervisor = supervisor
        self._place_of = place_of

    async def page(self, row: sqlite3.Row, first: int, limit: int) -> list[SheetView]:
        """Return up to `limit` sheets from number `first` (1-based) of the job with this row."""
        plan = (await self._loader.plan(row["plan_hash"])).plan
        ended = self._ended(row["job_id"])
        facts = await self._store.read(lambda db: _facts_of(db, plan, row, first, first + limit - 1))
        self._add_places(facts, row["job_id"])
        _add_ends(facts, ended, self._trouble)
        self._add_shortages(facts, row["job_id"])
        return [SheetView.model_validate(each) for each in facts]

    def _add_places(self, facts: list[Facts], job_id: str) -> None:
        """Show where the running sheets are now. Asking costs nothing."""
        job = self._supervisor.jobs.get(job_id)
        for each in facts if job is not None else ():
            if job is None or each["status"] != "running" or (attempt := job.running.get(each["sheet"])) is None:
                continue
            if text := place_text(job, attempt.sheet, self._place_of):
                each["place"] = text
            if not since(job, attempt.sheet, self._place_of):
                each["duration_seconds"] = None

    def _add_shortages(self, facts: list[Facts], job_id: str) -> None:
        """Say of the sheets that could start what they wait for."""
        pending = {each["sheet"]: each for each in facts if each["status"] == "pending"}
        job = self._supervisor.jobs.get(job_id)
        if pending and job is not None:
            short = shortage.of_sheets(job, pending, self._supervisor.scheduler, time.monotonic())
            for num, why in short.items():
                pending[num]["reason"] = why

    def _ended(self, job_id: str) -> dict[int, Verdict]:
        """Return the ends of the job's sheets that could not be stored yet."""
        job = self._supervisor.jobs.get(job_id)
        return self._supervisor.unstored.ended(job) if job is not None else {}

    @property
    def _trouble(self) -> str:
        return str(self._supervisor.trouble or "in a moment")

    async def texts(self, row: sqlite3.Row) -> SheetTexts:
        """Return every sheet of the job with this row."""
        loaded = await self._loader.plan(row["plan_hash"])
        plan = loaded.plan
        ended, trouble = self._ended(row["job_id"]), self._trouble

        def read(db: sqlite3.Connection) -> SheetTexts:
            facts = _facts_of(db, plan, row, 1, len(plan.sheets))
            _add_ends(facts, ended, trouble)
            running = [each["sheet"] for each in facts if each["status"] == "running"]
            instruments = sorted({each["instrument"] for each in facts})
            retries, waits = (sum(each.get(name, 0) for each in facts) for name in ("retries", "limit_waits"))
            over = costs.overspent(plan.cost_limits, row["cost"], row["cost_granted"]) is not None
            return SheetTexts(checkpoint.sheets(facts, loaded).encode(), instruments, running, retries, waits, over)

        return await self._store.read(read)


def _facts_of(db: sqlite3.Connection, plan: Plan, row: sqlite3.Row, first: int, last: int) -> list[Facts]:
    seq, start = row["seq"], row["start_sheet"]
    runs = {run["num"]: run for run in db.execute(_SHEETS, (seq, first, last))}
    attempts = {attempt["sheet"]: attempt for attempt in db.execute(_LAST_ATTEMPTS, (seq, first, last, seq))}
    return [
        _facts(plan, sheet, start, runs.get(sheet.num), attempts.get(sheet.num))
        for sheet in plan.sheets[first - 1 : last]
    ]


def _add_ends(facts: list[Facts], ended: dict[int, Verdict], why: str) -> None:
    """Show the sheets that have ended as ended, though this is not stored yet."""
    for each in facts if ended else ():
        if (verdict := ended.get(each["sheet"])) is not None:
            each.update(_end_of(verdict, why))


def _end_of(verdict: Verdict, why: str) -> Facts:
    """Return the members of a `SheetView` that an end changes which is not stored yet. What follows it is not decided yet."""
    unlucky = "cancelled" if verdict.end.reason == "cancelled" else "failed"
    return {
        "status": "skipped" if verdict.skipped else "completed" if verdict.passed else unlucky,
        "skip_kind": "condition" if verdict.skipped else "",
        "reason": f"ended ({how(verdict)}); not stored yet: {why}",
        "exit_code": verdict.end.exit_code,
        "signal": verdict.end.signal,
        "finished_at": iso(verdict.end.ended_at) or None,
        "processes_ended": verdict.end.processes_ended,
        "validations": json.loads(verdict.validations),
    }


def _holds(sheet: PlanSheet, run: sqlite3.Row) -> str:
    """Return for what a sheet waits that has come to its hold, "" if it does not: such a sheet is pending."""
    return f"holds: {sheet.hold}" if run["hold"] == "held" and run["status"] == "pending" else ""


def _facts(
    plan: Plan, sheet: PlanSheet, start_sheet: int, run: sqlite3.Row | None, attempt: sqlite3.Row | None
) -> Facts:
    """Return the members of a `SheetView`, and those that only the checkpoint has."""
    facts: Facts = {
        "sheet": sheet.num,
        "name": sheet.name,
        "description": sheet.description,
        "status": "skipped" if sheet.num < start_sheet else "pending",
        "skip_kind": "before_start" if sheet.num < start_sheet else "",
        "reason": BEFORE_START if sheet.num < start_sheet else "",
        "instrument": sheet.instrument,
        "needs": sheet.needs,
    }
    if run is None:
        return facts
    policy, remedy = plan.retries[sheet.retry], remedies.load(run["remedy"])
    played = None if attempt is None or run["status"] in {"pending", "waiting"} else attempt["instrument"]
    facts |= {
        "status": run["status"],
        "skip_kind": skip_kind(run["reason"], satisfied=bool(run["satisfied"])) if run["status"] == "skipped" else "",
        "reason": _holds(sheet, run) or run["reason"] or _tried(run, policy),
        "instrument": sheet.instruments[int(run["player"])] if played is None else played,
        "attempts": run["attempts"],
        "never_began": 0 if attempt is None else attempt["never_began"],
        "started_at": iso(run["started_at"]) or None,
        "finished_at": iso(run["finished_at"]) or None,
        "waiting_until": iso(run["waiting_until"]) or None,
        "healing": f"{remedy.cause}: {remedy.text}" if remedy else "",
        "played": int(run["player"]),
        "retries": run["retries_used"],
        "limit_waits": run["limit_waits"],
        # The last one that was asked for may not have begun.
        "completions": run["completions"] - (bool(run["note"]) and run["status"] in {"pending", "waiting"}),
        "cost": run["cost"],
    }
    # What the last attempt adds, unless the sheet was reset and has not run again.
    if attempt is not None and attempt["open"]:
        facts |= {"duration_seconds": elapsed(run["started_at"], wall()), "place": attempt["place"]}
        facts["reason"] = SUSPENDED if attempt["suspended"] else facts["reason"]
    elif attempt is not None and run["status"] != "pending":
        facts |= {
            "exit_code": attempt["exit_code"],
            "signal": attempt["signal"],
            "place": attempt["place"],
            "duration_seconds": elapsed(attempt["started_at"], attempt["ended_at"]),
            "processes_ended": attempt["processes_ended"],
            "survivors": json.loads(attempt["survivors"]),
            "validations": json.loads(attempt["validations"]),
        }
    return facts


def _tried(run: sqlite3.Row, policy: Retry) -> str:
    """Return which retry, or which request to complete the work, the present attempt is; "" for the first one."""
    if run["note"]:
        return f"completion {run['completions']} of {policy.max_completion_attempts}"
    return f"retry {run['retries_used']} of {policy.max_retries}" if run["retries_used"] else ""
