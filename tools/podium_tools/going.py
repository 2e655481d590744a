"""What a wait that timed out tells of jobs that go on: what runs since when, its limit, and how long the job took before."""

from collections.abc import Mapping
from contextlib import suppress

from podium.contract.models import JobView
from podium.contract.ports import JobControl
from podium.contract.waits import RunningSheet, RunningView, WaitView
from podium.errors import PodiumError
from podium.times import elapsed_between, span
from podium_tools.durations import labelled
from podium_tools.results import shortened_text

JOBS = 3  # that are told of
LABEL_CHARS = 100
SECOND = len("2026-11-30T04:40:00")

Going = Mapping[str, RunningView]
"""By the ids of the jobs."""


async def going_on(port: JobControl, view: WaitView) -> Going:
    """Return what the first jobs do that go on, if the wait timed out.

    A conductor that does not tell, or does not answer now, costs the wait these facts only.
    """
    found: dict[str, RunningView] = {}
    open_jobs = [job for job in view.jobs if not job.settled] if view.woke_for == "timeout" else []
    with suppress(PodiumError):
        for job in open_jobs[:JOBS]:
            found[job.job_id] = await port.running(job.job_id)
    return found


def going_text(view: WaitView, going: Going) -> str:
    """Return in sentences what runs since when, "" if nothing is known."""
    several = len(view.jobs) > 1
    told = [(job, _sentence(job, going[job.job_id])) for job in view.jobs if job.job_id in going]
    return "".join(f" {f'{job.job_id}: ' if several else ''}{text}." for job, text in told if text)


def limits_of(running: RunningView) -> list[str]:
    """Return the time limits of the running sheets that have one, as `label=seconds`."""
    return [labelled(_label(sheet), sheet.limit_seconds) for sheet in running.sheets if sheet.limit_seconds is not None]


def quiet_of(running: RunningView) -> list[str]:
    """Return for how long the running sheets have written nothing, as `label=seconds`, of those that have written anything."""
    return [labelled(_label(sheet), age) for sheet in running.sheets if (age := _quiet(sheet)) is not None]


def _sentence(job: JobView, running: RunningView) -> str:
    parts = [_sheet(sheet) for sheet in running.sheets]
    more = max(job.running_total, len(job.running)) - len(parts)
    sure = not job.in_queue and all(sheet.since for sheet in running.sheets)
    parts += [f"{more} more {'run' if sure else 'were started'}"] if parts and more > 0 else []
    if running.earlier_seconds is not None:
        parts.append(
            f"the last completed run of {shortened_text(job.job_name, LABEL_CHARS)} took {span(running.earlier_seconds)}"
        )
    return "; ".join(parts)


def _sheet(sheet: RunningSheet) -> str:
    if not sheet.since:
        return f"{_label(sheet)} is {shortened_text(sheet.place)}"
    limit = f"limit {span(sheet.limit_seconds)}" if sheet.limit_seconds is not None else "no limit"
    age = _quiet(sheet)
    output = f"last output {span(age, whole=True)} ago" if age is not None else "no output yet"
    lasts = elapsed_between(sheet.since, None) or 0.0
    facts = ", ".join(filter(None, [limit, output, shortened_text(sheet.place)]))
    return f"{_label(sheet)} has been running for {span(lasts, whole=True)}, since {sheet.since[:SECOND]}Z ({facts})"


def _label(sheet: RunningSheet) -> str:
    return shortened_text(sheet.label, LABEL_CHARS)


def _quiet(sheet: RunningSheet) -> float | None:
    return elapsed_between(sheet.written_at, None)
