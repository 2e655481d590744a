"""Sheets as callers see them: one page, joined from the plan, the sheets' rows and their last attempts."""

import json
import sqlite3
from typing import Any

from podium.conductor.loading import Loader
from podium.conductor.store.store import Store
from podium.contract.models import SheetView, ValidationView
from podium.score.plan import Plan, PlanSheet
from podium.times import iso

_SHEETS = "SELECT * FROM sheets WHERE job = ? AND num BETWEEN ? AND ?"
_LAST_ATTEMPTS = """
SELECT a.* FROM attempts a JOIN (
    SELECT sheet, MAX(attempt) AS attempt FROM attempts WHERE job = ? AND sheet BETWEEN ? AND ? GROUP BY sheet
) last ON a.sheet = last.sheet AND a.attempt = last.attempt WHERE a.job = ?
"""


class SheetViews:
    """Builds `SheetView`s of a job from the store."""

    def __init__(self, store: Store, loader: Loader) -> None:
        self._store = store
        self._loader = loader

    async def page(self, row: sqlite3.Row, first: int, limit: int) -> list[SheetView]:
        """Return up to `limit` sheets from number `first` (1-based) of the job with this row."""
        plan = (await self._loader.plan(row["plan_hash"])).plan
        last = min(len(plan.sheets), first + limit - 1)
        runs, attempts = await self._store.read(lambda db: _read(db, row["seq"], first, last))
        return [
            _view(plan, sheet, row["start_sheet"], runs.get(sheet.num), attempts.get(sheet.num))
            for sheet in plan.sheets[first - 1 : last]
        ]


Found = dict[int, dict[str, Any]]


def _read(db: sqlite3.Connection, seq: int, first: int, last: int) -> tuple[Found, Found]:
    runs = {row["num"]: dict(row) for row in db.execute(_SHEETS, (seq, first, last))}
    attempts = {row["sheet"]: dict(row) for row in db.execute(_LAST_ATTEMPTS, (seq, first, last, seq))}
    return runs, attempts


def _view(plan: Plan, sheet: PlanSheet, start_sheet: int, run: dict[str, Any] | None,
          attempt: dict[str, Any] | None) -> SheetView:  # fmt: skip
    view = SheetView(
        sheet=sheet.num,
        name=sheet.name,
        status="skipped" if sheet.num < start_sheet else "pending",
        reason="before start_sheet: counts as done" if sheet.num < start_sheet else "",
        instrument=sheet.instrument,
        needs=list(sheet.needs),
    )
    facts = {**(_run_facts(plan, sheet, run)), **_attempt_facts(run, attempt)}
    return view.model_copy(update=facts)


def _run_facts(plan: Plan, sheet: PlanSheet, run: dict[str, Any] | None) -> dict[str, Any]:
    if run is None:
        return {}
    retries = plan.retries[sheet.retry].max_retries
    return {
        "status": run["status"],
        "reason": run["reason"] or (f"retry {run['retries_used']} of {retries}" if run["retries_used"] else ""),
        "attempts": run["attempts"],
        "started_at": iso(run["started_at"]) or None,
        "finished_at": iso(run["finished_at"]) or None,
        "waiting_until": iso(run["waiting_until"]) or None,
    }


def _attempt_facts(run: dict[str, Any] | None, attempt: dict[str, Any] | None) -> dict[str, Any]:
    """Return what the last attempt adds; nothing for a sheet that was reset and has not run again."""
    if run is None or attempt is None or run["status"] == "pending" or attempt["open"]:
        return {}
    return {
        "exit_code": attempt["exit_code"],
        "signal": attempt["signal"],
        "duration_seconds": round(attempt["ended_at"] - attempt["started_at"], 3),
        "processes_ended": attempt["processes_ended"],
        "validations": [ValidationView.model_validate(each) for each in json.loads(attempt["validations"])],
    }
