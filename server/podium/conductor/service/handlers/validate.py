"""`job.validate`: check a score without running or storing anything."""

from collections.abc import Collection
from pathlib import Path

from podium.conductor.attempts.workspaces import check_workspace
from podium.conductor.plans import given
from podium.conductor.plans.approvals import hidden
from podium.conductor.plans.compiling import commands
from podium.conductor.plans.given import GivenScore
from podium.conductor.rules.plans import LoadedPlan
from podium.conductor.service import fitting
from podium.conductor.service.context import Context
from podium.conductor.service.handlers.score import page
from podium.contract.methods import ScoreParams
from podium.contract.models import PlanView
from podium.contract.replies import Refusal
from podium.contract.score_text import CheckParams, CheckReply, ScoreText
from podium.errors import PodiumError, ScoreInvalid
from podium.score.model.plan import Plan
from podium.score.model.view import plan_view
from podium.wire.dispatcher import Peer


async def handle(context: Context, params: CheckParams, peer: Peer) -> CheckReply | Refusal:
    """Answer the plan, or every problem; with either the text of a score that came by its path."""
    score = None
    try:
        score = await _read(context, params)
        view = await planned(context, params, score, peer, is_start=False)
    except PodiumError as error:
        text = await _text(context, params, score, peer) if isinstance(error, ScoreInvalid) else None
        shown = {} if text is None else {"text": text.model_dump()}
        return Refusal(valid=False, code=error.code, message=error.message, fix=error.fix, **error.facts, **shown)
    return CheckReply(valid=True, plan=view, text=await _text(context, params, score, peer))


async def _read(context: Context, params: ScoreParams) -> GivenScore:
    return await given.read(
        params,
        max_bytes=context.settings.max_score_bytes,
        variables=params.variables,
        workspace=params.workspace,
        passed=params.environment,
    )


async def _text(context: Context, params: CheckParams, score: GivenScore | None, peer: Peer) -> ScoreText | None:
    """Return the lines that were asked for, if the score came by its path. The conductor's own secrets are known here."""
    if score is None or score.path is None or not params.max_lines:
        return None
    try:
        return await page(context, score.text, params.offset, params.max_lines, context.values.own.masker, peer)
    except ScoreInvalid:  # the reader could not: the answer says what is wrong with the score
        return None


async def planned(context: Context, params: ScoreParams, score: GivenScore, peer: Peer, *, is_start: bool) -> PlanView:
    """Return what a submit of this score would run. Raises as `Compiler.prepare`.

    That the cluster would never take it ends a start as it would end a submit. A score that is only checked may be meant for
    another conductor: there it is a warning.

    Raises:
        SubmitRejected: the cluster would never take some of its sheets.
    """

    def find(loaded: LoadedPlan) -> int:
        if loaded.plan.workspace is not None:
            check_workspace(Path(loaded.plan.workspace))
        return loaded.sheet_number(params.start_sheet) or 1

    prepared = await context.compiler.prepare(score, find, client=peer)
    plan = prepared.loaded.plan
    unfit = await fitting.refusal(context, prepared.loaded, score.text)
    if unfit is not None and is_start:
        raise unfit
    known = await context.values.of("", prepared.loaded)
    notes = [*known.missing(plan), *_passed_on(plan, params.environment)]
    notes += [f"a start would be refused: {unfit.message}"] if unfit is not None else []
    shown = hidden(prepared.loaded, known.masker, score.text).plan
    view = plan_view(shown, start_sheet=prepared.found, instruments_found=prepared.installed)
    warnings = [known.masker(each) for each in (*view.warnings, *notes)]
    run = await commands(context.reader, plan, known.masker.secrets, client=peer)
    sheets = [each.model_copy(update={"command": line}) for each, line in zip(view.sheets, run.lines, strict=False)]
    changes = {"warnings": warnings, "sheets": [*sheets, *view.sheets[len(sheets) :]], "on_end": run.on_end}
    return view.model_copy(update=changes)


def _passed_on(plan: Plan, given: Collection[str]) -> list[str]:
    """Return a note of what a start has to bring along."""
    names = ", ".join(name for name in plan.env_pass if name not in given)
    if not names:
        return []
    return [
        f"env_pass: the start takes {names} from its caller's environment (podium run or podium serve), and fails without."
    ]
