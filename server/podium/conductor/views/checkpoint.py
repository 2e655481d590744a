"""The Marianne protocol's checkpoint object (as of 2026-11: 40 job members, sheets keyed by decimal strings)."""

import json
import sqlite3
from typing import Any

from podium.contract.models import JobView
from podium.times import iso

_SHEET_STATUS = {"running": "dispatched", "waiting": "retry_scheduled"}  # the others have the same name there
_EMPTY_JOB: dict[str, Any] = {
    "config_hash": None, "config_snapshot": None, "current_sheet": None, "total_movements": 1, "pid": None,
    "total_retry_count": 0, "rate_limit_waits": 0, "quota_waits": 0, "resume_at": None, "total_input_tokens": 0,
    "total_output_tokens": 0, "total_estimated_cost": 0.0, "cost_limit_reached": False, "worktree_path": None,
    "worktree_branch": None, "worktree_locked": False, "worktree_base_commit": None, "isolation_mode": None,
    "isolation_fallback_used": False, "parallel_batches_executed": 0, "synthesis_results": {}, "hook_results": [],
    "spec_corpus_hash": None, "circuit_breaker_history": [],
}  # fmt: skip


def of(row: sqlite3.Row, view: JobView) -> dict[str, Any]:
    """Return the checkpoint of a job without its sheets; members that this conductor does not have are empty."""
    return {
        **_EMPTY_JOB,
        "job_id": view.job_id,
        "job_name": view.job_name,
        "config_path": view.config_path,
        "created_at": view.submitted_at,
        "updated_at": view.finished_at or view.started_at or view.submitted_at,
        "started_at": view.started_at,
        "completed_at": view.finished_at,
        "total_sheets": view.sheets_total,
        "last_completed_sheet": view.sheets_completed,
        "status": view.status,
        "error_message": row["reason"] if view.status == "failed" else None,
        "total_estimated_cost": view.cost_dollars or 0.0,
        "instruments_used": [],
        "parallel_enabled": len(view.running) > 1,
        "parallel_max_concurrent": max(1, len(view.running)),
        "sheets_in_progress": [],
    }


def sheet(facts: dict[str, Any]) -> dict[str, Any]:
    """Return the checkpoint form of a sheet, given the members of its view."""
    checks = facts.get("validations") or []
    return {
        "sheet_num": facts["sheet"],
        "status": _SHEET_STATUS.get(facts["status"], facts["status"]),
        "started_at": facts.get("started_at"),
        "completed_at": facts.get("finished_at"),
        "attempt_count": facts.get("attempts", 0),
        "normal_attempts": facts.get("attempts", 0),
        "exit_code": facts.get("exit_code"),
        "exit_signal": facts.get("signal"),
        "error_message": facts["reason"] or None,
        "error_code": "E999" if facts["status"] in {"failed", "skipped"} else None,
        "validation_passed": all(check["passed"] for check in checks) if checks else None,
        "validation_details": checks or None,
        "instrument_name": facts["instrument"],
        "total_duration_seconds": facts.get("duration_seconds") or 0.0,
    }


def record(attempt: sqlite3.Row) -> dict[str, Any]:
    """Return one attempt as a record of `job.history`."""
    return {
        "sheet_num": attempt["sheet"],
        "attempt_num": attempt["attempt"],
        "status": attempt["outcome"] or "running",
        "exit_code": attempt["exit_code"],
        "exit_signal": attempt["signal"],
        "instrument": attempt["instrument"],
        "end_reason": attempt["end_reason"],
        "error_message": attempt["message"] or None,
        "processes_ended": attempt["processes_ended"],
        "survivors": json.loads(attempt["survivors"]),
        "started_at": iso(attempt["started_at"]),
        "completed_at": iso(attempt["ended_at"]) or None,
    }
