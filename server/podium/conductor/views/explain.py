"""Why a job is in its state: which sheet explains it, what was tried, and what the job waits for."""

import sqlite3
import time
from dataclasses import dataclass

from podium.conductor.clock import wall
from podium.conductor.rules.scheduler import Scheduler
from podium.conductor.rules.state import Attempt, JobRun
from podium.conductor.store.rows import ATTEMPT_COLUMNS
from podium.conductor.supervisor.saving import attempt_from, event_from
from podium.conductor.views import shortage
from podium.conductor.views.places import PlaceOf, held, is_away, nowhere
from podium.conductor.views.telling import failed_sheets, telling_sheet
from podium.contract.models import EventView, ExplainKind, ExplainView, JobView, SheetView, Stream
from podium.contract.notifications import failures
from podium.contract.states import SUSPENDED
from podium.times import iso

_ATTEMPTS_SHOWN = 6
_HEALING_SHOWN = 10
_SILENT = "has produced no output (programs hold it back where it is not a terminal: PYTHONUNBUFFERED=1, stdbuf -oL)"
_ATTEMPTS = f"SELECT {ATTEMPT_COLUMNS} FROM attempts WHERE job = ? AND sheet = ? ORDER BY attempt DESC LIMIT ?"  # noqa: S608
_HEALING = """
SELECT * FROM events WHERE job_id = ? AND (type LIKE 'healing.%'
    OR type IN ('sheet.fallback', 'sheet.rate_limited', 'sheet.completing'))
ORDER BY job_seq DESC LIMIT ?
"""


@dataclass(frozen=True)
class Found:
    """What the store holds: the sheet that explains the job, its last attempts and the remedies tried, oldest first.

    `failed` are the first failed sheets with their reasons, in the order of their failures.
    """

    sheet: int | None
    failed: list[tuple[int, str]]
    attempts: list[Attempt]
    healing: list[EventView]


def read(db: sqlite3.Connection, *, row: sqlite3.Row) -> Found:
    """Read what explains the job with this row."""
    sheet = telling_sheet(db, row["seq"])
    attempts = db.execute(_ATTEMPTS, (row["seq"], sheet, _ATTEMPTS_SHOWN)).fetchall() if sheet else []
    events = db.execute(_HEALING, (row["job_id"], _HEALING_SHOWN)).fetchall()
    failed = failed_sheets(db, row["seq"])
    return Found(
        sheet,
        failed,
        [attempt_from(each) for each in attempts[::-1]],
        [event_from(each).view for each in events[::-1]],
    )


def kind_of(job: JobView) -> ExplainKind:
    """Return the kind of explanation that a job needs."""
    if job.status != "running":
        return job.status
    if job.stuck:
        return "stuck"
    return "running" if job.running else "waiting"


def attempt_line(attempt: Attempt) -> str:
    """Return how an attempt ended, such as "attempt 1 failed: exit code 3"."""
    why = f": {attempt.message}" if attempt.message else ""
    now = "is suspended" if attempt.suspended else "is running"
    return f"attempt {attempt.attempt} {attempt.outcome or now}{why}"


def streams_of(attempt: Attempt) -> tuple[Stream, Stream]:
    """Return the streams, the most informative first: stderr if the attempt ended with an error."""
    return ("stderr", "stdout") if attempt.exit_code or attempt.signal else ("stdout", "stderr")


def slots(job: JobRun, scheduler: Scheduler, *, accepting: bool) -> str:
    """Return which limit of the conductor keeps the next sheet of a job from starting, "" if none does."""
    first = job.ready.first(lambda _: True)
    if first is None or job.intent or job.status not in {"queued", "running"}:
        return ""
    if not accepting:
        return "The conductor is stopping and will not start any more sheets."
    limits, claim = scheduler.limits, first[1]
    if claim.engine == "local" and scheduler.used >= limits.total:
        return f"All {limits.total} sheet slots are in use."
    if claim.engine == "slurm" and scheduler.on_cluster >= limits.slurm:
        return f"{limits.slurm} sheets are on the cluster already, as many as may be at once (slurm_sheets)."
    profile, limit = job.loaded.profiles[claim.instrument], limits.per_agent
    if profile.kind == "agent" and limit is not None and scheduler.used_by.get(profile.name, 0) >= limit:
        return f"All {limit} sheet slots for {profile.name} are in use."
    why = shortage.of_job(job, scheduler, time.monotonic())
    return f"{why[0].upper()}{why[1:]}." if why else ""


def waits_until(job: JobRun, place_of: PlaceOf = nowhere) -> str:
    """Return when the present state ends by itself at the latest, "" if that is unknown.

    It ends with a waiting time, with a pause between sheets, or with the time limits of the running sheets if each has one. The
    limit of one that waits in a queue counts only from its begin, and all stand still while a sheet is suspended.
    """
    playing = job.playing
    if job.running:
        ends = [
            (job.run_of(num).started_at or attempt.started_at) + limit + held(place_of(attempt.key))
            for num in playing
            if (limit := job.limit_of(num)) and not is_away(place_of((attempt := job.running[num]).key))
        ]
        return iso(max(ends)) if ends and len(ends) == len(playing) else ""
    waiting = [until for num in job.waiting if (until := job.sheets[num].waiting_until) is not None]
    if waiting:
        return iso(min(waiting))
    pause = job.not_before - time.monotonic()
    return iso(wall() + pause) if pause > 0 and job.ready and job.status == "running" else ""


def cause_of(view: ExplainView, away: str = "") -> str:
    """Return in sentences what the job's own reason does not say. `away` is why the sheet is not at work, "" if it is."""
    job, sheet = view.job, view.sheet
    parts: list[str] = []
    if sheet is not None:
        label = sheet.name or str(sheet.sheet)
        if sheet.status == "running":
            parts.append(away if away and sheet.reason != SUSPENDED else _running(view, sheet, label))
        elif sheet.status == "failed" and job.status in {"queued", "running", "paused"}:
            parts.append(
                f"Sheet {label} has failed ({sheet.reason}), so the job will fail when its other sheets have ended."
            )
        elif sheet.status == "failed":
            if job.sheets_failed > 1:
                parts.append(f"{job.sheets_failed} sheets failed, {label} first.")
            also = f", and {sheet.never_began} that never began" if sheet.never_began else ""
            parts.append(f"Sheet {label} had {sheet.tries} attempt{'' if sheet.tries == 1 else 's'}{also}.")
    if view.kind == "failed" and job.sheets_blocked:
        parts.append(f"{job.sheets_blocked} {'sheet is' if job.sheets_blocked == 1 else 'sheets are'} blocked.")
    elif view.kind == "paused" and not job.holding:
        parts.append("Use resume_job to continue it.")
    elif view.kind in {"stuck", "running"}:
        parts.append(_limits(view, away))
    return " ".join(part for part in (*parts, _warning(job), _other_survivors(job), view.cause) if part)


def _running(view: ExplainView, sheet: SheetView, label: str) -> str:
    if sheet.reason == SUSPENDED:
        return f"Sheet {label} is suspended: its processes are there and do nothing."
    wrote = f"wrote its last output at {view.written_at}" if view.written_at else _SILENT
    at = f" ({sheet.place})" if sheet.place else ""
    return f"Sheet {label} has been running since {sheet.started_at}{at} and {wrote}."


def _limits(view: ExplainView, away: str) -> str:
    """Return when the running sheets reach their time limits."""
    alone = len(view.job.running) == 1
    one = "It" if view.sheet is not None and view.sheet.status == "running" else "The running sheet"
    if view.waits_until:
        limits = f"{one} reaches its time limit at" if alone else "The running sheets reach their time limits by"
        return f"{limits} {view.waits_until}."
    if away or view.job.in_queue:
        return "A time limit counts from the begin on a node."
    return f"{one} has no time limit." if alone else "Some running sheets have no time limit."


def _warning(job: JobView) -> str:
    """Return what may surprise about a job that completed: of its sheets, else of its score; of another, what told nobody."""
    told = job.warnings if job.status == "completed" else failures(job.warnings)
    if not told:
        return ""
    more = f" (get_job lists {len(job.warnings)} warnings.)" if len(job.warnings) > 1 else ""
    return f"Warning: {told[0]}{more}"


def _other_survivors(job: JobView) -> str:
    """Return what else could not be ended: the last of it is in the job's reason."""
    return f"Also: {'; '.join(job.survivors[:-1])}." if len(job.survivors) > 1 else ""
