"""`validate_score`: check a score without running it."""

from typing import Any

from podium.contract.methods import ScoreParams
from podium.contract.models import PlanView, ProblemView
from podium.contract.ports import JobControl
from podium.errors import ScoreInvalid
from podium_tools.calls import TO_FILL_IN, call
from podium_tools.fields import ConfigContent, ConfigPath, one_score
from podium_tools.plans import PlannedSheet, missing_instruments, planned_sheets, sentence
from podium_tools.results import Result, counted, shortened_text, warnings_of
from podium_tools.spec import READ, Args, Call, ToolSpec

PROBLEMS_SHOWN = 50
NOTES_SHOWN = 20


class ScoreArgs(Args):
    """Arguments of `validate_score`."""

    needs_one_of = ("config_path", "config_content")
    config_path: ConfigPath = ""
    config_content: ConfigContent = ""


class ScoreResult(Result):
    """The checked plan, or every problem as "line:column field: what is wrong"."""

    valid: bool
    job_name: str
    workspace: str
    sheets_total: int
    max_concurrent: int
    sheets: list[PlannedSheet]
    missing_instruments: list[str]
    warnings: list[str]
    problems: list[str]


def _problem_text(facts: dict[str, Any]) -> str:
    """Return a problem on one line."""
    problem = ProblemView.model_validate(facts)
    place = f"{problem.line}:{problem.column} " if problem.line else ""
    field = f"{problem.field}: " if problem.field else ""
    allowed = f" (allowed: {', '.join(problem.allowed)})" if problem.allowed else ""
    return f"{place}{field}{problem.message}{allowed}"


def _valid(plan: PlanView, args: ScoreArgs) -> ScoreResult:
    """Return the result for a valid score."""
    return ScoreResult(
        summary=f"The score is valid. {sentence(plan)}.",
        next=call("start_job", config_path=args.config_path, config_content=args.config_content.strip() and TO_FILL_IN),
        valid=True,
        job_name=plan.job_name,
        workspace=plan.workspace,
        sheets_total=plan.sheets_total,
        max_concurrent=plan.max_concurrent,
        sheets=planned_sheets(plan),
        missing_instruments=missing_instruments(plan),
        warnings=warnings_of(plan.warnings, NOTES_SHOWN),
        problems=[],
    )


def _invalid(error: ScoreInvalid) -> ScoreResult:
    """Return the result for a score with problems."""
    problems = [_problem_text(facts) for facts in error.facts.get("problems", [])] or [error.message]
    total = error.facts.get("problems_total") or len(problems)
    more = f" The first {PROBLEMS_SHOWN} are shown." if total > PROBLEMS_SHOWN else ""
    return ScoreResult(
        summary=f"The score is not valid: {counted(total, 'problem')}.{more}",
        next="",
        valid=False,
        job_name="",
        workspace="",
        sheets_total=0,
        max_concurrent=0,
        sheets=[],
        missing_instruments=[],
        warnings=[],
        problems=[shortened_text(problem) for problem in problems[:PROBLEMS_SHOWN]],
    )


async def _validate(port: JobControl, args: ScoreArgs, _call: Call) -> ScoreResult:
    """Check the score; its problems are a result, not an error of the call."""
    path, content = one_score(args.config_path, args.config_content)
    try:
        plan = await port.plan(ScoreParams(config_path=path, config_content=content))
    except ScoreInvalid as error:
        return _invalid(error)
    return _valid(plan, args)


VALIDATE_SCORE = ToolSpec(
    name="validate_score",
    title="Check a score",
    description=(
        "Check a score without running or storing anything. Returns the plan (sheets in order, what each needs, "
        "missing instruments) or every problem with its line and column. To run the score use start_job. "
        'A whole score: "name: ci\nsheets:\n- {name: test, run: make test}\n- {name: pack, run: make dist, needs: [test]}"; '
        "describe_score explains more."
    ),
    risk="read",
    hints=READ,
    arguments=ScoreArgs,
    result=ScoreResult,
    handler=_validate,
)
