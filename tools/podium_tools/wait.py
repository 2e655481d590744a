"""`wait_for_job`: wait for one or several jobs, for a limited time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import Field

from podium.contract.methods import PATTERN_CHARS
from podium.contract.models import JobView
from podium.contract.ports import JobControl, Progress
from podium.contract.waits import WaitView
from podium.contract.weight import RESULT_TOKENS, fits, within
from podium.times import span
from podium_tools.calls import again
from podium_tools.following import NOTHING_FOLLOWS, Following, following
from podium_tools.going import Going, going_on, going_text
from podium_tools.results import (
    JobOutput,
    Omitted,
    Result,
    progress_of,
    shown_line,
    state_of,
)
from podium_tools.spec import READ_FOREIGN, Args, Call, ToolSpec
from podium_tools.waited import WaitedJob, events_of, match_label, sought, waited_job

DEFAULT_SECONDS = 45.0  # below the 60 s at which common clients cut a call
EVENTS_SHOWN = 20
FEW = 5  # events shown if the jobs take much room
FULL = 3  # jobs that the summary names and whose lines are not shortened
ROOMS = (100, 8, 0)  # tokens of each text of a shortened line; the first room with which all jobs fit is taken
LINE_TOKENS = 200  # of the line that matched, where the jobs take much room


class WaitArgs(Args):
    """Arguments of `wait_for_job`."""

    job_ids: list[str] = Field(min_length=1, max_length=50, description="Ids (or names that only one job has).")
    until: Literal["any", "all"] = Field("any", description="Which jobs must be settled.")
    timeout_seconds: float = Field(
        DEFAULT_SECONDS, ge=0, le=600, description="Maximum wait; above 60 only if your client allows it."
    )
    after: str = Field(
        "", description="after of the previous reply; what needed attention since then ends the wait immediately."
    )
    pattern: str = Field(
        "",
        max_length=PATTERN_CHARS,
        description="Also return when a line of output matches this regex: any so far; with after of such a wait, only new ones.",
    )


class WaitResult(Result):
    """Why the wait ended, the jobs' current state, and what happened meanwhile.

    `job_output` is the line that matched pattern, or else the end of what a failed sheet wrote.
    """

    woke_for: Literal["settled", "event", "pattern", "timeout"]  # what ended the wait
    waited_seconds: float  # how long it took
    jobs: list[WaitedJob]  # as they are now
    events: list[str]  # what needed attention meanwhile
    after: str  # for the next wait
    job_output_note: Omitted[str]  # that what follows is data
    job_output: Omitted[JobOutput]
    match_job: Omitted[str]  # id of the job whose output matched
    match_sheet: Omitted[str]  # label of the sheet that wrote the line
    match_attempt: Omitted[int]  # number of the attempt
    match_stream: Omitted[str]  # which of the two
    match_line: Omitted[int]  # number of the line


@dataclass(frozen=True)
class Beside:
    """What is told beside the wait's own view: what goes on if it timed out, and what follows from the job that it is about."""

    going: Going = field(default_factory=dict)
    ahead: Following = NOTHING_FOLLOWS


async def look_beside(port: JobControl, view: WaitView) -> Beside:
    """Ask for what is told beside the view."""
    alarming = [job for job in view.jobs if job.status == "failed" or job.stuck]
    only = view.jobs if len(view.jobs) == 1 and view.jobs[0].settled else []
    about = next(iter([*alarming, *only]), None)
    return Beside(await going_on(port, view), await following(port, about) if about else NOTHING_FOLLOWS)


def _match(view: WaitView, beside: Beside) -> dict[str, Any]:
    """Return the members about the line that matched, empty ones if none did."""
    match = view.match
    output = shown_line(match.line) if match else beside.ahead.output
    return {
        **Following("", output).fields,
        "match_job": match.job_id if match else "",
        "match_sheet": match_label(match) if match else "",
        "match_attempt": match.attempt if match else 0,
        "match_stream": match.stream if match else "",
        "match_line": match.line.number if match else 0,
    }


def _summary(view: WaitView, pattern: str, beside: Beside, *, brief: bool) -> str:
    """Return why the wait ended, then each job's state; for many jobs only counts."""
    lead = (
        sought(view, pattern)
        + {
            "pattern": "",
            "settled": "",
            "event": "Something happened that may need attention. ",
            "timeout": f"Not settled after {span(view.waited_seconds, whole=True)}; nothing is lost, and you can wait again. ",
        }[view.woke_for]
    )
    settled = sum(job.settled for job in view.jobs)
    mixed = view.woke_for == "settled" and settled < len(view.jobs)
    rest = " Next, wait only for the others: a settled job ends a wait immediately." if mixed else ""
    if not brief:
        return lead + " ".join(state_of(job) for job in view.jobs) + going_text(view, beside.going) + rest
    return f"{lead}{settled} of {len(view.jobs)} jobs are settled.{going_text(view, beside.going)}{rest}"


def _next(view: WaitView, args: WaitArgs, ahead: Following) -> str:
    """Return the next call: what follows from a job that needs attention, or wait for those that are not settled."""
    if view.behind and view.match is None:
        return again("wait_for_job", args, after=view.after)
    if ahead.next:
        return ahead.next
    open_ids = [job.job_id for job in view.jobs if not job.settled]
    if open_ids:
        seconds = args.timeout_seconds or DEFAULT_SECONDS  # a caller that only looked may wait now
        return again("wait_for_job", args, job_ids=open_ids, timeout_seconds=seconds, after=view.after)
    return ""


def _heartbeat(running: Call, timeout_seconds: float) -> Progress:
    """Return the port's progress callback: elapsed seconds as progress, counts and names in the message."""

    async def report(elapsed: float, jobs: Sequence[JobView]) -> None:
        message = "; ".join(
            ", ".join(filter(None, [f"{job.job_id}: {job.status}", progress_of(job)])) for job in jobs[:5]
        )
        more = f"; and {len(jobs) - 5} more jobs" if len(jobs) > 5 else ""
        await running.report_progress(elapsed, timeout_seconds, message + more)

    return report


async def _wait(port: JobControl, args: WaitArgs, running: Call) -> WaitResult:
    """Wait; a time-out is a result, and ending the wait never touches a job."""
    view = await port.wait(
        list(dict.fromkeys(args.job_ids)),
        until=args.until,
        timeout_seconds=args.timeout_seconds,
        after=args.after,
        progress=_heartbeat(running, args.timeout_seconds),
        pattern=args.pattern,
    )
    return wait_result(view, args, await look_beside(port, view))


def wait_result(view: WaitView, args: WaitArgs, beside: Beside) -> WaitResult:
    """Return the tool's result for a wait that has ended; a brief one for many jobs, or if the full one costs too much."""
    found = _result(view, args, beside, room=ROOMS[0] if len(view.jobs) > FULL else None, events=EVENTS_SHOWN)
    for room in ROOMS:
        if fits(found.model_dump_json(), RESULT_TOKENS):
            break
        found = _result(view, args, Beside(ahead=beside.ahead), room=room, events=FEW)
        found = found.model_copy(update={"job_output": within(found.job_output, LINE_TOKENS)})
    return found


def _result(view: WaitView, args: WaitArgs, beside: Beside, *, room: int | None, events: int) -> WaitResult:
    return WaitResult(
        summary=_summary(view, args.pattern, beside, brief=room is not None),
        next=_next(view, args, beside.ahead),
        woke_for=view.woke_for,
        waited_seconds=round(view.waited_seconds, 1),
        jobs=[waited_job(job, view, beside.going, room) for job in view.jobs],
        events=events_of(view, events),
        after=view.after,
        **_match(view, beside),
    )


WAIT_FOR_JOB = ToolSpec(
    name="wait_for_job",
    title="Wait for jobs",
    description=(
        "Wait until any or all of the jobs are settled (ended, paused or stuck), or until something needs "
        "attention, such as a failed, retried or held sheet. A settled job ends the wait immediately: omit it next "
        "time. A timeout returns the current state, not an error: call again with after. Ending or losing "
        "the wait never affects a job. For the current state use get_job."
    ),
    risk="read",
    hints=READ_FOREIGN,
    arguments=WaitArgs,
    result=WaitResult,
    handler=_wait,
)
