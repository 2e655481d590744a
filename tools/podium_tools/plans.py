"""How a checked plan is shown: its sheets in order, as many as fit, and what is missing."""

from pydantic import BaseModel, ConfigDict

from podium.contract.models import PlanView
from podium_tools.results import counted

SHOWN = 50  # sheets listed of a plan


class PlannedSheet(BaseModel):
    """One sheet of a plan; `needs` are the numbers of the sheets that must complete before it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sheet: int
    name: str
    instrument: str
    instrument_found: bool
    needs: list[int]


def planned_sheets(plan: PlanView) -> list[PlannedSheet]:
    """Return the plan's first sheets."""
    fields = set(PlannedSheet.model_fields)
    return [PlannedSheet(**sheet.model_dump(include=fields)) for sheet in plan.sheets[:SHOWN]]


def missing_instruments(plan: PlanView) -> list[str]:
    """Return the instruments that the plan needs and the conductor does not find."""
    return sorted({sheet.instrument for sheet in plan.sheets if not sheet.instrument_found})


def sentence(plan: PlanView) -> str:
    """Return what the plan is, as "build: 12 sheets, at most 4 at once"."""
    shown = f", of which the first {SHOWN} are shown" if len(plan.sheets) > SHOWN else ""
    missing = missing_instruments(plan)
    found = f"; instruments not found: {', '.join(missing)}" if missing else ""
    return (
        f"{plan.job_name}: {counted(plan.sheets_total, 'sheet')}{shown}, at most {plan.max_concurrent} at once{found}"
    )
