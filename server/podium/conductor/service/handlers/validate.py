"""`job.validate`: check a score without running or storing anything."""

from collections.abc import Collection
from pathlib import Path

from podium.conductor.attempts.workspaces import check_workspace
from podium.conductor.plans import given
from podium.conductor.plans.approvals import hidden
from podium.conductor.rules.plans import LoadedPlan
from podium.conductor.service.context import Context
from podium.contract.methods import ScoreParams
from podium.contract.models import PlanView
from podium.contract.replies import Refusal, ValidateReply
from podium.errors import PodiumError
from podium.score.model.plan import Plan
from podium.score.model.view import plan_view
from podium.wire.dispatcher import Peer


async def handle(context: Context, params: ScoreParams, peer: Peer) -> ValidateReply | Refusal:
    """Answer the plan, or every problem."""
    try:
        view = await planned(context, params, peer)
    except PodiumError as error:
        return Refusal(valid=False, code=error.code, message=error.message, fix=error.fix, **error.facts)
    return ValidateReply(valid=True, plan=view)


async def planned(context: Context, params: ScoreParams, peer: Peer) -> PlanView:
    """Return what a submit of this score would run.

    Raises:
        PodiumError: see `given.read` and `Compiler.prepare`.
    """

    def find(loaded: LoadedPlan) -> int:
        if loaded.plan.workspace is not None:
            check_workspace(Path(loaded.plan.workspace))
        return loaded.sheet_number(params.start_sheet) or 1

    max_bytes = context.settings.max_score_bytes
    score = await given.read(
        params, max_bytes=max_bytes, variables=params.variables, workspace=params.workspace, passed=params.environment
    )
    prepared = await context.compiler.prepare(score, find, client=peer)
    plan = prepared.loaded.plan
    known = await context.values.of("", prepared.loaded)
    notes = [*known.missing(plan), *_passed_on(plan, params.environment)]
    shown = hidden(prepared.loaded, known.masker, score.text).plan
    view = plan_view(shown, start_sheet=prepared.found, instruments_found=prepared.installed)
    return view.model_copy(update={"warnings": [known.masker(each) for each in (*view.warnings, *notes)]})


def _passed_on(plan: Plan, given: Collection[str]) -> list[str]:
    """Return a note of what a start has to bring along."""
    names = ", ".join(name for name in plan.env_pass if name not in given)
    if not names:
        return []
    return [
        f"env_pass: the start takes {names} from its caller's environment (podium run or podium serve), and fails without."
    ]
