"""The Marianne conductor's replies as our views.

The list has a job's state, workspace and progress; the status object has the sheets, without exit codes, times and output.
"""

from datetime import datetime
from typing import Any

from podium.client.marianne.reasons import CUT_OFF, FERMATA, error_text, goes_on, reason, undecided
from podium.client.marianne.replies import JobState, SheetState
from podium.client.marianne.words import SHEET_STATES, job_status
from podium.contract.models import JobView, SheetView
from podium.contract.near import as_named
from podium.contract.states import TERMINAL, Action, JobStatus
from podium.times import iso

# What really works there: a failed sheet stays failed whatever is resumed, and modifying a running job loses it.
_ALLOWED: dict[JobStatus, list[Action]] = {
    "queued": ["cancel"],
    "running": ["pause", "cancel"],
    "paused": ["resume", "modify", "cancel"],
    "completed": ["delete"],
    "failed": ["delete"],  # one of which no sheet has failed: see `goes_on`
    "cancelled": ["resume", "modify", "delete"],
}
_GOES_ON: list[Action] = ["resume", "modify", "delete"]


def job_view(entry: JobState, checkpoint: JobState | None = None) -> JobView:
    """Return the view of a job from its list entry and, if it was asked for, its status object.

    What a list entry says of the progress of a queued job may be that of an earlier run.
    """
    state = checkpoint or entry
    status = job_status(entry)
    sheets = sheet_views(state, ended=status in TERMINAL)
    running = [sheet for sheet in sheets if sheet.status == "running"]
    numbers = checkpoint or (JobState(job_id="", status="") if status == "queued" else entry)
    return JobView(
        job_id=entry.job_id,
        job_name=state.job_name or entry.job_name or entry.job_id,
        status=status,
        reason=reason(entry, sheets),
        sheets_total=numbers.total_sheets or numbers.progress_total or 0,
        sheets_completed=numbers.last_completed_sheet or numbers.progress_completed or 0,
        sheets_failed=sum(sheet.status == "failed" for sheet in sheets),
        sheets_skipped=sum(sheet.status == "skipped" for sheet in sheets),
        sheets_blocked=len(blocked(state)),
        running=[str(sheet.sheet) for sheet in running],
        running_since=[sheet.started_at or "" for sheet in running],
        waiting=[str(sheet.sheet) for sheet in sheets if sheet.status == "waiting"],
        stuck=status == "running" and undecided(sheets) is not None and not running,
        allowed_actions=_GOES_ON if status == "failed" and goes_on(sheets) else _ALLOWED[status],
        workspace=entry.workspace or "",
        config_path=entry.config_path,
        submitted_at=_time(entry.submitted_at),
        started_at=_time(state.started_at or entry.started_at),
        finished_at=_time(state.completed_at or entry.completed_at),
    )


def of_this_run(entry: JobState, checkpoint: JobState) -> bool:
    """Whether a status object is of the run that the list shows: a score that was submitted again has that of the run before."""
    made = moment_of(checkpoint.created_at or "")
    return made is None or entry.submitted_at is None or made >= entry.submitted_at


def moment_of(text: str) -> float | None:
    """Return a time of a status object in seconds since 1970, None if it is none."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def named(entry: JobState) -> dict[str, Any]:
    """Return what tells a job from others of its name."""
    return as_named(entry.job_id, job_status(entry), _time(entry.submitted_at) or "", _time(entry.completed_at) or "")


def sheet_views(checkpoint: JobState, *, ended: bool = False) -> list[SheetView]:
    """Return the sheets of a status object in their order; of a job that has `ended` nothing runs, whatever they say."""
    return [_sheet_view(num, sheet, ended=ended) for num, sheet in sorted((checkpoint.sheets or {}).items())]


def _sheet_view(num: int, sheet: SheetState, *, ended: bool) -> SheetView:
    status = SHEET_STATES.get(sheet.status or "", "running")
    why = "; ".join(filter(None, [error_text(sheet.error_message), FERMATA if sheet.status == "fermata" else ""]))
    cut_off = ended and status in {"running", "waiting"}
    return SheetView(
        sheet=num,
        name="",
        status="cancelled" if cut_off else status,
        reason=why or (CUT_OFF if cut_off else ""),
        instrument=sheet.instrument_name or "",
        # It counts the attempts that did not succeed.
        attempts=(sheet.normal_attempts or 0) + (sheet.completion_attempts or 0) + (status in {"completed", "running"}),
        exit_code=sheet.exit_code,
        started_at=sheet.started_at,
        finished_at=sheet.completed_at,
        duration_seconds=sheet.total_duration_seconds,
    )


def blocked(checkpoint: JobState) -> list[str]:
    """Return the sheets of a status object that are skipped since one that they need has failed."""
    return [
        str(num)
        for num, sheet in sorted((checkpoint.sheets or {}).items())
        if sheet.status == "skipped" and (sheet.error_message or "").startswith("Blocked by")
    ]


def _time(value: float | str | None) -> str | None:
    return iso(value) if isinstance(value, int | float) else value or None
