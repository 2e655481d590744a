"""States of jobs and sheets as people see them: a mark, a word, and a colour that only repeats what these say."""

import re
from collections.abc import Sequence

from podium.cli.terminal.door import Piece, in_line, short_reason
from podium.cli.terminal.saying import in_commands
from podium.cli.terminal.when import in_times
from podium.contract.models import JobView, SheetView

MARKS = {
    "completed": ("✓", "green"),
    "failed": ("✗", "red"),
    "skipped": ("-", "dim"),
    "cancelled": ("■", "yellow"),
    "cancelling": ("■", "yellow"),
    "waiting": ("↻", "yellow"),
    "changing": ("↻", "yellow"),
    "running": ("•", "cyan"),
    "stuck": ("!", "red"),
    "holding": ("?", "yellow"),
    "paused": ("=", "yellow"),
    "pausing": ("=", "yellow"),
    "queued": ("○", "blue"),
    "pending": ("○", "dim"),
}
_LABELS = 3  # of sheets in a line
NO_JOBS = "No jobs yet; `podium run -- CMD` or `podium run SCORE` starts one."


def marked(word: str) -> Piece:
    """Return a state with its mark, in its colour."""
    mark, style = MARKS.get(word, ("?", ""))
    return f"{mark} {word}", style


def job_state(job: JobView) -> str:
    """Return the word for a job's state, which says more than its status: what it is about to become, or waits for."""
    asked = {
        "cancelling": job.cancel_requested and job.status != "cancelled",
        "stuck": job.stuck,
        "holding": job.needs_approval and not job.running,
        "pausing": job.pause_requested,
        "changing": job.modify_requested,
        "waiting": job.only_waits,
    }
    return next((word for word, is_so in asked.items() if is_so), job.status)


def sheet_state(sheet: SheetView, holding: Sequence[str]) -> str:
    """Return the word for a sheet's state; `holding` are the labels of those that wait for an approval."""
    waits = sheet.status == "pending" and (sheet.name or str(sheet.sheet)) in holding
    return "holding" if waits else sheet.status


def sheets_done(job: JobView) -> str:
    """Return how many of the sheets that it runs a job has completed: "10 of 174"; "" where a conductor does not count them."""
    if not job.sheets_total:
        return ""
    return f"{job.sheets_completed} of {job.sheets_total - job.sheets_before_start}"


def some(labels: Sequence[str], total: int = 0) -> str:
    """Return the first labels and how many more there are; `total` counts all, if `labels` are not all."""
    shown = labels[:_LABELS]
    more = max(total, len(labels)) - len(shown)
    return in_line(", ".join(shown)) + (f" and {more} more" if more else "")


def what(job: JobView) -> str:
    """Return what a job does or why it does not, in a line: its reason, what runs, or what to look at; "" if that is nothing."""
    if job.reason:
        return short_reason(in_commands(in_times(job.reason), job.job_id))
    if job.running:
        beside = f", of which {in_times(job.in_queue)}" if job.in_queue else ""
        return short_reason(f"running {some(job.running, job.running_total)}{beside}")
    return f"{len(job.warnings)} warning{'' if len(job.warnings) == 1 else 's'}" if job.warnings else ""


def name_beside_id(job: JobView) -> str:
    """Return the job's name where it says more than its id, which begins with the letters and digits of it."""
    readable = re.sub(r"[^a-z0-9]+", "-", job.job_name.lower()).strip("-")
    return "" if job.job_id.rpartition("-")[0] == readable and job.job_name.isascii() else job.job_name


def next_command(job: JobView) -> str:
    """Return the command that follows from a job's state, "" if none does.

    A conductor without events, which gives a job no cursor, keeps no output either.
    """
    if job.status == "failed" or job.stuck:
        return f"podium explain {job.job_id}"
    if job.status == "paused" and not job.settled:
        return f"podium wait {job.job_id}"
    if job.status in {"paused", "cancelled"} or job.needs_approval:
        return f"podium resume {job.job_id}" if "resume" in job.allowed_actions else ""
    if job.status == "completed":
        return f"podium logs {job.job_id}" if job.cursor else f"podium call list_artifacts job_id={job.job_id}"
    return f"podium logs {job.job_id} -f" if job.running and job.cursor else f"podium explain {job.job_id}"
