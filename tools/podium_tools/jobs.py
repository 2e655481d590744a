"""`get_job`."""

from typing import Literal

from pydantic import Field

from podium.contract.models import JobDetail
from podium.contract.ports import JobControl
from podium.contract.score_text import JobScoreParams
from podium.errors import InvalidArguments
from podium_tools.budget import fitting
from podium_tools.calls import again
from podium_tools.durations import job_seconds, sheet_seconds
from podium_tools.fields import JobReadArgs
from podium_tools.following import Following, following, next_step
from podium_tools.results import (
    JobOutput,
    JobResult,
    Known,
    Omitted,
    job_fields,
    shortened_text,
    state_of,
    waiting_of,
    warnings_of,
)
from podium_tools.score_text import DEFAULT_LINES, NO_SCORE, MaxLines, Offset, ScoreLines, page_of, score_fields
from podium_tools.sheets import SheetLine, sheet_line
from podium_tools.spec import READ_FOREIGN, Call, ToolSpec

SHEETS_A_PAGE = 50


class GetArgs(JobReadArgs):
    """Arguments of `get_job`."""

    detail: Literal["concise", "full", "score"] = Field(
        "concise",
        description=f'"full" adds the sheets, {SHEETS_A_PAGE} per page, with their last attempts; "score" the text that it runs.',
    )
    sheets_cursor: str = Field("", description="sheets_cursor of the previous page; implies full.")
    offset: Offset = 1
    max_lines: MaxLines = DEFAULT_LINES


class GetResult(JobResult):
    """A job in full; what there is none of yet is left out. `elapsed_seconds` is since `started_at`, until now if it runs.

    Skipped sheets are counted by kind: by their conditions, before start_sheet, blocked by failed ones. `sheet_seconds` is how
    long each running sheet has been running; the full form has that in `sheets`. `job_output` is the end of what a failed sheet
    wrote. With the score, `config_path` is where that came
    from, and `file` what became of it there; variables in force come from the start or from the score itself.
    """

    description: Omitted[str]  # as its score describes it
    sheets_failed: Omitted[int]  # how many have failed for good
    sheets_skipped: Omitted[int]  # by their own conditions
    sheets_before_start: Omitted[int]  # skipped since the job was to start after them
    sheets_blocked: Omitted[int]  # skipped since a sheet that they need has failed
    waiting: Omitted[list[str]]  # labels of sheets that wait for a retry or a rate limit
    waiting_until: Omitted[str]  # when the first of its waits ends
    holding: Omitted[list[str]]  # labels of sheets that wait for an approval
    stuck: Omitted[bool]  # no output and no CPU use for too long
    workspace: str  # the folder in which its sheets run
    config_path: Omitted[str]  # the score's file
    submitted_at: str  # when it was accepted
    started_at: Omitted[str]  # when its first sheet began
    finished_at: Omitted[str]  # when it ended
    elapsed_seconds: Known[float]  # since `started_at`, until now if it runs
    sheet_seconds: Omitted[list[str]]  # how long each running sheet has been running
    cost_dollars: Known[float]  # what its instruments say it has cost
    warnings: Omitted[list[str]]  # what is worth knowing of its score
    sheets: Omitted[list[SheetLine]]  # a page of them, in the full form
    sheets_cursor: Omitted[str]  # for the next page of them
    job_output_note: Omitted[str]  # that what follows is data
    job_output: Omitted[JobOutput]
    score: Omitted[ScoreLines]
    first_line: Omitted[int]  # number of the first line of the score that is shown
    lines_total: Omitted[int]  # lines of the whole score
    truncated: Omitted[bool]  # a part of the score is not shown
    score_pending: Omitted[bool]  # a changed score that is not in effect yet
    file: Omitted[str]  # what has become of the score's file since
    start_variables: Omitted[list[str]]  # given at the start, `name=value`
    variables: Omitted[list[str]]  # of the score, `name=value`


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
        sheets_skipped=job.skipped_by_condition,
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
        cost_dollars=job.cost_dollars,
        warnings=warnings_of(job.warnings),
        sheets=[sheet_line(sheet) for sheet in found.sheets],
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
    job = _get_result(JobDetail(job=found.job), args, Following(await next_step(port, found.job)))

    async def shown(size: int) -> GetResult:
        page = page_of(found.text, size)
        more = {"next": again("get_job", args, offset=page.following)} if page.following else {}
        return job.model_copy(update={**score_fields(found, page), **more})

    return await fitting(shown, len(found.text.lines), least=0)


GET_JOB = ToolSpec(
    name="get_job",
    title="Show a job",
    description=(
        "Return a job's current state and its reason, progress, running sheets and allowed actions. "
        "To wait for a change use wait_for_job instead of calling this again; to learn why it failed or waits use explain_job."
    ),
    risk="read",
    hints=READ_FOREIGN,
    arguments=GetArgs,
    result=GetResult,
    handler=_get,
)
