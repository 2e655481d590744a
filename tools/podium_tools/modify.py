"""`modify_job`: give a job a changed score."""

from pydantic import Field

from podium.contract.methods import ModifyParams
from podium.contract.models import ActionView
from podium.contract.ports import JobControl
from podium_tools.calls import next_call
from podium_tools.fields import ConfigContent, ConfigPath, JobArgs, one_score, sheet_of
from podium_tools.results import ControlResult, counted, job_fields, named, state_of
from podium_tools.spec import Call, Hints, ToolSpec


class ModifyArgs(JobArgs):
    """Arguments of `modify_job`."""

    config_path: ConfigPath = ""
    config_content: ConfigContent = ""
    from_sheet: str = Field(
        "", description="Number or name in the changed score: this sheet and all that depend on it run again."
    )


class ModifyResult(ControlResult):
    """What the change keeps: `kept` are finished sheets, `changed` those that are kept although their text differs."""

    kept: list[str]
    changed: list[str]


def kept_sentence(view: ActionView) -> str:
    """Return what happened to the finished sheets when the job got a changed score, "" if there is nothing to report."""
    kept = f" {counted(view.kept_total, 'finished sheet')} {'was' if view.kept_total == 1 else 'were'} kept."
    labels = ", ".join(named(view.changed, view.changed_total))
    changed = (
        f" Changed in the score, but already finished or running with the old text, so not run again: {labels}; "
        "to run one again, modify the job with from_sheet."
    )
    return (kept if view.kept_total else "") + (changed if view.changed_total else "")


def _sentence(view: ActionView) -> str:
    """Return whether the change is in effect, and the job's state."""
    job = view.job
    if view.pending:
        return (
            f"The change to {job.job_id} is recorded and takes effect when its running sheets have ended. If one hangs, end it "
            f"with cancel_job, then call modify_job again. {state_of(job)}"
        )
    return f"{job.job_id} now uses the changed score. {state_of(job)}"


async def _modify(port: JobControl, args: ModifyArgs, _call: Call) -> ModifyResult:
    """Give the job the score."""
    path, content = one_score(args.config_path, args.config_content)
    from_sheet = sheet_of(args.from_sheet)
    params = ModifyParams(args.job_id, config_path=path, config_content=content, from_sheet=from_sheet)
    view = await port.modify(params)
    return ModifyResult(
        summary=_sentence(view) + kept_sentence(view),
        next=next_call(view.job),
        **job_fields(view.job),
        success=True,
        pending=view.pending,
        kept=named(view.kept, view.kept_total),
        changed=named(view.changed, view.changed_total),
    )


MODIFY_JOB = ToolSpec(
    name="modify_job",
    title="Change a job's score",
    description=(
        "Change the score of a job that has not completed and continue it; running sheets first end with the old "
        "one (pending is true until then). Finished sheets are matched by name, else number, and kept; those whose "
        "text changed are listed and run again only with from_sheet. Workspace and variables do not change. "
        "To continue without a change use resume_job."
    ),
    risk="control",
    hints=Hints(read_only=False, destructive=False, idempotent=False, open_world=True),
    arguments=ModifyArgs,
    result=ModifyResult,
    handler=_modify,
)
