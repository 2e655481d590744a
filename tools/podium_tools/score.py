"""`validate_score`: check a score without running it."""

import json
from itertools import accumulate
from typing import Any

from podium.contract.models import PlanView, ProblemView
from podium.contract.ports import JobControl
from podium.contract.score_text import CheckParams, ScoreText
from podium.contract.weight import tokens_at_most
from podium.errors import ScoreInvalid
from podium_tools.budget import fitting
from podium_tools.calls import TO_FILL_IN, again, call
from podium_tools.fields import ConfigContent, ConfigPath, one_score
from podium_tools.plans import PlannedSheet, missing_instruments, planned_sheets, sentence
from podium_tools.results import Omitted, Result, counted, shortened_text, warnings_of
from podium_tools.score_text import DEFAULT_LINES, NO_PAGE, MaxLines, Offset, ScoreLines, checked_fields, page_of
from podium_tools.spec import READ, Args, Call, ToolSpec

PROBLEMS_SHOWN = 50
LISTED_TOKENS = 6_000  # that they cost together
PROBLEM_CHARS = 400  # of each, so that the list of all keys of a sheet has room
NOTES_SHOWN = 20


class ScoreArgs(Args):
    """Arguments of `validate_score`."""

    needs_one_of = ("config_path", "config_content")
    config_path: ConfigPath = ""
    config_content: ConfigContent = ""
    offset: Offset = 1
    max_lines: MaxLines = DEFAULT_LINES


class ScoreResult(Result):
    """The checked plan, or every problem as "line:column field: what is wrong"."""

    valid: bool  # it would be accepted
    job_name: str  # as the score calls it
    workspace: str  # the folder in which its sheets would run
    sheets_total: int  # how many sheets it has
    max_concurrent: int  # at most so many run at once
    sheets: list[PlannedSheet]  # the first of them
    on_end: Omitted[str]  # the beginning of what runs when the job has ended
    missing_instruments: list[str]  # programs that it needs and that are not installed
    warnings: list[str]  # what is worth knowing of it
    problems: list[str]  # "line:column field: what is wrong"
    score: Omitted[ScoreLines]
    first_line: Omitted[int]  # number of the first line that is shown
    lines_total: Omitted[int]  # lines of the whole score
    truncated: Omitted[bool]  # a part of it is not shown


def _problem_text(facts: dict[str, Any]) -> str:
    """Return a problem on one line, with the line that it is about."""
    problem = ProblemView.model_validate(facts)
    place = f"{problem.line}:{problem.column} " if problem.line else ""
    field = f"{problem.field}: " if problem.field else ""
    allowed = f" (allowed: {', '.join(problem.allowed)})" if problem.allowed else ""
    quoted = f" | {problem.text}" if problem.text else ""
    return shortened_text(f"{place}{field}{problem.message}{allowed}", PROBLEM_CHARS) + quoted


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
        on_end=plan.on_end,
        missing_instruments=missing_instruments(plan),
        warnings=warnings_of(plan.warnings, NOTES_SHOWN),
        problems=[],
        **NO_PAGE,
    )


def _invalid(error: ScoreInvalid) -> ScoreResult:
    """Return the result for a score with problems."""
    problems = [_problem_text(facts) for facts in error.facts.get("problems", [])] or [shortened_text(error.message)]
    total = error.facts.get("problems_total") or len(problems)
    costs = accumulate(tokens_at_most(json.dumps(problem, ensure_ascii=False)) for problem in problems[:PROBLEMS_SHOWN])
    shown = sum(cost <= LISTED_TOKENS for cost in costs)
    more = f" The first {shown} are shown." if total > shown else ""
    return ScoreResult(
        summary=f"The score is not valid: {counted(total, 'problem')}.{more}",
        next=_explanation(error),
        valid=False,
        job_name="",
        workspace="",
        sheets_total=0,
        max_concurrent=0,
        sheets=[],
        on_end="",
        missing_instruments=[],
        warnings=[],
        problems=problems[:shown],
        **NO_PAGE,
    )


def _explanation(error: ScoreInvalid) -> str:
    """Return the call that explains what most problems are about."""
    topics = [str(problem.get("topic", "")) for problem in error.facts.get("problems", [])]
    return call("describe_score", topic=max(topics, key=topics.count, default=""))


async def _validate(port: JobControl, args: ScoreArgs, _call: Call) -> ScoreResult:
    """Check the score; its problems are a result, not an error of the call. The text of a file comes with both."""
    path, content = one_score(args.config_path, args.config_content)
    lines = 0 if path is None else args.max_lines
    try:
        found = await port.check(CheckParams(path, content, offset=args.offset, max_lines=lines))
    except ScoreInvalid as error:
        text = error.facts.pop("text", None)
        return await _with_text(_invalid(error), text and ScoreText.model_validate(text), args)
    return await _with_text(_valid(found.plan, args), found.text, args)


async def _with_text(result: ScoreResult, text: ScoreText | None, args: ScoreArgs) -> ScoreResult:
    """Return the result with as many lines of the text as fit; without one, the score came with the call."""
    if text is None:
        note = f"{result.summary} The conductor did not show the text." if args.config_path else result.summary
        return result.model_copy(update={"summary": note})

    async def shown(size: int) -> ScoreResult:
        page = page_of(text, size)
        more = {"next": again("validate_score", args, offset=page.following)} if page.following else {}
        return result.model_copy(update={**checked_fields(result, text, page), **more})

    return await fitting(shown, len(text.lines), least=0)


VALIDATE_SCORE = ToolSpec(
    name="validate_score",
    title="Check a score",
    description=(
        "Check a score without running or storing anything. Returns the plan (sheets in order, what each runs and needs, "
        "missing instruments) or every problem with its line and column; with config_path also the text. To run the score use "
        "start_job. "
        'A whole score: "name: ci\nsheets:\n- {name: test, run: make test}\n- {name: pack, run: make dist, needs: [test]}"; '
        "describe_score explains more."
    ),
    risk="read",
    hints=READ,
    arguments=ScoreArgs,
    result=ScoreResult,
    handler=_validate,
)
