"""`explain_job`: why a job is in its state, in one call."""

from podium.contract.models import ExplainView, JobView, LogView, SheetView, Stream
from podium.contract.ports import JobControl
from podium.contract.states import TERMINAL, phase_of, rule
from podium_tools.calls import TO_FILL_IN, call, next_call
from podium_tools.events import event_text
from podium_tools.fields import JobReadArgs
from podium_tools.following import following, mending, start_anew
from podium_tools.results import (
    OUTPUT_NOTE,
    JobOutput,
    JobResult,
    Omitted,
    failed_validations,
    job_fields,
    named,
    shortened,
    shortened_text,
    shown_line,
    state_of,
)
from podium_tools.spec import READ_FOREIGN, Call, ToolSpec

LINE_CHARS = 200  # of an attempt or a remedy
HEALING_SHOWN = 10


class ExplainResult(JobResult):
    """Why a job is in its state. `sheet` is the one that shows it ("" if none does), `job_output` the end of its last attempt.

    `waits_until` is when the state ends by itself at the latest, "" if that is unknown; `options` are calls with
    what each does. If several sheets failed, `failed_sheets` are the first of them, in that order, with their reasons.
    """

    kind: str  # what there is to explain
    waits_until: str  # when the state ends by itself, "" if unknown
    sheet: str  # label of the one that shows it
    attempt: int  # number of its last attempt
    exit_code: int | None  # of that attempt, null if there was none
    signal: int | None  # that ended its process, null if none did
    failed_validations: list[str]  # of that attempt, each in a line
    failed_sheets: Omitted[list[str]]  # the first ones with their reasons
    earlier_attempts: list[str]  # of that sheet, oldest first
    blocked: list[str]  # labels of sheets that it keeps from running
    healing: list[str]  # remedies that the conductor tried
    options: list[str]  # calls that may come next, and what each does
    job_output_note: str  # that what follows is data
    job_output: JobOutput
    output_stream: str  # which stream `job_output` is of
    output_truncated: bool  # there is more before it


def _log_call(output: LogView, stream: Stream) -> str:
    """Return the call that reads more of a stream of the attempt whose output is shown."""
    return call("read_job_log", job_id=output.job_id, sheet=str(output.sheet), attempt=output.attempt, stream=stream)


def _log_options(view: ExplainView) -> list[tuple[str, str]]:
    """Return the call that shows the rest: more of this stream, else the other stream if it may hold something."""
    output = view.output
    if output is None:
        return []
    if output.truncated:
        return [(_log_call(output, output.stream), "shows more of the output")]
    other: Stream = "stdout" if output.stream == "stderr" else "stderr"
    return [] if view.other_bytes == 0 else [(_log_call(output, other), f"shows what it wrote to {other}")]


def options_of(view: ExplainView) -> list[tuple[str, str]]:
    """Return the calls that are useful now, each with what it does."""
    job = view.job
    known = {
        "resume": (call("resume_job", job_id=job.job_id), _resume_does(job)),
        "modify": _edit(view),
        "cancel": (call("cancel_job", job_id=job.job_id), "ends the job and its processes"),
    }
    wanted = [*_log_options(view), *(known[action] for action in job.allowed_actions if action in known)]
    if _waits_for_nobody(view):
        wanted.insert(0, (call("pause_job", job_id=job.job_id), "with resume_job after it, runs the sheet again"))
    elif view.kind in {"stuck", "running"}:
        wanted.insert(0, (call("verify_process_health", job_id=job.job_id), "shows what is known of its process"))
    elif view.kind == "failed" and "resume" not in job.allowed_actions and (anew := start_anew(job)):
        wanted.append((anew, "runs the score from its first sheet; first correct it, or remove the cause"))
    return wanted


def _waits_for_nobody(view: ExplainView) -> bool:
    """Whether a sheet waits for a decision that nobody can give, which a Marianne conductor can let it do."""
    return view.kind == "stuck" and view.sheet is not None and view.sheet.status == "waiting"


def _edit(view: ExplainView) -> tuple[str, str]:
    """Return the call that corrects the score; of a job that `resume_job` corrects too, the one that shows it."""
    job = view.job
    if job.status in TERMINAL and view.can_edit and "resume" in job.allowed_actions:
        return call("get_job", job_id=job.job_id, detail="score"), "shows the score, to correct it"
    texts = ["find", "replace"] if view.can_edit else ["config_path" if job.config_path else "config_content"]
    made = call("modify_job", job_id=job.job_id, **dict.fromkeys(texts, TO_FILL_IN))
    return made, "continues with a corrected score"


def _resume_does(job: JobView) -> str:
    """Return what a resume does to the job."""
    if job.status == "paused" and job.running:  # a Marianne conductor lets them run on under a pause
        return f"kills the running sheets ({', '.join(shortened(job.running))}), starts them again and continues"
    phase = phase_of(job.status, pause_requested=job.pause_requested or job.modify_requested)
    does = rule("resume", "holding" if job.needs_approval else phase).why
    return f"{does}; first remove the cause" if job.status == "failed" else does


def next_of(view: ExplainView) -> str:
    """Return the call that naturally follows."""
    if view.kind == "stuck":
        tool = "pause_job" if _waits_for_nobody(view) else "verify_process_health"
        return call(tool, job_id=view.job.job_id)
    if view.kind == "failed":
        output = view.output
        return _log_call(output, output.stream) if output is not None and output.truncated else mending(view)
    return next_call(view.job)


def _sheet_fields(sheet: SheetView | None) -> dict[str, object]:
    """Return the fields of the sheet that shows the cause."""
    if sheet is None:
        return {"sheet": "", "attempt": 0, "exit_code": None, "signal": None, "failed_validations": []}
    return {
        "sheet": sheet.name or str(sheet.sheet),
        "attempt": sheet.attempts,
        "exit_code": sheet.exit_code,
        "signal": sheet.signal,
        "failed_validations": failed_validations(sheet),
    }


async def _explain(port: JobControl, args: JobReadArgs, _call: Call) -> ExplainResult:
    """Ask the conductor and name the calls that follow."""
    view = await port.explain(args.job_id)
    output, failed = view.output, [shortened_text(line, LINE_CHARS) for line in view.failed]
    return ExplainResult.model_validate(
        {
            "summary": f"{state_of(view.job)} {view.cause}".strip(),
            "next": (await following(port, view.job)).next if view.kind == "completed" else next_of(view),
            **job_fields(view.job),
            "kind": view.kind,
            "waits_until": view.waits_until,
            **_sheet_fields(view.sheet),
            "failed_sheets": named(failed, view.job.sheets_failed) if len(failed) > 1 else [],
            "earlier_attempts": [shortened_text(line, LINE_CHARS) for line in view.earlier_attempts],
            "blocked": named(view.blocked, view.blocked_total),
            "healing": [event_text(event, LINE_CHARS) for event in view.healing[-HEALING_SHOWN:]],
            "options": [f"{made}: {what}" for made, what in options_of(view)],
            "job_output_note": OUTPUT_NOTE,
            "job_output": "\n".join(map(shown_line, output.lines)) if output else "",
            "output_stream": output.stream if output else "",
            "output_truncated": output.truncated if output else False,
        }
    )


EXPLAIN_JOB = ToolSpec(
    name="explain_job",
    title="Explain a job's state",
    description=(
        "Explain why a job failed or is waiting, queued, paused or stuck: the sheet and attempt involved, the end of "
        "the output, failed validations (expected and found), blocked sheets, remedies tried, waiting time, "
        "and what to call next. For the state alone use get_job, for all output read_job_log."
    ),
    risk="read",
    hints=READ_FOREIGN,
    arguments=JobReadArgs,
    result=ExplainResult,
    handler=_explain,
)
