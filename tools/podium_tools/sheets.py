"""A sheet of a job as `get_job` shows it."""

from pydantic import BaseModel, ConfigDict

from podium.contract.models import SheetView
from podium_tools.results import NEEDS_SHOWN, Known, Omitted, failed_validations, shortened_text


class SheetLine(BaseModel):
    """A sheet with its last attempt; what it has none of is left out.

    `duration_seconds` of a running attempt is until now; `instrument` is left out if it is `cli`, `needs_total` if `needs` has
    all; `healing` is the remedy that the conductor tried; `processes_ended` counts the left-over processes of the attempt that
    it ended, and `survivors` are those that it could not end.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sheet: int
    name: str
    description: Omitted[str]
    instrument: Omitted[str]
    status: str
    skip_kind: Omitted[str]
    reason: Omitted[str]
    waiting_until: Omitted[str]
    needs: Omitted[list[int]]
    needs_total: Omitted[int]
    attempts: int
    exit_code: Known[int]
    signal: Known[int]
    duration_seconds: Known[float]
    failed_validations: Omitted[list[str]]
    healing: Omitted[str]
    processes_ended: Omitted[int]
    survivors: Omitted[list[str]]


def sheet_line(sheet: SheetView) -> SheetLine:
    """Return a sheet's line; of its validations only those that failed."""
    facts = sheet.model_dump(include=set(SheetLine.model_fields) & set(SheetView.model_fields))
    cut = {
        "reason": shortened_text(sheet.reason),
        "description": shortened_text(sheet.description),
        "instrument": sheet.instrument if sheet.instrument != "cli" else "",
        "waiting_until": sheet.waiting_until or "",
        "healing": shortened_text(sheet.healing),
        "needs": sheet.needs[:NEEDS_SHOWN],
        "needs_total": len(sheet.needs) if len(sheet.needs) > NEEDS_SHOWN else 0,
        "failed_validations": failed_validations(sheet),
        "survivors": [shortened_text(each.text) for each in sheet.survivors],
    }
    return SheetLine(**{**facts, **cut})
