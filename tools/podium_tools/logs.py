"""`read_job_log`: a bounded part of a sheet's output."""

from typing import Literal

from pydantic import Field

from podium.contract.methods import LogParams
from podium.contract.models import LogView
from podium.contract.ports import JobControl
from podium.errors import InvalidArguments
from podium_tools.calls import again
from podium_tools.fields import JobReadArgs, sheet_of
from podium_tools.results import OUTPUT_NOTE, JobOutput, Omitted, Result, counted, shown_line
from podium_tools.spec import READ_FOREIGN, Call, ToolSpec


class LogArgs(JobReadArgs):
    """Arguments of `read_job_log`."""

    sheet: str = Field("", description="Number or name; default: first failed, else longest running, else last run.")
    attempt: int = Field(0, ge=0, description="Attempt, from 1; 0 for the last.")
    stream: Literal["stdout", "stderr"] = Field("stdout", description="Output stream.")
    mode: Literal["tail", "head", "range", "search"] = Field(
        "tail", description="range continues from cursor; search needs pattern."
    )
    pattern: str = Field("", max_length=1000, description="Regex to search for.")
    context_lines: int = Field(0, ge=0, le=50, description="Lines around each match.")
    cursor: str = Field("", description="cursor of the previous reply.")
    max_lines: int = Field(100, ge=1, le=2000, description="Lines at most.")


class LogResult(Result):
    """Part of the output. `first_line` is the number of its first line, 0 if unknown.

    Of a search `line_numbers` has the number of each line, and with context `matching_lines` has those of the matches.
    `truncated`: a limit ended this part and `next` reads on; `left_out` says what else it does not show.
    """

    job_id: str  # the job's id
    sheet: int  # number of the sheet
    sheet_name: str  # "" if it has only a number
    attempt: int  # number of the attempt
    stream: str  # which of the two
    job_output_note: str  # that what follows is data
    job_output: JobOutput
    first_line: int  # number of the first line, 0 if unknown
    line_numbers: Omitted[list[int]]  # of a search: the number of each line
    matching_lines: Omitted[list[int]]  # of a search with context: the numbers of the matches
    lines: int  # how many this part has
    total_bytes: int  # size of the whole stream so far
    truncated: bool  # a limit ended this part, and `next` reads on
    left_out: Omitted[str]  # what else is not shown
    at_end: bool  # there is nothing more now
    running: bool  # the attempt still runs, so more may come
    cursor: str  # for the next call with mode range


def _request(args: LogArgs) -> LogParams:
    """Turn the arguments into the port's request."""
    if args.mode == "search" and not args.pattern:
        raise InvalidArguments("mode search needs a pattern.", fix='Give pattern, for example pattern="error|warning".')
    if args.pattern and args.mode != "search":
        raise InvalidArguments(
            f"pattern works with mode search only, not with {args.mode}.",
            fix='Add mode="search", or leave pattern out.',
        )
    return LogParams(
        job_id=args.job_id,
        sheet=sheet_of(args.sheet),
        attempt=args.attempt or None,
        stream=args.stream,
        mode=args.mode,
        pattern=args.pattern,
        context_lines=args.context_lines,
        cursor=args.cursor,
        max_lines=args.max_lines,
    )


def _sentence(view: LogView, mode: str) -> str:
    """Return which part of which output this is."""
    name = f" ({view.sheet_name})" if view.sheet_name else ""
    where = f"{view.stream} of sheet {view.sheet}{name}, attempt {view.attempt}"
    if not view.attempt:
        return f"Sheet {view.sheet}{name} has not run yet, so it has no output."
    if view.gone:
        return f"The {where}, is gone: its file was removed from the conductor's home."
    if mode == "search":
        found = sum(line.match for line in view.lines)
        more = ", there may be more" if not view.at_end else ""
        left = f"; {view.unsearched_bytes} bytes of very long lines were not searched" if view.unsearched_bytes else ""
        return f"{counted(found, 'matching line')} in {where}{more}{left}."
    if not view.lines:
        more = " yet; the sheet is still running" if view.running else ""
        unfinished = ", and mode tail shows its unfinished last line" if view.unfinished else ""
        return f"No {'more ' if view.total_bytes else ''}output in {where}{more}{unfinished}."
    part = {"tail": "The last", "head": "The first", "range": "The next"}[mode]
    count = "line" if len(view.lines) == 1 else f"{len(view.lines)} lines"
    return f"{part} {count} of {where} ({view.total_bytes} bytes in total)."


def _left_out(view: LogView) -> str:
    """Return what a part that reaches the end does not show, "" if nothing."""
    if not (view.truncated and view.at_end):
        return ""
    return "earlier output" if view.earlier else "parts of long lines"


def _next(view: LogView, args: LogArgs) -> str:
    """Return the call that reads on if there is or may be more; if nothing is on stdout, the one that reads stderr."""
    this = args.model_copy(update={"sheet": str(view.sheet), "attempt": view.attempt})
    if view.attempt and not view.total_bytes and not view.running and view.stream == "stdout":
        return again("read_job_log", this, stream="stderr", cursor="")
    if not view.cursor or (view.at_end and not view.running):
        return ""
    return again("read_job_log", this, mode="search" if args.mode == "search" else "range", cursor=view.cursor)


async def _read(port: JobControl, args: LogArgs, _call: Call) -> LogResult:
    """Read the requested part."""
    view = await port.log(_request(args))
    is_search = args.mode == "search"
    return LogResult(
        summary=_sentence(view, args.mode),
        next=_next(view, args),
        job_id=view.job_id,
        sheet=view.sheet,
        sheet_name=view.sheet_name,
        attempt=view.attempt,
        stream=view.stream,
        job_output_note=OUTPUT_NOTE,
        job_output="\n".join(map(shown_line, view.lines)),
        first_line=view.lines[0].number if view.lines else 0,
        line_numbers=[line.number for line in view.lines] if is_search else [],
        matching_lines=[line.number for line in view.lines if line.match] if is_search and args.context_lines else [],
        lines=len(view.lines),
        total_bytes=view.total_bytes,
        truncated=view.truncated and not view.at_end,
        left_out=_left_out(view),
        at_end=view.at_end,
        running=view.running,
        cursor=view.cursor,
    )


READ_JOB_LOG = ToolSpec(
    name="read_job_log",
    title="Read a job's output",
    description=(
        "Read a bounded part of a sheet's output, even while it runs: the end, the start, the part after a cursor, or "
        "the numbered lines that match a pattern. Control and invisible characters are removed, very long lines are "
        "cut, and a line that was rewritten (a progress bar) is shown as it was last. "
        "For files that the job created use read_artifact."
    ),
    risk="read",
    hints=READ_FOREIGN,
    arguments=LogArgs,
    result=LogResult,
    handler=_read,
)
