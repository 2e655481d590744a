"""`job.validate`: check a score, run nothing, store nothing."""

from pathlib import Path
from typing import Any

from podium.conductor.attempts.workspaces import check_workspace
from podium.conductor.plans import given as scores
from podium.conductor.plans.given import sheet_number
from podium.conductor.rules.state import LoadedPlan
from podium.conductor.service.context import Context
from podium.contract.methods import ScoreParams
from podium.contract.models import PlanView
from podium.errors import PodiumError
from podium.score.model.view import plan_view
from podium.wire.dispatcher import Peer


async def handle(context: Context, params: ScoreParams, peer: Peer) -> dict[str, Any]:
    """Answer the plan, or every problem."""
    try:
        view = await planned(context, params)
    except PodiumError as error:
        return scores.problem_reply(error)
    return {"valid": True, "plan": view.model_dump()}


async def planned(context: Context, params: ScoreParams) -> PlanView:
    """Return what a submit of this score would run.

    Raises:
        PodiumError: as `scores.read` and `scores.prepare`.
    """

    def find(loaded: LoadedPlan) -> int:
        if loaded.plan.workspace is not None:
            check_workspace(Path(loaded.plan.workspace))
        return sheet_number(loaded, params.start_sheet) or 1

    given = await scores.read(context, params)
    prepared = await scores.prepare(
        context, params, given, variables=params.variables, workspace=params.workspace, find=find
    )
    return plan_view(prepared.loaded.plan, start_sheet=prepared.found, instruments_found=prepared.installed)
