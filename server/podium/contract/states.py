"""Job and sheet states, and the one table of what may be done in each of them.

The store has six job states and durable intents (a pause or a cancel that was requested and has not taken effect yet). A
`Phase` combines the two, and the table is written in phases. Handlers, tools and documentation all read this table.

A queued or running job is `holding` while one of its sheets waits for an approval and others go on. When nothing else can go on
the job is paused. Where the settings say so, a pause suspends what runs (`conductor/rules/transitions/suspensions.py`): the job
is paused when that has happened, and a cancel of it, or a changed score, leads to the same phases as of a running job.
What an approval is and what takes it back: `conductor/rules/transitions/holds.py`.
"""

from dataclasses import dataclass
from typing import Literal, get_args

JobStatus = Literal["queued", "running", "paused", "completed", "failed", "cancelled"]
JobFilter = Literal[
    "any", "active", "waiting", "stuck", "ended", "queued", "running", "paused", "completed", "failed", "cancelled"
]
"""Which jobs a list shows: any; active, that is not ended; waiting: queued, or running without a running sheet (for a retry, a
rate limit, a pause between sheets or a slot); stuck; ended: completed, failed or cancelled; or those of one status.
"""
EndedFilter = Literal["ended", "completed", "failed", "cancelled"]
SkipKind = Literal["", "condition", "before_start", "blocked"]
"""Why a sheet is skipped: its own condition, it stands before `start_sheet`, or a sheet that it needs has failed."""
SheetStatus = Literal["pending", "running", "waiting", "completed", "failed", "skipped", "cancelled"]
Phase = Literal[
    "queued", "running", "holding", "pause_pending", "cancel_pending", "paused", "completed", "failed", "cancelled"
]
Action = Literal["pause", "resume", "modify", "cancel", "delete"]

PHASES: tuple[Phase, ...] = get_args(Phase)
ACTIONS: tuple[Action, ...] = get_args(Action)
TERMINAL: frozenset[str] = frozenset({"completed", "failed", "cancelled"})
PAUSED_ON_REQUEST = (
    "paused on request"  # the reason of such a pause begins with this; a pause at a hold has another one
)
SUSPENDED = "suspended by the pause"  # the reason of such a sheet, whose status stays running


def ended_statuses(status: EndedFilter) -> list[JobStatus]:
    """Return the statuses that a filter of ended jobs stands for."""
    return ["completed", "failed", "cancelled"] if status == "ended" else [status]


@dataclass(frozen=True)
class Rule:
    """One cell of the table: the phase that the action leads to, or why it is refused and what to do instead."""

    to: Phase | None
    why: str
    instead: str = ""

    @property
    def allowed(self) -> bool:
        """Whether the action is possible."""
        return self.to is not None


def _yes(to: Phase, why: str) -> Rule:
    return Rule(to, why)


def _no(why: str, instead: str) -> Rule:
    return Rule(None, why, instead)


_ENDED = {"completed": "it has completed", "failed": "it has failed", "cancelled": "it was cancelled"}
_MADE = "list_artifacts shows the files it created."
_WHY = "explain_job says why."
_ALREADY_CANCELLING = _no(
    "its cancellation was already requested and is in progress", "wait_for_job returns when it has ended."
)
_CANCELLING_FIRST = _no(_ALREADY_CANCELLING.why, "When wait_for_job shows that it has ended, try again.")
_ACTIVE = _no(
    "only completed, failed and cancelled jobs can be deleted; cancel it first",
    "cancel_job ends it; when wait_for_job shows that it has ended, delete_job removes it.",
)

RULES: dict[Action, dict[Phase, Rule]] = {
    "pause": {
        "queued": _yes("paused", "paused at once"),
        "running": _yes("pause_pending", "pauses when the running sheets end"),
        "holding": _yes("pause_pending", "pauses when the running sheets end"),
        "pause_pending": _no(
            "a pause or a changed score is already pending and takes effect when the running sheets end",
            "Call get_job to see whether it has taken effect, or resume_job to withdraw it.",
        ),
        "cancel_pending": _ALREADY_CANCELLING,
        "paused": _no("it is already paused", "It stays paused until you call resume_job."),
        "completed": _no(_ENDED["completed"], _MADE),
        "failed": _no(_ENDED["failed"], _WHY),
        "cancelled": _no(_ENDED["cancelled"], "It stays cancelled until you call resume_job."),
    },
    "resume": {
        "queued": _no("it is already queued to run", "explain_job says what it is waiting for."),
        "running": _no("it is already running", "wait_for_job returns when it has ended."),
        "holding": _yes("running", "approves the sheets that wait for an approval"),
        "pause_pending": _yes("running", "withdraws the pending pause or change"),
        "cancel_pending": _CANCELLING_FIRST,
        "paused": _yes("queued", "continues with the remaining sheets"),
        "completed": _no(
            "every sheet has completed; start a new job to run it again", "start_job runs its score again."
        ),
        "failed": _yes("queued", "keeps the finished sheets and runs the others again"),
        "cancelled": _yes("queued", "keeps the finished sheets and runs the others again"),
    },
    "modify": {
        "queued": _yes("queued", "takes the changed score at once"),
        "running": _yes("pause_pending", "takes the changed score when the running sheets end, then goes on"),
        "holding": _yes("pause_pending", "takes the changed score when the running sheets end, then goes on"),
        "pause_pending": _yes("pause_pending", "takes the changed score when the running sheets end, then goes on"),
        "cancel_pending": _CANCELLING_FIRST,
        "paused": _yes("queued", "takes the changed score and goes on"),
        "completed": _no(
            "every sheet has completed; start a new job with the changed score", "start_job runs the changed score."
        ),
        "failed": _yes("queued", "takes the changed score and runs the sheets that did not finish"),
        "cancelled": _yes("queued", "takes the changed score and runs the sheets that did not finish"),
    },
    "cancel": {
        "queued": _yes("cancelled", "cancelled at once"),
        "running": _yes("cancel_pending", "cancelled when the processes have ended"),
        "holding": _yes("cancel_pending", "cancelled when the processes have ended"),
        "pause_pending": _yes("cancel_pending", "cancelled when the processes have ended"),
        "cancel_pending": _ALREADY_CANCELLING,
        "paused": _yes("cancelled", "cancelled at once"),
        "completed": _no(_ENDED["completed"], _MADE),
        "failed": _no(_ENDED["failed"], _WHY),
        "cancelled": _no("it was already cancelled", "It stays cancelled until you call resume_job."),
    },
    "delete": {
        "queued": _ACTIVE,
        "running": _ACTIVE,
        "holding": _ACTIVE,
        "pause_pending": _ACTIVE,
        "cancel_pending": _no(
            "its processes are still being terminated; delete it once it is cancelled",
            "When wait_for_job shows that it has ended, delete_job removes it.",
        ),
        "paused": _ACTIVE,
        "completed": _yes("completed", "removed with its logs"),
        "failed": _yes("failed", "removed with its logs"),
        "cancelled": _yes("cancelled", "removed with its logs"),
    },
}


def phase_of(
    status: JobStatus, *, pause_requested: bool = False, cancel_requested: bool = False, holding: bool = False
) -> Phase:
    """Combine a status, the intents, and whether sheets wait for an approval into a phase."""
    if status == "running" and cancel_requested:
        return "cancel_pending"
    if status == "running" and pause_requested:
        return "pause_pending"
    return "holding" if holding and status in {"queued", "running"} else status


def rule(action: Action, phase: Phase) -> Rule:
    """Return the table's cell for an action in a phase."""
    return RULES[action][phase]


def allowed_actions(phase: Phase) -> list[Action]:
    """Return the actions that are possible in a phase, in the table's order."""
    return [action for action in ACTIONS if RULES[action][phase].allowed]
