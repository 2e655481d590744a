"""What a plan would run, for people and tools."""

from collections.abc import Collection

from podium.contract.models import PlanSheetView, PlanView
from podium.score.model.plan import Plan
from podium.score.model.resources import in_words


def plan_view(plan: Plan, *, start_sheet: int = 1, instruments_found: Collection[str]) -> PlanView:
    """Return the view of a plan; sheets before `start_sheet`, which is one of its own, count as satisfied: a warning says so.

    Of sheets on a cluster no instrument is said to be missing: it has to be on their nodes.
    """
    warnings = list(plan.warnings)
    if start_sheet > 1:
        first, last = plan.sheet(1).label, plan.sheet(start_sheet - 1).label
        which = f"Sheet {first} does" if start_sheet == 2 else f"Sheets {first} to {last} do"
        warnings.append(f"{which} not run: the files from an earlier run must already be in the workspace.")
    sheets = [
        PlanSheetView(
            sheet=sheet.num,
            name=sheet.name,
            instrument=sheet.instrument,
            instrument_found=sheet.on_cluster or sheet.instrument in instruments_found,
            fallbacks=list(sheet.instruments[1:]),
            needs=list(sheet.needs),
            validations=len(sheet.validations),
            max_retries=plan.retries[sheet.retry].max_retries,
            satisfied=sheet.num < start_sheet,
            hold=sheet.hold,
            resources=in_words(sheet.engine, plan.resources[sheet.resources]),
        )
        for sheet in plan.sheets
    ]
    return PlanView(
        job_name=plan.name,
        workspace=plan.workspace or "",
        sheets_total=len(plan.sheets),
        max_concurrent=plan.max_concurrent,
        sheets=sheets,
        warnings=warnings,
    )
