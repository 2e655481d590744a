"""What is refused before it reaches a Marianne conductor, which would ignore it, or do harm with it."""

from podium.client.marianne import views
from podium.client.marianne.replies import JobState
from podium.contract.methods import ModifyParams, ResumeParams, Sheet, SubmitParams
from podium.errors import UnsupportedByConductor, WrongState

OWN = "Use Podium's own conductor for this: podium start."


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


def check_go_on(method: str, entry: JobState, from_sheet: Sheet | None) -> None:
    """Refuse what this conductor would accept, to the job's harm."""
    state = views.job_status(entry)
    if method == "job.modify" and state == "running":
        raise wrong_state("modify", entry, "this conductor loses a running job when it is modified; pause it first")
    if from_sheet not in {None, ""}:
        raise UnsupportedByConductor("This conductor does not support from_sheet.", fix=f"Leave it out. {OWN}")
    if state == "failed":
        raise wrong_state(
            "resume", entry, "this conductor would accept that and fail the job again; start the score again"
        )


def wrong_state(action: str, entry: JobState, why: str) -> WrongState:
    """Return the error for an action that this conductor does not take in a job's state."""
    job = views.job_view(entry)
    allowed = ", ".join(job.allowed_actions)
    return WrongState(
        f"Cannot {action} job {job.job_id}: {why.removesuffix('.')}.",
        fix=f"Allowed now: {allowed}.",
        job_id=job.job_id,
        state=job.status,
        allowed=job.allowed_actions,
    )
