"""`list_jobs` and `get_job`."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from podium.contract.models import JobDetail, JobPage, JobView, SheetView
from podium.contract.ports import JobControl
from podium.contract.score_text import JobScoreParams
from podium.contract.states import JobFilter
from podium.errors import InvalidArguments
from podium_tools.budget import fitting, shorter
from podium_tools.calls import again, next_call
from podium_tools.durations import job_seconds, sheet_seconds
from podium_tools.fields import JobReadArgs
from podium_tools.following import Following, following
from podium_tools.results import (
    NEEDS_SHOWN,
    JobOutput,
    JobResult,
    Known,
    Omitted,
    Result,
    WaitingLine,
    counted,
    failed_validations,
    job_fields,
    job_line,
    shortened_text,
    skipped_by_condition,
    state_of,
    waiting_of,
    warnings_of,
)
from podium_tools.score_text import DEFAULT_LINES, NO_SCORE, MaxLines, Offset, ScoreLines, page_of, score_fields
from podium_tools.spec import READ, READ_FOREIGN, Args, Call, ToolSpec

# "all" was this filter's earlier word for "any".
StatusFilter = Annotated[JobFilter, BeforeValidator(lambda given: "any" if given == "all" else given)]
SHEETS_A_PAGE = 50
SHEET_REASON_CHARS = 1100  # what a sheet asks an approval of is read as a whole here, wherever else it is cut


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

    submitted_at: str
    finished_at: Omitted[str]
    elapsed_seconds: Known[float]


class ListResult(Result):
    """One page of jobs, newest first; `total` counts all that match."""

    jobs: list[ListedJob]
    total: int
    next_cursor: str


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


class GetArgs(JobReadArgs):
    """Arguments of `get_job`."""

    detail: Literal["concise", "full", "score"] = Field(
        "concise", description='"full" adds a page of the sheets, "score" the text that it runs.'
    )
    sheets_cursor: str = Field("", description="sheets_cursor of the previous page; implies full.")
    offset: Offset = 1
    max_lines: MaxLines = DEFAULT_LINES


class SheetLine(BaseModel):
    """A sheet with its last attempt; what it has none of is left out.

    `duration_seconds` of a running attempt is until now; `instrument` is left out if it is `cli`, `needs_total` if `needs` has
    all; `healing` is the remedy that the conductor tried; `processes_ended` counts the left-over processes of the attempt that
    it ended, and `survivors` are those that it could not end.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sheet: int
    name: str
    description: Omitted[str]
    instrument: Omitted[str]
    status: str
    skip_kind: Omitted[str]
    reason: Omitted[str]
    waiting_until: Omitted[str]
    needs: Omitted[list[int]]
    needs_total: Omitted[int]
    attempts: int
    exit_code: Known[int]
    signal: Known[int]
    duration_seconds: Known[float]
    failed_validations: Omitted[list[str]]
    healing: Omitted[str]
    processes_ended: Omitted[int]
    survivors: Omitted[list[str]]


class GetResult(JobResult):
    """A job in full; what there is none of yet is left out. `elapsed_seconds` is since `started_at`, until now if it runs.

    Skipped sheets are counted by kind: by their conditions, before start_sheet, blocked by failed ones. `sheet_seconds` is how
    long each running sheet has been running; the full form has that in `sheets`. `job_output` is the end of what a failed sheet
    wrote. With the score, `config_path` is where that came
    from, and `file` what became of it there; variables in force come from the start or from the score itself.
    """

    description: Omitted[str]
    sheets_failed: Omitted[int]
    sheets_skipped: Omitted[int]
    sheets_before_start: Omitted[int]
    sheets_blocked: Omitted[int]
    waiting: Omitted[list[str]]
    waiting_until: Omitted[str]
    holding: Omitted[list[str]]
    stuck: Omitted[bool]
    workspace: str
    config_path: Omitted[str]
    submitted_at: str
    started_at: Omitted[str]
    finished_at: Omitted[str]
    elapsed_seconds: Known[float]
    sheet_seconds: Omitted[list[str]]
    warnings: Omitted[list[str]]
    sheets: Omitted[list[SheetLine]]
    sheets_cursor: Omitted[str]
    job_output_note: Omitted[str]
    job_output: Omitted[JobOutput]
    score: Omitted[ScoreLines]
    first_line: Omitted[int]
    lines_total: Omitted[int]
    truncated: Omitted[bool]
    score_pending: Omitted[bool]
    file: Omitted[str]
    start_variables: Omitted[list[str]]
    variables: Omitted[list[str]]


def _sheet_line(sheet: SheetView) -> SheetLine:
    """Return a sheet's line; of its validations only those that failed."""
    facts = sheet.model_dump(include=set(SheetLine.model_fields) & set(SheetView.model_fields))
    cut = {
        "reason": shortened_text(sheet.reason, SHEET_REASON_CHARS),
        "description": shortened_text(sheet.description),
        "instrument": sheet.instrument if sheet.instrument != "cli" else "",
        "waiting_until": sheet.waiting_until or "",
        "healing": shortened_text(sheet.healing),
        "needs": sheet.needs[:NEEDS_SHOWN],
        "needs_total": len(sheet.needs) if len(sheet.needs) > NEEDS_SHOWN else 0,
        "failed_validations": failed_validations(sheet),
        "survivors": [shortened_text(each.text) for each in sheet.survivors],
    }
    return SheetLine(**{**facts, **cut})


def _get_result(found: JobDetail, args: GetArgs, ahead: Following) -> GetResult:
    """Return the result for a job and its page of sheets, with what follows from its state."""
    job = found.job
    more = again("get_job", args, detail="concise", sheets_cursor=found.sheets_cursor)  # a cursor implies full
    return GetResult(
        summary=state_of(job),
        next=more if found.sheets_cursor else ahead.next,
        **job_fields(job),
        description=shortened_text(found.description),
        sheets_failed=job.sheets_failed,
        sheets_skipped=skipped_by_condition(job),
        sheets_before_start=job.sheets_before_start,
        sheets_blocked=job.sheets_blocked,
        **waiting_of(job),
        stuck=job.stuck,
        workspace=job.workspace,
        config_path=job.config_path or "",
        submitted_at=job.submitted_at or "",
        started_at=job.started_at or "",
        finished_at=job.finished_at or "",
        elapsed_seconds=job_seconds(job),
        sheet_seconds=[] if found.sheets else sheet_seconds(job),
        warnings=warnings_of(job.warnings),
        sheets=[_sheet_line(sheet) for sheet in found.sheets],
        sheets_cursor=found.sheets_cursor,
        **ahead.fields,
        **NO_SCORE,
    )


async def _get(port: JobControl, args: GetArgs, _call: Call) -> GetResult:
    """Return one job."""
    if args.detail == "score":
        return await _score(port, args)
    full = args.detail == "full" or bool(args.sheets_cursor)

    async def ask(limit: int) -> GetResult:
        found = await port.detail(args.job_id, sheets=full, sheets_cursor=args.sheets_cursor, limit=limit)
        return _get_result(found, args, await following(port, found.job))

    return await fitting(ask, SHEETS_A_PAGE if full else 1)


async def _score(port: JobControl, args: GetArgs) -> GetResult:
    """Return one job with a page of its score, a shorter one if its lines are long."""
    if args.sheets_cursor:
        raise InvalidArguments("sheets_cursor is for sheets, not for the score.", fix="Leave it out, or give offset.")
    found = await port.score(JobScoreParams(args.job_id, args.offset, args.max_lines))
    job = _get_result(JobDetail(job=found.job), args, Following(next_call(found.job)))

    async def shown(size: int) -> GetResult:
        page = page_of(found.text, size)
        more = {"next": again("get_job", args, offset=page.following)} if page.following else {}
        return job.model_copy(update={**score_fields(found, page), **more})

    return await fitting(shown, len(found.text.lines), least=0)


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

GET_JOB = ToolSpec(
    name="get_job",
    title="Show a job",
    description=(
        "Return a job's current state and its reason, progress, running sheets and allowed actions. With detail "
        f"full also its sheets, {SHEETS_A_PAGE} per page, each with the result of its last attempt; with detail score the "
        "text that it runs. To wait for a change use wait_for_job instead of calling this again; to learn why it failed "
        "or waits use explain_job."
    ),
    risk="read",
    hints=READ_FOREIGN,
    arguments=GetArgs,
    result=GetResult,
    handler=_get,
)
