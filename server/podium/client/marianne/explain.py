"""Why a job of a Marianne conductor is as it is, as far as that conductor tells.

Its status object names the sheets with their states and a short error; output, exit codes, validation results and times it
never fills in, and it records no remedies. That is said instead of being left out.
"""

from typing import Any

from podium.client.marianne import views
from podium.contract.models import ExplainKind, ExplainView, JobView, SheetView

_TELLING = ("failed", "running", "waiting", "cancelled")  # in the order in which their sheets explain a job
_BLOCKED_SHOWN = 10
_UNTOLD = "This conductor keeps no output, exit codes or validation results of its sheets."


def explain_view(entry: dict[str, Any], checkpoint: dict[str, Any]) -> ExplainView:
    """Return the explanation from a job's list entry and its status object ({} where it was not asked for)."""
    job = views.job_view(entry, checkpoint)
    sheets = views.sheet_views(checkpoint)
    sheet = _telling(sheets)
    blocked = [str(each.sheet) for each in sheets if each.status == "skipped" and each.reason.startswith("Blocked by")]
    return ExplainView(
        job=job,
        kind=_kind_of(job),
        cause=f"{_cause(sheet)} {_UNTOLD}".strip(),
        sheet=sheet,
        blocked=blocked[:_BLOCKED_SHOWN],
        blocked_total=len(blocked),
    )


def _telling(sheets: list[SheetView]) -> SheetView | None:
    """Return the sheet that explains the job, the first of its state."""
    ranked = [sheet for sheet in sheets if sheet.status in _TELLING]
    return min(ranked, key=lambda sheet: _TELLING.index(sheet.status), default=None)


def _kind_of(job: JobView) -> ExplainKind:
    if job.status != "running":
        return job.status
    return "waiting" if job.waiting and not job.running else "running"


def _cause(sheet: SheetView | None) -> str:
    if sheet is None or sheet.status in {"failed", "cancelled"}:
        return ""
    return f"Sheet {sheet.sheet} is {sheet.status}{f': {sheet.reason}' if sheet.reason else ''}."
