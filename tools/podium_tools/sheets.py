"""A sheet of a job as `get_job` shows it."""

from pydantic import BaseModel, ConfigDict

from podium.contract.models import SheetView
from podium_tools.results import NEEDS_SHOWN, Known, Omitted, failed_validations, shortened_text

REASON_CHARS = 1100  # what a sheet asks an approval of is read as a whole here, wherever else it is cut


class SheetLine(BaseModel):
    """A sheet with its last attempt; what it has none of is left out.

    `duration_seconds` of a running attempt is until now; `instrument` is left out if it is `cli`, `needs_total` if `needs` has
    all; `healing` is the remedy that the conductor tried; `processes_ended` counts the left-over processes of the attempt that
    it ended, and `survivors` are those that it could not end.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sheet: int  # number of the sheet, from 1
    name: str  # "" if it has only a number
    description: Omitted[str]  # as the score describes it
    instrument: Omitted[str]  # the program that plays it, if that is not `cli`
    status: str  # pending, running, waiting, completed, failed, skipped or cancelled
    skip_kind: Omitted[str]  # why it is skipped
    reason: Omitted[str]  # why it is in its state
    waiting_until: Omitted[str]  # when its wait ends: a retry or a rate limit
    needs: Omitted[list[int]]  # numbers of the first sheets that must be done before it
    needs_total: Omitted[int]  # how many those are, if `needs` has not all
    attempts: int  # how often it was started
    never_began: Omitted[int]  # of them, how often it was taken back, or lost its start, before anything of it had run
    exit_code: Known[int]  # of its last attempt
    signal: Known[int]  # that ended its process
    duration_seconds: Known[float]  # of its last attempt, until now if that runs
    place: Omitted[str]  # where it runs, ran or waits, if not on this machine
    failed_validations: Omitted[list[str]]  # of its last attempt, each in a line
    healing: Omitted[str]  # the remedy that the conductor tried
    processes_ended: Omitted[int]  # left-over processes that the conductor ended
    survivors: Omitted[list[str]]  # those that it could not end


def sheet_line(sheet: SheetView) -> SheetLine:
    """Return a sheet's line; of its validations only those that failed."""
    facts = sheet.model_dump(include=set(SheetLine.model_fields) & set(SheetView.model_fields))
    cut = {
        "reason": shortened_text(sheet.reason, REASON_CHARS),
        "description": shortened_text(sheet.description),
        "instrument": sheet.instrument if sheet.instrument != "cli" else "",
        "waiting_until": sheet.waiting_until or "",
        "healing": shortened_text(sheet.healing),
        "place": shortened_text(sheet.place),
        "needs": sheet.needs[:NEEDS_SHOWN],
        "needs_total": len(sheet.needs) if len(sheet.needs) > NEEDS_SHOWN else 0,
        "failed_validations": failed_validations(sheet),
        "survivors": [shortened_text(each.text) for each in sheet.survivors],
    }
    return SheetLine(**{**facts, **cut})
