"""`start_job`: submit a score, or show what it would run."""

from pydantic import Field

from podium.contract.command import CommandParams
from podium.contract.methods import KEY_DAYS, SubmitParams
from podium.contract.models import PlanView, StartView
from podium.contract.ports import JobControl
from podium.contract.secrets.beside import without_named_secrets
from podium_tools.calls import TO_FILL_IN, again
from podium_tools.fields import ConfigContent, ConfigPath, one_score, pairs, sheet_of
from podium_tools.following import next_step
from podium_tools.plans import PlannedSheet, missing_instruments, planned_sheets, sentence
from podium_tools.results import JobResult, Omitted, job_fields, state_of, warnings_of
from podium_tools.spec import Args, Call, Hints, ToolSpec

REPEATED_CHARS = 200  # of a command that the next call repeats


class StartArgs(Args):
    """Arguments of `start_job`."""

    needs_one_of = ("config_path", "config_content", "command")
    config_path: ConfigPath = ""
    config_content: ConfigContent = ""
    command: str = Field("", description="One shell command, instead of a score.")
    workspace: str = Field("", description="Working folder; default: the score's, else a new one.")
    start_sheet: str = Field("1", description="Number or name of the first sheet to run; earlier ones count as done.")
    self_healing: bool = Field(False, description="Let the conductor try remedies on failed sheets.")
    dry_run: bool = Field(False, description="Run nothing; return the checked plan.")
    idempotency_key: str = Field(
        "", max_length=200, description="A repeated call with the same key starts nothing new."
    )
    variables: list[str] = Field([], max_length=200, description="name=value, for the score's templates.")


class StartResult(JobResult):
    """The job that was started, or the plan of a dry run (`job_id` is "" then and `status` "not_started").

    `submitted_at` is there if it was started earlier: else it was submitted now.
    """

    workspace: str  # the folder in which its sheets run
    replayed: bool  # the idempotency key named a job that was started before
    dry_run: bool  # nothing was started
    submitted_at: Omitted[str]  # when it was started, if that was earlier
    warnings: Omitted[list[str]]  # what is worth knowing of its score
    plan: Omitted[list[PlannedSheet]]  # of a dry run: the first sheets


def _request(args: StartArgs) -> SubmitParams:
    """Turn the arguments into the port's request."""
    command = args.command if args.command.strip() else None
    path, content = one_score(args.config_path, args.config_content, command=command)
    first = sheet_of(args.start_sheet)
    request = SubmitParams(
        config_path=path,
        config_content=content,
        workspace=args.workspace or None,
        start_sheet=1 if first is None else first,
        self_healing=args.self_healing,
        idempotency_key=args.idempotency_key or None,
        variables=dict(pairs(args.variables)),
    )
    return request if command is None else CommandParams(**vars(request), command=command)


def _started(view: StartView, args: StartArgs, then: str) -> StartResult:
    """Return the result of an accepted submit; `then` is the next call."""
    job = view.job
    first = args.start_sheet.strip()
    skipped = sheet_of(first) not in {None, 1} and job.sheets_before_start > 0
    left_out = f"The sheets before {first} do not run: the workspace must already contain what they produce."
    verb = "was already started with this idempotency key; nothing new was started" if view.replayed else "was accepted"
    holds = f" The key stays taken until {KEY_DAYS} days after the job is deleted." if args.idempotency_key else ""
    return StartResult(
        summary=f"{job.job_id} {verb}. {state_of(job)}{holds}",
        next=then,
        **job_fields(job),
        workspace=job.workspace,
        replayed=view.replayed,
        dry_run=False,
        submitted_at=(job.submitted_at or "") if view.replayed else "",
        warnings=warnings_of([*([left_out] if skipped else []), *job.warnings]),
        plan=[],
    )


def _planned(plan: PlanView, args: StartArgs) -> StartResult:
    """Return the result of a dry run."""
    missing = missing_instruments(plan)
    return StartResult(
        summary=f"Dry run: nothing was started. {sentence(plan)}.",
        next=again("start_job", args, dry_run=False, **_long_texts(args)),
        job_id="",
        job_name=plan.job_name,
        status="not_started",
        reason=f"dry run; instruments not found: {', '.join(missing)}" if missing else "dry run",
        sheets_total=plan.sheets_total,
        sheets_completed=sum(sheet.satisfied for sheet in plan.sheets),
        running=[],
        allowed_actions=[],
        workspace=plan.workspace,
        replayed=False,
        dry_run=True,
        submitted_at="",
        warnings=warnings_of(plan.warnings),
        plan=planned_sheets(plan),
    )


def _long_texts(args: StartArgs) -> dict[str, object]:
    """Return the arguments that the next call leaves to the caller, who has them: a score, a long or secret command."""
    command = args.command.strip()
    short = len(command) <= REPEATED_CHARS and without_named_secrets(command) == command
    return {
        "config_content": args.config_content.strip() and TO_FILL_IN,
        "command": args.command if short else TO_FILL_IN,
    }


async def _start(port: JobControl, args: StartArgs, _call: Call) -> StartResult:
    """Submit the score, or only check it."""
    request = _request(args)
    if args.dry_run:
        return _planned(await port.plan(request), args)
    view = await port.start(request)
    return _started(view, args, await next_step(port, view.job))


START_JOB = ToolSpec(
    name="start_job",
    title="Start a job",
    description=(
        "Submit a score and return its job id immediately. The job is stored before the reply and runs whether or not you "
        "stay connected. Give config_path or config_content, or a command alone: a job of one sheet. "
        'A whole score: "name: build\nsheets:\n- {name: test, run: make test}"; describe_score explains more. '
        "To check a score without running it use validate_score."
    ),
    risk="run",
    hints=Hints(read_only=False, destructive=False, idempotent=False, open_world=True),
    arguments=StartArgs,
    result=StartResult,
    handler=_start,
)
