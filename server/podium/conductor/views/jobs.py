"""Jobs as callers see them: from memory while they are active, from the store afterwards."""

import json
import sqlite3
import time
from collections.abc import Callable, Sequence

from podium.conductor.clock import wall
from podium.conductor.rules.state import JobRun, SheetRun, phase_with
from podium.conductor.rules.transitions import costs
from podium.conductor.supervisor.damage import NOT_UNDERSTOOD, damaged
from podium.conductor.supervisor.supervisor import Supervisor
from podium.conductor.supervisor.unstored import how
from podium.conductor.views import shortage
from podium.conductor.views.places import PlaceOf, nowhere, since, waits_of
from podium.contract.models import JobView
from podium.contract.states import TERMINAL, allowed_actions
from podium.errors import JobDamaged
from podium.times import iso, span

_SHOWN = 10  # labels of running sheets in a view
_HOLDS_TOLD = 3  # sheets that wait for an approval, with what to approve


class JobViews:
    """Builds `JobView`s."""

    def __init__(
        self, supervisor: Supervisor, home_id: str, stuck_seconds: float, halted: Callable[[str], str] = lambda key: "",
        place_of: PlaceOf = nowhere,
    ) -> None:  # fmt: skip
        """`halted` tells of an attempt's key why it does not go on, `place_of` where it is (see `Engine`)."""
        self._supervisor = supervisor
        self._home_id = home_id
        self._stuck_seconds = stuck_seconds
        self._halted = halted
        self._place_of = place_of

    @property
    def cursor(self) -> str:
        """The event cursor of this moment."""
        return f"{self._home_id}:{self._supervisor.last_event}"

    def of(self, job: JobRun) -> JobView:
        """View a job in memory. A sheet that has ended does not count as running, even if that could not be stored yet."""
        running = [num for num in self._still_running(job) if not job.running[num].suspended]
        intent = "cancel" if self._supervisor.unstored.of(job.job_id).cancel else job.intent
        waits = waits_of(job, list(job.running), self._place_of)
        return JobView(
            job_id=job.job_id,
            job_name=job.name,
            status=job.status,
            reason=_with_survivors(self._reason(job, waits.reason), job.survivors),
            sheets_total=job.total,
            sheets_completed=job.counts["completed"],
            sheets_failed=job.counts["failed"],
            sheets_skipped=job.counts["skipped"],
            sheets_before_start=job.before_start,
            sheets_blocked=job.cut_off,
            running=[job.label(num) for num in running[:_SHOWN]],
            running_total=len(running),
            in_queue=waits.beside,
            running_since=[since(job, num, self._place_of) for num in running[:_SHOWN]],
            suspended=job.suspended_labels[:_SHOWN],
            suspended_total=len(job.suspended_labels),
            waiting=[job.label(num) for num in sorted(job.waiting)[:_SHOWN]],
            waiting_total=len(job.waiting),
            waiting_until=self._waiting_until(job),
            holding=[job.label(num) for num in job.holding[:_SHOWN]],
            holding_total=len(job.holding),
            allowed_actions=allowed_actions(phase_with(job.status, intent, holding=bool(job.holding))),
            pause_requested=intent == "pause",
            cancel_requested=intent == "cancel",
            modify_requested=intent == "modify",
            stuck=job.stuck,
            workspace=job.workspace,
            config_path=job.config_path,
            submitted_at=iso(job.submitted_at),
            started_at=iso(job.started_at) or None,
            finished_at=iso(job.finished_at) or None,
            warnings=list(job.warnings),
            survivors=list(job.survivors),
            cost_dollars=costs.shown(job.cost),
            cursor=self.cursor,
        )

    def told(self, job: JobRun, seq: int) -> str:
        """Return the view of a job as of this event, which is not committed yet, as a JSON object."""
        changed: dict[str, object] = {"cursor": f"{self._home_id}:{seq}"}
        if job.status in TERMINAL:  # what could not be stored before is stored with it
            changed["reason"] = _with_survivors(job.reason, job.survivors)
        return json.dumps(self.of(job).model_copy(update=changed).model_dump())

    def of_row(self, row: sqlite3.Row) -> JobView:
        """View a job from its row, or from memory if it is there, which is newer."""
        job = self._supervisor.jobs.get(row["job_id"])
        if job is not None:
            return self.of(job)
        error = self._supervisor.damaged.get(row["job_id"])
        try:
            return self._damaged(row, error) if error is not None else self._ended(row)
        except NOT_UNDERSTOOD as reason:
            return self._damaged(row, damaged(row["job_id"], f"its row: {type(reason).__name__}: {reason}"))

    def _damaged(self, row: sqlite3.Row, error: JobDamaged) -> JobView:
        """View a job that cannot be understood: it does not go on, so it counts as failed, and it can only be deleted."""
        return JobView(
            job_id=row["job_id"],
            job_name=row["name"],
            status="failed",
            reason=f"{error.message} {error.fix}",
            sheets_total=row["sheets_total"],
            allowed_actions=["delete"],
            workspace=row["workspace"],
            cursor=self.cursor,
        )

    def _ended(self, row: sqlite3.Row) -> JobView:
        survivors = json.loads(row["survivors"])
        return JobView(
            job_id=row["job_id"],
            job_name=row["name"],
            status=row["status"],
            reason=_with_survivors(row["reason"], survivors),
            sheets_total=row["sheets_total"],
            sheets_completed=row["sheets_completed"],
            sheets_failed=row["sheets_failed"],
            sheets_skipped=row["sheets_skipped"],
            sheets_before_start=row["sheets_before_start"],
            sheets_blocked=row["sheets_blocked"],
            allowed_actions=allowed_actions(phase_with(row["status"], row["intent"])),
            workspace=row["workspace"],
            config_path=row["config_path"],
            submitted_at=iso(row["submitted_at"]),
            started_at=iso(row["started_at"]) or None,
            finished_at=iso(row["finished_at"]) or None,
            warnings=json.loads(row["warnings"]),
            survivors=survivors,
            cost_dollars=costs.shown(row["cost"]),
            cursor=self.cursor,
        )

    def _still_running(self, job: JobRun) -> list[int]:
        ended = self._supervisor.unstored.ended(job)
        return [num for num in sorted(job.running) if num not in ended]

    def _unstored(self, job: JobRun) -> str:
        """Return what has happened to the job and is not stored yet, "" in ordinary times."""
        unstored, trouble = self._supervisor.unstored, self._supervisor.trouble
        ended = unstored.ended(job)
        parts = [f"sheet {job.label(num)} has ended ({how(verdict)})" for num, verdict in list(ended.items())[:_SHOWN]]
        if unstored.of(job.job_id).cancel:
            left = ", ".join([job.label(num) for num in self._still_running(job)][:_SHOWN])
            parts.append(f"cancelled: the processes of {left} are being terminated" if left else "cancelled")
        return f"{'; '.join(parts)}; not stored yet: {trouble or 'in a moment'}" if parts else ""

    def _halted_sheets(self, job: JobRun) -> str:
        """Return which of the first running sheets do not go on although their processes live, and why."""
        shown = list(job.running.values())[:_SHOWN]
        parts = [f"sheet {job.label(each.sheet)}: {why}" for each in shown if (why := self._halted(each.key))]
        return "; ".join(parts)

    def _reason(self, job: JobRun, away: str) -> str:
        """Return why the job is in its state, what is suspended, and what waits for an approval.

        `away` is why nothing, or not all, of what was started is seen to run; "" where the rest of it only waits in a queue.
        """
        parts = self._own_reason(job, away), _suspended_reason(job), _holding_reason(job)
        return "; ".join(part for part in parts if part)

    def _own_reason(self, job: JobRun, away: str) -> str:
        if unstored := self._unstored(job):
            return unstored
        if job.status == "queued":
            if job.waiting and not job.ready:
                return _wait_reason(job)
            if short := self._shortage(job):
                return short
            ahead = self._supervisor.scheduler.ahead_of(job)
            return (
                f"queued behind {ahead} job{'s' if ahead != 1 else ''}"
                if ahead
                else self._waiting("queued, next in line")
            )
        names = ", ".join(job.playing_labels[:_SHOWN])
        wishes = {
            "pause": f"{costs.beyond_job(job) or 'pause requested'}: waiting for {names} to end",
            "modify": f"change requested: waiting for {names} to end",
            "cancel": f"cancel requested: the processes of {names} are being terminated",
        }
        if job.intent:
            return "; ".join(filter(None, [wishes[job.intent], away]))
        if halted := self._halted_sheets(job) or away:
            return halted
        if job.stuck:
            return f"no output and no CPU use by {names} for more than {span(self._stuck_seconds)}, since {iso(job.quiet_since)}"
        if job.status != "running" or job.running:
            return job.reason
        if job.waiting:
            return _wait_reason(job)
        pause = job.not_before - time.monotonic()
        return (
            f"pausing for {span(pause, whole=True)} between sheets"
            if pause > 0
            else self._shortage(job) or self._waiting("waiting for a free slot")
        )

    def _shortage(self, job: JobRun) -> str:
        """Return what the job waits for that a sheet of it asks of this machine, "" for nothing."""
        return shortage.of_job(job, self._supervisor.scheduler, time.monotonic())

    def _waiting_until(self, job: JobRun) -> str | None:
        """Return when the first of the job's waits ends, None if none has an end."""
        if job.status not in {"queued", "running"} or job.intent:
            return None
        if job.waiting:
            return iso(_first_wait(job, wall())[1])
        pause = job.not_before - time.monotonic()
        return iso(wall() + pause) if pause > 0 and not job.running else None

    def _waiting(self, usual: str) -> str:
        """Return what a job waits for whose turn it is: a slot, unless nothing can be started now."""
        why = self._supervisor.refused.why(time.monotonic())
        return f"no sheet can be started now, which is tried again: {why}" if why else usual


def _suspended_reason(job: JobRun) -> str:
    """Return which sheets a pause has suspended, "" if there are none."""
    labels = job.suspended_labels
    if not labels:
        return ""
    more = f" and {len(labels) - _SHOWN} more" if len(labels) > _SHOWN else ""
    which, go = ("sheet", "is suspended and goes") if len(labels) == 1 else ("sheets", "are suspended and go")
    return f"{which} {', '.join(labels[:_SHOWN])}{more} {go} on with resume_job"


def _holding_reason(job: JobRun) -> str:
    """Return which sheets wait for an approval of what, and what has failed beside them; "" if none waits."""
    first, total = job.holding[:_HOLDS_TOLD], len(job.holding)
    parts = [f"sheet {job.label(num)} waits for approval: {job.plan.sheet(num).hold}" for num in first]
    more = total - len(first)
    parts += [f"{more} more {'sheet waits' if more == 1 else 'sheets wait'} for approval"] if more else []
    if parts and job.status == "paused" and job.counts["failed"]:
        failed = min(
            (run for run in job.sheets.values() if run.status == "failed"), key=lambda run: run.finished_at or 0.0
        )
        parts.append(f"sheet {job.label(failed.num)} failed: {failed.reason}")
    return "; ".join(parts)


def _wait_reason(job: JobRun) -> str:
    """Return for how long the first waiting sheet still waits, and why."""
    now = wall()
    first, ends = _first_wait(job, now)
    return f"sheet {job.label(first.num)} is waiting for {span(ends - now, whole=True)}: {first.reason}"


def _first_wait(job: JobRun, now: float) -> tuple[SheetRun, float]:
    """Return the sheet whose wait ends first, and when."""
    first = min((job.sheets[num] for num in job.waiting), key=lambda run: run.waiting_until or 0.0)
    # Never later than it would if it began now: the clock may have been set back since.
    return first, max(now, min(first.waiting_until or 0.0, now + (first.waiting_left or 0.0)))


def _with_survivors(reason: str, survivors: Sequence[str]) -> str:
    """Return a reason with what could not be ended: the last of it, and how much more there is."""
    if not survivors:
        return reason
    more = f" (and {len(survivors) - 1} more)" if len(survivors) > 1 else ""
    return "; ".join(part for part in (reason, survivors[-1] + more) if part)
