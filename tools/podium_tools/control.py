"""`pause_job`, `resume_job` and `cancel_job`."""

from podium.contract.edits import check_change
from podium.contract.methods import ResumeParams
from podium.contract.models import ActionView, JobView
from podium.contract.ports import JobControl
from podium_tools.changing import ChangeArgs, ChangeResult, change_result, parts_of
from podium_tools.fields import JobArgs
from podium_tools.following import next_step
from podium_tools.results import (
    ControlResult,
    awaited,
    in_brackets,
    job_fields,
    progress_of,
    shortened,
    state_of,
    status_of,
)
from podium_tools.spec import Call, Hints, ToolSpec


async def _result(port: JobControl, view: ActionView, summary: str, *, success: bool) -> ControlResult:
    """Return a control result."""
    then = await next_step(port, view.job)
    return ControlResult(summary=summary, next=then, **job_fields(view.job), success=success, pending=view.pending)


def _running_sheets(job: JobView) -> str:
    """Name the running sheets, as "its running sheets (build, tests)"."""
    labels = ", ".join(shortened(job.running, total=job.running_total))
    return f"its running sheets ({labels})" if labels else "its running sheets"


def _suspended_sheets(job: JobView) -> str:
    """Name the suspended sheets, as "; suspended: build, tests"; "" if there are none."""
    labels = ", ".join(shortened(job.suspended, total=job.suspended_total))
    return f"; suspended: {labels}" if labels else ""


async def _overtaken(port: JobControl, view: ActionView, action: str) -> ControlResult:
    """Return the result if the job ended before the action took effect."""
    job = view.job
    summary = f"The {action} request did not take effect: {job.job_id} {status_of(job)}{in_brackets(progress_of(job))}."
    return await _result(port, view, summary, success=False)


async def _pause(port: JobControl, args: JobArgs, _call: Call) -> ControlResult:
    """Request a pause and report whether it has taken effect."""
    view = await port.pause(args.job_id)
    job = view.job
    if view.pending:
        what = awaited(job, lambda labels, total: ", ".join(shortened(labels, total=total))) + _suspended_sheets(job)
        summary = f"The pause of {job.job_id} is recorded and takes effect when {what}."
        return await _result(port, view, summary, success=True)
    if job.status != "paused":
        return await _overtaken(port, view, "pause")
    if job.running:  # a Marianne conductor pauses at once and lets them run on
        return await _result(port, view, state_of(job), success=True)
    done = f"{in_brackets(progress_of(job))}{_suspended_sheets(job)}"
    summary = f"{job.job_id} is paused{done}. Use resume_job to continue it."
    return await _result(port, view, summary, success=True)


async def _cancel(port: JobControl, args: JobArgs, _call: Call) -> ControlResult:
    """Request a cancel and report whether it has taken effect."""
    view = await port.cancel(args.job_id)
    job = view.job
    dropped = (
        " The pending score change was discarded: pass the score to modify_job again." if view.dropped_change else ""
    )
    if view.pending and view.unstored:
        return await _result(port, view, view.message, success=True)
    if view.pending:
        summary = (
            f"{job.job_id} is being cancelled; the processes of {_running_sheets(job)} are being terminated.{dropped}"
        )
        return await _result(port, view, summary, success=True)
    if job.status != "cancelled":
        return await _overtaken(port, view, "cancel")
    left = f" Not everything could be ended: {'; '.join(shortened(job.survivors, 3))}." if job.survivors else ""
    summary = f"{job.job_id} was cancelled{in_brackets(progress_of(job))}. Its workspace is kept.{left}{dropped}"
    return await _result(port, view, summary, success=True)


async def _resume(port: JobControl, args: ChangeArgs, _call: Call) -> ChangeResult:
    """Continue the job."""
    params = ResumeParams(args.job_id, **parts_of(args))
    check_change(params)
    view = await port.resume(params)
    stored = f"The resume of {view.job.job_id} is recorded but has not taken effect yet"
    done = stored if view.pending else view.message.rstrip(".")
    return await change_result(port, view, f"{done}.")


PAUSE_JOB = ToolSpec(
    name="pause_job",
    title="Pause a job",
    description=(
        "Pause a queued job immediately, or a running job once its running sheets have ended: they are not "
        "interrupted (cancel_job ends them) unless the conductor's hold_running suspends them. Waits a few seconds "
        "for it to take effect; pending is true if it has not. resume_job continues the job or withdraws a pending pause."
    ),
    risk="control",
    hints=Hints(read_only=False, destructive=False, idempotent=True, open_world=False),
    arguments=JobArgs,
    result=ControlResult,
    handler=_pause,
)

RESUME_JOB = ToolSpec(
    name="resume_job",
    title="Resume a job",
    description=(
        "Continue a paused, failed or cancelled job, approve what holds, or withdraw a pending pause. Completed sheets are "
        "kept and the others run; from_sheet runs finished sheets again. You can give a changed score or edit it (find, "
        "replace). A completed job cannot be resumed: use start_job to run its score again."
    ),
    risk="control",
    hints=Hints(read_only=False, destructive=False, idempotent=False, open_world=True),
    arguments=ChangeArgs,
    result=ChangeResult,
    handler=_resume,
)

CANCEL_JOB = ToolSpec(
    name="cancel_job",
    title="Cancel a job",
    description=(
        "End a job and every process it started: TERM, a grace period, then KILL. The work of running sheets is "
        "lost; completed sheets and files are kept. Waits a few seconds for it to take effect; pending is true if "
        "it has not. To stop gently use pause_job; a cancelled job can be resumed with resume_job."
    ),
    risk="control",
    hints=Hints(read_only=False, destructive=True, idempotent=True, open_world=False),
    arguments=JobArgs,
    result=ControlResult,
    handler=_cancel,
)
