"""What the result of a wait shows: its jobs, what happened to them, and what became of the pattern."""

from podium.contract.models import JobView
from podium.contract.waits import MatchView, RunningView, WaitView
from podium.contract.weight import fits
from podium_tools.durations import job_seconds, sheet_seconds, shown_seconds
from podium_tools.events import event_text
from podium_tools.going import Going, limits_of, quiet_of
from podium_tools.results import Known, Omitted, WaitingLine, job_line, waiting_of

LABEL_TOKENS = 100
# The jobs' lines and counts cover these.
ROUTINE = {
    "job.submitted",
    "job.started",
    "sheet.started",
    "sheet.placed",
    "sheet.completed",
    "job.completed",
    "job.failed",
    "job.cancelled",
}


class WaitedJob(WaitingLine):
    """A job that was waited for; `settled`: it has ended, is paused or is stuck.

    `elapsed_seconds` is since its start, until now if it runs. `sheet_seconds` is how long the sheets took that ended since
    `after`, and how long the running ones have been running; a wait for many jobs leaves it out. A wait that timed out adds for
    the first jobs the time limits of running sheets, how long ago they last wrote output, and how long the last completed job of
    this name took.
    """

    settled: bool  # it has ended, is paused or is stuck
    elapsed_seconds: Known[float]  # since its start, until now if it runs
    sheet_seconds: Omitted[list[str]]  # how long the sheets took that ended meanwhile, or have been running
    limit_seconds: Omitted[list[str]]  # time limits of running sheets
    quiet_seconds: Omitted[list[str]]  # how long ago running sheets last wrote output
    last_run_seconds: Known[float]  # how long the last completed job of this name took


def waited_job(job: JobView, view: WaitView, going: Going, room: int | None) -> WaitedJob:
    """Return a job as the result of a wait shows it, with `room` as `job_line` has it."""
    running = going.get(job.job_id, RunningView())
    return WaitedJob(
        **job_line(job, room=room).model_dump(),
        **waiting_of(job, room),
        settled=job.settled,
        elapsed_seconds=job_seconds(job),
        sheet_seconds=[] if room is not None else sheet_seconds(job, view.events),
        limit_seconds=limits_of(running),
        quiet_seconds=quiet_of(running),
        last_run_seconds=None if running.earlier_seconds is None else shown_seconds(running.earlier_seconds),
    )


def events_of(view: WaitView, limit: int) -> list[str]:
    """Return the newest events that are not routine; what the others did is in the jobs' counts."""
    told = [event for event in view.events if event.type not in ROUTINE]
    more = f'({len(told) - limit} earlier events: get_job with detail="full" shows what became of each sheet)'
    return [*([more] if len(told) > limit else []), *(event_text(event) for event in told[-limit:])]


def match_label(match: MatchView) -> str:
    """Return the name of the sheet that wrote the line, its number if it has none or a costly one."""
    return match.sheet_name if match.sheet_name and fits(match.sheet_name, LABEL_TOKENS) else str(match.sheet)


def sought(view: WaitView, pattern: str) -> str:
    """Return what became of the pattern, and of output in which it could not be looked for."""
    if not pattern:
        return ""
    lost = (
        f"{view.unsearched} bytes of output were not searched, as the output limit removed them first or their line is too long. "
        if view.unsearched
        else ""
    )
    if (match := view.match) is not None:
        number = f" {match.line.number}" if match.line.number else ""
        return f"Line{number} of {match.stream} of sheet {match_label(match)} matches the pattern. {lost}"
    if view.behind:
        return f"The pattern was not seen yet, and part of the output is still to be searched. {lost}"
    return f"{lost}In the rest the pattern was not seen. " if lost else "The pattern was not seen. "
