"""`list_jobs`."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from podium.contract.models import JobPage, JobView
from podium.contract.ports import JobControl
from podium.contract.states import JobFilter
from podium_tools.budget import fitting, shorter
from podium_tools.calls import again
from podium_tools.durations import job_seconds
from podium_tools.results import Known, Omitted, Result, WaitingLine, counted, job_line, waiting_of
from podium_tools.spec import READ, Args, Call, ToolSpec

# "all" was this filter's earlier word for "any".
StatusFilter = Annotated[JobFilter, BeforeValidator(lambda given: "any" if given == "all" else given)]


class ListArgs(Args):
    """Arguments of `list_jobs`."""

    status: StatusFilter = Field(
        "any", description="active: not ended; waiting: queued or running without a running sheet; or one state."
    )
    name: str = Field("", description="Only jobs with this text in their name or id, case-insensitive.")
    limit: int = Field(20, ge=1, le=100, description="Jobs per page.")
    cursor: str = Field("", description="next_cursor of the previous page.")


class ListedJob(WaitingLine):
    """A job in the list; `submitted_at` is "" if unknown."""

    submitted_at: str  # when it was accepted
    finished_at: Omitted[str]  # when it ended
    elapsed_seconds: Known[float]  # since its start, until now if it runs


class ListResult(Result):
    """One page of jobs, newest first; `total` counts all that match."""

    jobs: list[ListedJob]  # of this page, newest first
    total: int  # how many match
    next_cursor: str  # for the next page, "" on the last one


def _list_sentence(page: JobPage, args: ListArgs, limit: int) -> str:
    """Return what the page shows, with its filters, and why it is shorter than requested."""
    kind = f"{args.status} " if args.status != "any" else ""
    which = f" matching {args.name!r}" if args.name else ""
    if not page.jobs:
        return f"No {'more ' if page.total else ''}{kind}jobs{which}."
    more = f"{shorter(limit, args.limit)}; use next_cursor for more" if page.next_cursor else ""
    total = max(page.total, len(page.jobs))
    return f"{len(page.jobs)} of {counted(total, f'{kind}job')}{which}, newest first{more}."


async def _list(port: JobControl, args: ListArgs, _call: Call) -> ListResult:
    """Return a page of jobs, a shorter one if their lines are long."""
    return await fitting(lambda limit: _page(port, args, limit), args.limit)


async def _page(port: JobControl, args: ListArgs, limit: int) -> ListResult:
    page = await port.list_page(status=args.status, name=args.name, limit=limit, cursor=args.cursor)
    more = again("list_jobs", args, cursor=page.next_cursor)
    return ListResult(
        summary=_list_sentence(page, args, limit),
        next=more if page.next_cursor else "",
        jobs=[_listed(job) for job in page.jobs],
        total=page.total,
        next_cursor=page.next_cursor,
    )


def _listed(job: JobView) -> ListedJob:
    times = {"submitted_at": job.submitted_at or "", "finished_at": job.finished_at or ""}
    return ListedJob(**job_line(job).model_dump(), **waiting_of(job), **times, elapsed_seconds=job_seconds(job))


LIST_JOBS = ToolSpec(
    name="list_jobs",
    title="List jobs",
    description=(
        "List jobs, newest first, with state, reason and progress; active leaves out ended ones. "
        "For the sheets of a job use get_job."
    ),
    risk="read",
    hints=READ,
    arguments=ListArgs,
    result=ListResult,
    handler=_list,
)
