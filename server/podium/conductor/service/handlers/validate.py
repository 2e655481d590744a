"""`job.validate`: check a score without running or storing anything."""

from pathlib import Path

from podium.conductor.attempts.workspaces import check_workspace
from podium.conductor.plans import given
from podium.conductor.rules.plans import LoadedPlan
from podium.conductor.service.context import Context
from podium.contract.methods import ScoreParams
from podium.contract.models import PlanView
from podium.contract.replies import Refusal, ValidateReply
from podium.errors import PodiumError
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
    score = await given.read(params, max_bytes=max_bytes, variables=params.variables, workspace=params.workspace)
    prepared = await context.compiler.prepare(score, find, client=peer)
    return plan_view(prepared.loaded.plan, start_sheet=prepared.found, instruments_found=prepared.installed)
