"""`modify_job`: give a job a changed score."""

from podium.contract.edits import check_change
from podium.contract.methods import ModifyParams
from podium.contract.models import ActionView
from podium.contract.ports import JobControl
from podium_tools.changing import ChangeArgs, ChangeResult, change_result, parts_of
from podium_tools.spec import Call, Hints, ToolSpec


def _sentence(view: ActionView) -> str:
    """Return whether the change is in effect."""
    job_id = view.job.job_id
    if view.pending and view.job.status == "queued":  # a Marianne conductor reads the score when the job begins
        return f"The change to {job_id} is recorded and takes effect when the job begins to run."
    if view.pending:
        return (
            f"The change to {job_id} is recorded and takes effect when its running sheets have ended. If one hangs, end it "
            "with cancel_job, then call modify_job again."
        )
    return f"{job_id} now uses the changed score."


async def _modify(port: JobControl, args: ChangeArgs, _call: Call) -> ChangeResult:
    """Give the job the score."""
    params = ModifyParams(args.job_id, **parts_of(args))
    check_change(params)
    view = await port.modify(params)
    return await change_result(port, view, _sentence(view))


MODIFY_JOB = ToolSpec(
    name="modify_job",
    title="Change a job's score",
    description=(
        "Change the score of a job that has not completed (find and replace, or a whole score) and continue it; "
        "running sheets first end with the old one (pending is true until then). Finished sheets are matched by name, "
        "else number, and kept; they run again only with from_sheet. Workspace, variables and the score file do not "
        "change. To continue without a change use resume_job."
    ),
    risk="control",
    hints=Hints(read_only=False, destructive=False, idempotent=False, open_world=True),
    arguments=ChangeArgs,
    result=ChangeResult,
    handler=_modify,
)
