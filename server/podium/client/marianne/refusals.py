"""What is refused before it reaches a Marianne conductor, which would ignore it, or do harm with it."""

from podium.contract.methods import ModifyParams, ResumeParams, SubmitParams
from podium.contract.models import JobView
from podium.contract.states import TERMINAL, Action
from podium.errors import UnsupportedByConductor, WrongState

OWN = (
    "Podium's own conductor can, and runs beside this one on another socket: leave PODIUM_SOCKET and --socket out, or name "
    "another path there, and run `podium start`."
)


def check_start(request: SubmitParams) -> None:
    """Refuse what this conductor would accept and ignore."""
    if request.again is not None:
        raise UnsupportedByConductor(
            "This conductor cannot run the score of a job again.", fix=f"Start the score's file again. {OWN}"
        )
    ignored = {
        "start_sheet": request.start_sheet not in {None, 1, "1"},
        "idempotency_key": request.idempotency_key is not None,
        "variables": bool(request.variables),
        "environment": bool(request.environment),
    }
    if names := [name for name, given in ignored.items() if given]:
        raise UnsupportedByConductor(
            f"This conductor ignores {' and '.join(names)}.",
            fix=f"Leave {'it' if len(names) == 1 else 'them'} out. {OWN}",
        )


def check_no_edit(params: ResumeParams) -> None:
    """Refuse an edit: this conductor gives nobody the text that the job runs, and its file may be another one by now."""
    if isinstance(params, ModifyParams) and params.dry_run:
        raise UnsupportedByConductor("This conductor cannot say what a change would change.", fix=OWN)
    if params.replacements:
        raise UnsupportedByConductor(
            "This conductor does not edit scores: find and replace need the text that the job runs, which it does not give.",
            fix=f"Pass the whole changed score as config_content or config_path. {OWN}",
        )
    if params.from_sheet not in {None, ""}:
        raise UnsupportedByConductor("This conductor does not support from_sheet.", fix=f"Leave it out. {OWN}")


def check_go_on(action: Action, job: JobView) -> None:
    """Refuse to resume or modify a job which this conductor would not let go on, or would lose."""
    if action in job.allowed_actions:
        return
    if job.status == "running" and action == "modify":
        raise wrong_state("modify", job, "this conductor loses a running job when it is modified; pause it first")
    if job.status == "failed":
        raise wrong_state(action, job, "this conductor would accept that and fail the job again; start the score again")
    raise wrong_state(action, job, f"it is {job.status}")


def wrong_state(action: Action, job: JobView, why: str) -> WrongState:
    """Return the error for an action that this conductor does not take in a job's state."""
    begins_anew = job.status in TERMINAL and action in {"resume", "modify"} and job.config_path is not None
    again = f"start_job with config_path={job.config_path} runs the score from its first sheet."
    return WrongState(
        f"Cannot {action} job {job.job_id}: {why.removesuffix('.')}.",
        fix=again if begins_anew else f"Allowed now: {', '.join(job.allowed_actions)}.",
        **_state(job),
    )


def not_going_on(action: Action, job: JobView, old: str) -> WrongState:
    """Return the error for a job that failed as soon as it went on: because of a sheet, or since its score cannot be used.

    `old` is the path of its score before a changed one was given, "" if none was.
    """
    if "resume" not in job.allowed_actions:
        return WrongState(
            f"Job {job.job_id} went on and has failed: {job.reason}.",
            fix=f"explain_job with job_id={job.job_id} says more.",
            **_state(job),
        )
    until_now = f" resume_job with config_path={old} goes on with its score until now." if old else ""
    return WrongState(
        f"This conductor accepted the {action} of job {job.job_id} and failed the job at once, as it could not use the score: "
        f"{job.reason}.",
        fix=f"The finished sheets are kept. Call resume_job with a correct score as config_path or config_content.{until_now}",
        **_state(job),
    )


def _state(job: JobView) -> dict[str, object]:
    return {"job_id": job.job_id, "state": job.status, "allowed": list(job.allowed_actions)}
