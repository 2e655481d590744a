"""`clear_jobs`: remove ended jobs, many at once."""

from pydantic import Field

from podium.contract.methods import ClearParams
from podium.contract.models import ClearView, JobView
from podium.contract.ports import JobControl
from podium.contract.states import EndedFilter, ended_statuses
from podium_tools.budget import fitting
from podium_tools.calls import again
from podium_tools.results import Omitted, Result, counted, named, shortened_text
from podium_tools.spec import Args, Call, Hints, ToolSpec

AT_ONCE = 500  # jobs that one call removes
SHOWN = 50
HOUR_SECONDS = 3600.0


class ClearArgs(Args):
    """Arguments of `clear_jobs`."""

    refuses_unknown = True  # a misspelt filter would remove all that has ended
    status: EndedFilter = Field("ended", description="Only jobs in this state.")
    older_than_hours: float = Field(0, ge=0, le=1_000_000, description="Only jobs that ended at least this long ago.")
    keep_newest: int = Field(0, ge=0, le=1_000_000, description="How many of the newest matching jobs stay.")
    dry_run: bool = Field(True, description="Only say what would be removed.")


class ClearResult(Result):
    """The first jobs that were removed, or would be; `total` counts all that match, `remaining` what further calls remove."""

    dry_run: bool  # nothing was removed
    jobs: list[str]  # ids of the first ones
    total: int  # how many match
    remaining: Omitted[int]  # how many a further call removes
    refused: Omitted[list[str]]  # which were kept, and why


def _line(job: JobView) -> str:
    """Return a job in one line."""
    when = f" at {job.finished_at}" if job.finished_at else ""
    return f"{job.job_id} ({shortened_text(job.job_name, 60)}): {job.status}{when}"


def _sentence(view: ClearView, args: ClearArgs, remaining: int) -> str:
    """Return what was or would be removed."""
    kinds = ", ".join(
        f"{view.counts[status]} {status}" for status in ended_statuses("ended") if view.counts.get(status)
    )
    if not view.total:
        return "No ended job matches, so nothing is removed."
    one = view.total == 1
    what = f"{counted(view.total, 'job')} ({kinds})"
    if args.dry_run:
        return (
            f"Dry run: {what} would be removed with logs and history; workspaces are kept. The real call chooses anew: "
            "jobs that have ended by then count, resumed ones do not."
        )
    done = "" if len(view.jobs) == view.total else f"{len(view.jobs)} of "
    refused = f" {counted(len(view.refused), 'job')} could not be removed." if view.refused else ""
    left = f" {remaining} remain: call again." if remaining else ""
    return f"{done}{what} {'was' if one else 'were'} removed; workspaces are kept.{refused}{left}"


def _next(view: ClearView, args: ClearArgs, remaining: int) -> str:
    """Return the call that does what a dry run said, or goes on."""
    if args.dry_run:
        return again("clear_jobs", args, dry_run=False) if view.total else ""
    return again("clear_jobs", args) if remaining and view.jobs else ""


async def _clear(port: JobControl, args: ClearArgs, _call: Call) -> ClearResult:
    """Remove the jobs once, and show as many of them as fit."""
    view = await port.clear(
        ClearParams(
            statuses=list(ended_statuses(args.status)),
            older_than_seconds=args.older_than_hours * HOUR_SECONDS if args.older_than_hours else None,
            keep_newest=args.keep_newest,
            limit=SHOWN if args.dry_run else AT_ONCE,
            dry_run=args.dry_run,
        )
    )
    remaining = 0 if args.dry_run else view.total - len(view.jobs) - len(view.refused)

    async def shown(limit: int) -> ClearResult:
        listed = view.total if args.dry_run else len(view.jobs)
        refused = [shortened_text(why) for why in view.refused[: min(limit, 10)]]
        return ClearResult(
            summary=_sentence(view, args, remaining),
            next=_next(view, args, remaining),
            dry_run=args.dry_run,
            jobs=named([_line(job) for job in view.jobs[:limit]], listed),
            total=view.total,
            remaining=remaining,
            refused=named(refused, len(view.refused)),
        )

    return await fitting(shown, SHOWN)


CLEAR_JOBS = ToolSpec(
    name="clear_jobs",
    title="Remove ended jobs",
    description=(
        f"Remove ended jobs with their logs and history, for good, oldest first, at most {AT_ONCE} per call; never active "
        "jobs, never workspaces. A dry run unless dry_run is false. For one job use delete_job."
    ),
    risk="destroy",
    hints=Hints(read_only=False, destructive=True, idempotent=False, open_world=False),
    arguments=ClearArgs,
    result=ClearResult,
    handler=_clear,
)
