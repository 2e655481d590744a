"""Why a job of a Marianne conductor has failed, waits or runs, as far as that conductor reports.

Its status object names the sheets with their states and a short error. It never fills in output, exit codes, validation results
and times, and it records no remedies; the explanation says so.
"""

from podium.client.marianne import views
from podium.client.marianne.replies import JobState
from podium.contract.models import ExplainView
from podium.contract.states import TERMINAL

_EXPLAINING = ("failed", "running", "waiting", "cancelled")  # in the order in which their sheets explain a job
_BLOCKED_SHOWN = 10
_NOT_KEPT = "This conductor does not keep the output, exit codes or validation results of its sheets."


def explain_view(entry: JobState, checkpoint: JobState | None) -> ExplainView:
    """Return the explanation from a job's list entry and its status object, None if that was not asked for."""
    job = views.job_view(entry, checkpoint)
    sheets = views.sheet_views(checkpoint, ended=job.status in TERMINAL) if checkpoint else []
    explaining = [sheet for sheet in sheets if sheet.status in _EXPLAINING]
    sheet = min(explaining, key=lambda each: _EXPLAINING.index(each.status), default=None)
    cause = _NOT_KEPT
    if sheet is not None and sheet.status in {"running", "waiting"} and not job.stuck:
        cause = f"Sheet {sheet.sheet} is {sheet.status}{f': {sheet.reason}' if sheet.reason else ''}. {_NOT_KEPT}"
    blocked = views.blocked(checkpoint) if checkpoint else []
    return ExplainView(
        job=job,
        kind="stuck" if job.stuck else "waiting" if job.only_waits else job.status,
        cause=cause,
        sheet=sheet,
        blocked=blocked[:_BLOCKED_SHOWN],
        blocked_total=len(blocked),
    )
