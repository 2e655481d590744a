"""What `modify_job` and `resume_job` share: how a changed score is given, and how they answer what it changes."""

from typing import TypedDict

from pydantic import BaseModel, ConfigDict, Field

from podium.contract.changed import Labels, ScoreChange
from podium.contract.methods import Sheet
from podium.contract.models import ActionView
from podium.contract.ports import JobControl
from podium.contract.weight import within
from podium_tools.fields import JobArgs, sheet_of
from podium_tools.following import next_step
from podium_tools.results import ControlResult, Omitted, counted, job_fields, shortened, shortened_text, state_of

WARNINGS_SHOWN = 3
WARNING_TOKENS = 200


class Changed(BaseModel):
    """Sheets that differ, by how far they are: finished, running, unfinished, added, removed. Or settings that do."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    what: str  # how far the sheets are, or "settings"
    names: list[str]  # of the first ones, and how many more


class ChangeResult(ControlResult):
    """What a changed score changes: finished sheets keep the result of their old text, running ones end with it, and unfinished
    ones run with the new text. Finished sheets that do not differ are only counted: they may be many.
    """

    changed: Omitted[list[Changed]]  # the sheets and settings that differ


class ChangeArgs(JobArgs):
    """Arguments of a call that may change a job's score."""

    config_path: str = Field("", description="Path of a changed score.")
    config_content: str = Field("", description="Its text, instead of config_path.")
    find: str = Field("", description="Text that occurs exactly once in the job's score.")
    replace: str = Field("", description="What replaces it; left out, it is removed.")
    from_sheet: str = Field(
        "", description="Number or name in the changed score: this sheet and all that depend on it run again."
    )


class Parts(TypedDict):
    """The parameters of such a call, None for what is left out."""

    config_path: str | None
    config_content: str | None
    find: str | None
    replace: str | None
    from_sheet: Sheet | None


def parts_of(args: ChangeArgs) -> Parts:
    """Return what a call gives; `replace` left out beside `find` is an empty text."""
    return Parts(
        config_path=args.config_path or None,
        config_content=args.config_content if args.config_content.strip() else None,
        find=args.find or None,
        replace=args.replace if args.find else args.replace or None,
        from_sheet=sheet_of(args.from_sheet),
    )


async def change_result(port: JobControl, view: ActionView, done: str) -> ChangeResult:
    """Return the result of a change: what was done, in a sentence, the job's state, and what differs."""
    return ChangeResult(
        summary=f"{done} {state_of(view.job)}{change_sentences(view)}",
        next=await next_step(port, view.job),
        **job_fields(view.job),
        success=True,
        pending=view.pending,
        changed=changes_of(view),
    )


def changes_of(view: ActionView) -> list[Changed]:
    """Return what differs, sheets and settings; only what there is."""
    if view.change is None:  # of an older conductor, which says no more
        groups = {"finished": Labels(labels=view.changed, total=view.changed_total)} if view.changed_total else {}
        settings: list[str] = []
    else:
        groups, settings = view.change.sheets, view.change.settings
    found = [Changed(what=name, names=shortened(group.labels, total=group.total)) for name, group in groups.items()]
    return [*found, *([Changed(what="settings", names=settings)] if settings else [])]


def change_sentences(view: ActionView) -> str:
    """Return what a changed score means for the job's sheets and for its file, "" if there is nothing to report."""
    told = [f"{counted(view.kept_total, 'finished sheet')} {'was' if view.kept_total == 1 else 'were'} kept."]
    told = told if view.kept_total else []
    if view.changed_total:
        told.append("Changed sheets that have finished or are running do not run again (from_sheet does that).")
    if view.change is not None:
        told += _told(view.change)
    return "".join(f" {each}" for each in told)


def _told(change: ScoreChange) -> list[str]:
    """Return the sentences about what the lists do not show."""
    told = []
    if not change.sheets:
        told.append("No sheet differs, only settings." if change.settings else "No sheet differs.")
    if change.on_pending:
        told.append("The edit was made in the change that was still pending; changed covers both.")
    if change.file:
        told.append(f"The file {change.file} was not changed.")
    told += [
        f"New warning: {within(shortened_text(each), WARNING_TOKENS)}." for each in change.warnings[:WARNINGS_SHOWN]
    ]
    return told
