"""Why a job of a Marianne conductor is in its state: one reason for all tools, from its list entry and its sheets."""

from collections.abc import Sequence

from podium.client.marianne.messages import is_about_a_score, plain
from podium.client.marianne.replies import JobState
from podium.client.marianne.words import job_status
from podium.contract.models import SheetView
from podium.texts.shown import one_line

CUT_OFF = "it was running when the job ended"
FERMATA = "it needs a decision that this conductor has no call for: pause the job and resume it, or cancel it"
SURVIVORS = "processes of the earlier run may still be alive, and a resume runs their sheets again beside them"
_ENDED_WITH_ITS_CONDUCTOR = "Daemon restarted while job was active"
_LOST = "its conductor ended before the job had begun, and nothing is left to go on with: start the score again"
_NO_REASON = "no sheet has failed, and this conductor gives no reason: it may not be able to use the job's score"
_PAUSED = "paused on request, or by this conductor itself under load"
_LABELS = 10
_UNFINISHED = frozenset({"pending", "running", "waiting", "cancelled"})
_PLAIN = {
    "queued": "queued behind other jobs, or about to start",
    "completed": "every sheet has completed",
    "cancelled": "cancelled",
}


def reason(entry: JobState, sheets: Sequence[SheetView]) -> str:
    """Return the reason of a job; `sheets` are none if its status object is not known."""
    match job_status(entry):
        case "failed":
            return _of_a_failure(entry, sheets)
        case "paused":
            return _of_a_pause(sheets)
        case "running":
            held = undecided(sheets)
            return "" if held is None else f"sheet {held.sheet}: {FERMATA}"
        case status:
            return _PLAIN.get(status, "")


def goes_on(sheets: Sequence[SheetView]) -> bool:
    """Whether a failed job goes on when it is resumed: a failed sheet stays failed, and without sheets there is nothing left."""
    states = {sheet.status for sheet in sheets}
    return "failed" not in states and not _UNFINISHED.isdisjoint(states)


def undecided(sheets: Sequence[SheetView]) -> SheetView | None:
    """Return the first sheet that waits for a decision, for which nobody can be asked."""
    return next((sheet for sheet in sheets if sheet.reason.endswith(FERMATA)), None)


def ended_with_its_conductor(entry: JobState) -> bool:
    """Whether the conductor was once killed while the job was active: that stays in the job's entry."""
    return entry.error_message == _ENDED_WITH_ITS_CONDUCTOR


def error_text(message: str | None) -> str:
    """Return an error of that conductor, "" for none. What a job wrote may stand in it: it is quoted, and said to be that."""
    return f"error text (may be the job's): {one_line(message)}" if message else ""


def _of_a_failure(entry: JobState, sheets: Sequence[SheetView]) -> str:
    """Return that of its first failed sheet, else its own: an error of an earlier end stays in the entry."""
    failed = [sheet for sheet in sheets if sheet.status == "failed"]
    if failed:
        told = next((sheet for sheet in failed if sheet.reason), None)
        return f"sheet {told.sheet}: {told.reason}" if told else f"sheet {failed[0].sheet} failed"
    message = entry.error_message or ""
    if ended_with_its_conductor(entry):
        return f"its conductor ended while the job was active; {SURVIVORS}" if goes_on(sheets) else _LOST
    return plain(message) if is_about_a_score(message) else error_text(message) or _NO_REASON


def _of_a_pause(sheets: Sequence[SheetView]) -> str:
    """Return what a running sheet of a paused job means: that conductor pauses at once, and lets it run on."""
    running = [str(sheet.sheet) for sheet in sheets if sheet.status == "running"]
    if not running:
        return _PAUSED
    last = all(sheet.status in {"running", "completed", "skipped"} for sheet in sheets)
    then = ", the last of the job, which then completes by itself" if last else ""
    again = "a resume before that kills what runs and starts it again from the beginning"
    return f"{_PAUSED}, still running: sheet {few(running)}{then}; {again}"


def few(labels: Sequence[str]) -> str:
    """Return the first labels, and how many more there are."""
    more = len(labels) - _LABELS
    return ", ".join([*labels[:_LABELS], *([f"and {more} more"] if more > 0 else [])])
