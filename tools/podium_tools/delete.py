"""`delete_job`: remove a job that has ended."""

from podium.contract.ports import JobControl
from podium_tools.calls import call
from podium_tools.fields import JobArgs
from podium_tools.results import ControlResult, job_fields
from podium_tools.spec import Call, Hints, ToolSpec


class DeleteResult(ControlResult):
    """The job as it was before it was deleted."""

    workspace: str  # the folder of its files, which stays


async def _delete(port: JobControl, args: JobArgs, _call: Call) -> DeleteResult:
    """Delete the job, and describe it as it was."""
    job = await port.delete(args.job_id)
    kept = f" Its workspace {job.workspace} is kept." if job.workspace else " Its workspace is kept."
    return DeleteResult(
        summary=f"{job.job_id} ({job.status}) and its logs were deleted.{kept}",
        next=call("list_jobs"),
        **{**job_fields(job), "allowed_actions": []},
        success=True,
        pending=False,
        workspace=job.workspace,
    )


DELETE_JOB = ToolSpec(
    name="delete_job",
    title="Delete a job",
    description=(
        "Remove a completed, failed or cancelled job with its logs and history, for good; the files in its "
        "workspace are kept. A job that has not ended cannot be deleted: use cancel_job first."
    ),
    risk="destroy",
    hints=Hints(read_only=False, destructive=True, idempotent=True, open_world=False),
    arguments=JobArgs,
    result=DeleteResult,
    handler=_delete,
)
