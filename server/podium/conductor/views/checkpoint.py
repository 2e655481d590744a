"""The Marianne protocol's checkpoint object (as of 2026-11: 40 job members, sheets keyed by decimal strings)."""

import json
import math
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from podium.conductor.rules.limits import waits_for_limit
from podium.conductor.rules.plans import LoadedPlan
from podium.contract.methods import MAX_LINE_BYTES
from podium.contract.models import JobView
from podium.times import iso

_EMPTY_JOB: dict[str, Any] = {
    "config_hash": None, "config_snapshot": None, "current_sheet": None, "total_movements": 1, "pid": None,
    "total_retry_count": 0, "rate_limit_waits": 0, "quota_waits": 0, "resume_at": None, "total_input_tokens": 0,
    "total_output_tokens": 0, "total_estimated_cost": 0.0, "cost_limit_reached": False, "worktree_path": None,
    "worktree_branch": None, "worktree_locked": False, "worktree_base_commit": None, "isolation_mode": None,
    "isolation_fallback_used": False, "parallel_batches_executed": 0, "synthesis_results": {}, "hook_results": [],
    "spec_corpus_hash": "", "circuit_breaker_history": [],
}  # fmt: skip
_EMPTY_SHEET: dict[str, Any] = {
    "error_category": None, "instrument_model": None, "movement": None, "voice": None, "exit_reason": None,
    "execution_duration_seconds": None, "passed_validations": [], "failed_validations": [],
    "last_pass_percentage": None, "execution_mode": None, "outcome_data": None, "confidence_score": None,
    "learned_patterns": [], "similar_outcomes_count": 0, "outcome_category": None, "stdout_tail": None,
    "stderr_tail": None, "output_truncated": False, "prompt_metrics": None, "preflight_warnings": [],
    "progress_snapshots": [], "last_activity_at": None, "error_history": [], "instrument_fallback_history": [],
    "fire_at": None, "rate_limit_expires_at": None, "model": None,
    "fallback_attempts": {}, "display_status": None, "applied_patterns": [], "grounding_passed": None,
    "grounding_confidence": None, "grounding_guidance": None, "input_tokens": None, "output_tokens": None,
    "estimated_cost": None, "cost_confidence": 1.0, "agent_feedback": None,
}  # fmt: skip
_dumps = json.JSONEncoder(separators=(",", ":")).encode
_EMPTY_TEXT = _dumps(_EMPTY_SHEET)[1:]
_MOST_CHARS = MAX_LINE_BYTES - 2 * 1024 * 1024  # of all sheets, which leaves room in a frame for the job
_SHORT = ("job_id", "status", "workspace", "submitted_at", "started_at")
_TIMES = ("submitted_at", "started_at")


def short(job: Mapping[str, Any] | sqlite3.Row) -> dict[str, Any]:
    """Return the short form of a job, given these members of its row: its times are epoch seconds, its path is text."""
    found = {name: job[name] for name in _SHORT} | {"config_path": job["config_path"] or ""}
    found |= {name: None for name in _TIMES if found[name] is not None and not math.isfinite(found[name])}  # damaged
    if job["status"] == "failed":
        found["error_message"] = job["reason"]
    return found


def is_short(row: sqlite3.Row, view: JobView) -> bool:
    """Return whether a status has the short form: a checkpoint is of a job that has begun, and knows no queue."""
    return view.status == "queued" or row["started_at"] is None


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


def sheets(facts: Sequence[Mapping[str, Any]], loaded: LoadedPlan) -> str:
    """Return the sheets of a job with this plan as an object, given the members of their views and `played`.

    Where all of their members together are too many for a frame, those that are always empty are left out.
    """
    texts = [f'"{each["sheet"]}":{_dumps(_sheet(each, loaded))}' for each in facts]
    if sum(map(len, texts)) + len(texts) * len(_EMPTY_TEXT) <= _MOST_CHARS:
        texts = [f"{each[:-1]},{_EMPTY_TEXT}" for each in texts]
    return f"{{{','.join(texts)}}}"


def _sheet(facts: Mapping[str, Any], loaded: LoadedPlan) -> dict[str, Any]:
    """Return the members of a sheet that say something here."""
    checks, attempts = facts.get("validations") or [], facts.get("attempts", 0)
    planned, plan, completions = loaded.plan.sheet(facts["sheet"]), loaded.plan, facts.get("completions", 0)
    policy = plan.retries[planned.retry]
    profile = loaded.profiles.get(facts["instrument"])  # None of one that the plan of an earlier attempt had
    usual = profile.default_timeout_seconds if profile else None
    limit = planned.timeout_seconds or usual or plan.default_timeout_seconds
    failed = facts["status"] == "failed" or facts.get("skip_kind") == "blocked"
    return {
        "sheet_num": facts["sheet"],
        "status": _status(facts),
        "started_at": facts.get("started_at"),
        "completed_at": facts.get("finished_at"),
        "attempt_count": attempts,
        "normal_attempts": attempts - completions,
        "completion_attempts": completions,
        "max_retries": policy.max_retries,
        "max_completion": policy.max_completion_attempts,
        "success_without_retry": facts["status"] == "completed" and attempts == 1,
        "healing_attempts": 1 if facts.get("healing") else 0,
        "exit_code": facts.get("exit_code"),
        "exit_signal": facts.get("signal"),
        "error_message": facts["reason"] or None,
        "error_code": "E999" if failed else None,
        "validation_passed": all(check["passed"] for check in checks) if checks else None,
        "validation_details": checks or None,
        "instrument_name": facts["instrument"],
        "current_instrument_index": facts.get("played", 0),
        "fallback_chain": list(planned.instruments[1:]),
        "total_duration_seconds": float(facts.get("duration_seconds") or 0),
        "sheet_timeout_seconds": float(limit or 0),
        "total_cost_usd": float(facts.get("cost", 0)),
    }


def _status(facts: Mapping[str, Any]) -> str:
    """Return the name that a sheet's status has there; those that are missing here have the same one."""
    if facts["status"] == "waiting":
        return "waiting" if waits_for_limit(facts["reason"]) else "retry_scheduled"
    return "dispatched" if facts["status"] == "running" else str(facts["status"])


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
