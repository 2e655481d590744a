"""How results show a checked plan: its first sheets in order, as many as fit, and missing instruments."""

from itertools import accumulate

from pydantic import BaseModel, ConfigDict

from podium.contract.models import PlanView
from podium.contract.weight import tokens_at_most
from podium_tools.results import NEEDS_SHOWN, Omitted, counted, shortened_text

SHOWN = 50  # sheets listed of a plan
HOLD_CHARS = 100
LISTED_TOKENS = 5_000  # that they cost together


class PlannedSheet(BaseModel):
    """One sheet of a plan; `needs` are the numbers of the first sheets that must complete before it.

    `command` is the beginning of what it runs, a command or a prompt, in one line.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sheet: int  # number of the sheet, from 1
    name: str  # "" if it has only a number
    instrument: str  # the program that plays it
    instrument_found: bool  # that program is installed
    command: Omitted[str]  # the beginning of what it runs
    needs: list[int]  # numbers of the first sheets that must be done before it
    needs_total: int  # how many those are
    hold: Omitted[str]  # what to approve before it runs
    resources: Omitted[str]  # what it needs, after "slurm" if it runs on a cluster


def planned_sheets(plan: PlanView, tokens: int = LISTED_TOKENS) -> list[PlannedSheet]:
    """Return the plan's first sheets, as many as cost at most so many tokens."""
    sheets = [
        PlannedSheet(
            **sheet.model_dump(include={"sheet", "name", "instrument", "instrument_found", "command"}),
            needs=sheet.needs[:NEEDS_SHOWN],
            needs_total=len(sheet.needs),
            hold=shortened_text(sheet.hold, HOLD_CHARS),
            resources=shortened_text(sheet.resources, HOLD_CHARS),
        )
        for sheet in plan.sheets[:SHOWN]
    ]
    costs = accumulate(tokens_at_most(sheet.model_dump_json()) for sheet in sheets)
    return [sheet for sheet, cost in zip(sheets, costs, strict=True) if cost <= tokens]


def missing_instruments(plan: PlanView) -> list[str]:
    """Return the instruments that the plan needs and the conductor cannot find."""
    return sorted({sheet.instrument for sheet in plan.sheets if not sheet.instrument_found})


def sentence(plan: PlanView, tokens: int = LISTED_TOKENS) -> str:
    """Return the plan in words, as "build: 12 sheets, at most 4 at once"; "one after another" if each needs the one before."""
    count = len(planned_sheets(plan, tokens))
    shown = f", of which the first {count} are shown" if len(plan.sheets) > count else ""
    missing = missing_instruments(plan)
    found = f"; instruments not found: {', '.join(missing)}" if missing else ""
    chain = plan.max_concurrent == 1 or all(sheet.sheet - 1 in sheet.needs for sheet in plan.sheets[1:])
    order = ", one after another" if chain else f", at most {plan.max_concurrent} at a time"
    return (
        f"{plan.job_name}: {counted(plan.sheets_total, 'sheet')}{shown}{order if plan.sheets_total > 1 else ''}{found}"
    )
