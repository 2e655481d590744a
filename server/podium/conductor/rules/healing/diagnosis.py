"""Why a sheet failed for good, and the one remedy that fits: a pure decision over what was observed of its last attempt."""

from dataclasses import dataclass

from podium.conductor.engines.port import EndReason
from podium.conductor.rules.healing.completion import note
from podium.conductor.rules.healing.remedies import Remedy
from podium.conductor.rules.limits import STILL_LIMITED
from podium.conductor.rules.verdicts import Verdict
from podium.score.model.plan import CLI
from podium.texts.shown import one_line
from podium.times import span

WAIT_SECONDS = 3600.0  # for a rate limit whose end is unknown
LONGEST_WAIT_SECONDS = 24 * 3600.0


@dataclass(frozen=True)
class Case:
    """The facts about the last attempt of a sheet that a remedy depends on."""

    verdict: Verdict
    workspace: str
    instrument: str
    is_agent: bool
    next_instrument: str | None = None  # to which the sheet could fall back
    limit_seconds: float | None = None  # of the attempt
    most_seconds: float | None = None  # what the sheet's resources give to an attempt: its limit cannot be longer


@dataclass(frozen=True)
class Diagnosis:
    """The cause, as a code and in one clause, and what could help."""

    cause: str
    text: str
    remedy: Remedy | None = None


_WITHOUT_REMEDY: dict[EndReason, Diagnosis] = {
    "exited": Diagnosis("script", "the script itself failed"),
    "timed_out": Diagnosis("time_limit", "it did not finish within the time that the cluster gives it"),
    "out_of_memory": Diagnosis("out_of_memory", "it needs more memory than is available"),
    "stale": Diagnosis("stale", "it stopped writing output"),
    "output_limit": Diagnosis("output_limit", "it writes more output than the limit allows"),
}
_OF_A_CLUSTER: dict[EndReason, Diagnosis] = {  # what it left behind is not why it ended
    "node_failed": Diagnosis("node_failed", "the node of the cluster on which it ran went down"),
    "preempted": Diagnosis(
        "preempted", "the cluster ended it in favour of another job: another partition or QOS may not"
    ),
    "cancelled_elsewhere": Diagnosis("cancelled_elsewhere", "somebody cancelled it on the cluster"),
    "deadline": Diagnosis("deadline", "the cluster could not finish it before the deadline of its job"),
    "refused": Diagnosis("refused", "the cluster does not allow what the sheet asks for: correct its resources"),
    "boot_failed": Diagnosis("not_begun", "the cluster's nodes do not come up"),
    "never_started": Diagnosis("not_begun", "the cluster does not begin it"),
}


def diagnose(case: Case) -> Diagnosis:
    """Return the first finding that fits, the most certain first."""
    verdict, folders, end = case.verdict, case.verdict.missing_folders, case.verdict.end.reason
    if end in _OF_A_CLUSTER:
        return _OF_A_CLUSTER[end]
    if case.workspace in folders:
        cause = "workspace_missing"
        remedy = Remedy("make_folders", cause, "creates the workspace again", folders=(case.workspace,))
        return Diagnosis(cause, "the workspace does not exist", remedy)
    if end == "timed_out" and case.limit_seconds:
        return _out_of_time(case, case.limit_seconds)
    if verdict.trouble or (case.is_agent and end == "launch_failed"):
        return _in_trouble(case)
    if folders and not case.is_agent:  # an agent creates folders itself once it knows what is missing
        # The job's output may have named them: its text is quoted, and said to be that.
        cause, quoted = (
            "folder_missing",
            [one_line(folder.removeprefix(f"{case.workspace}/")) for folder in folders[:3]],
        )
        names = f"{', '.join(quoted)} (named by the job)"
        remedy = Remedy("make_folders", cause, f"creates {names}", folders=folders)
        return Diagnosis(cause, f"missing folder: {names}", remedy)
    if case.is_agent and end in {"exited", "timed_out", "stale"}:
        cause, text = "unfinished", "runs it again with a note about what is wrong, to complete the work"
        remedy = Remedy("complete", cause, text, note=note(verdict.validations, verdict.message, verdict.tail))
        return Diagnosis(cause, f"{case.instrument} did not complete the task", remedy)
    if end in {"killed", "lost"}:
        return _to_the_next(case, "ended_from_outside", "its processes were ended by something outside Podium")
    return _WITHOUT_REMEDY.get(end, Diagnosis("unknown", "the cause is unknown"))


def _out_of_time(case: Case, limit: float) -> Diagnosis:
    """Return that it needs longer; twice as long may help, as far as its resources give it so much time."""
    cause, text = "time_limit", f"it did not finish within {span(limit)}"
    longer = min(limit * 2, case.most_seconds or limit * 2)
    if longer <= limit:
        return Diagnosis(cause, f"{text}, the time that its resources give it")
    does = f"doubles the time limit to {span(longer)}"
    if longer < limit * 2:
        does = f"raises the time limit to {span(longer)}, which is the time in its resources"
    return Diagnosis(cause, text, Remedy("longer_limit", cause, does, timeout_seconds=longer))


def _in_trouble(case: Case) -> Diagnosis:
    """Return why this instrument cannot work, or could not even be started; another one may not have that trouble."""
    match case.verdict.trouble:
        case "rate_limit":
            cause, seconds = "rate_limit", case.verdict.wait_seconds or WAIT_SECONDS
            text = f"{case.instrument} {STILL_LIMITED}"
            if seconds > LONGEST_WAIT_SECONDS:
                return Diagnosis(cause, f"{text}, for longer than {span(LONGEST_WAIT_SECONDS)}")
            return Diagnosis(cause, text, Remedy("wait", cause, f"waits {span(seconds)}", wait_seconds=seconds))
        case "auth":
            return _to_the_next(case, "not_signed_in", f"{case.instrument} is not signed in")
        case "capacity":
            return _to_the_next(case, "no_capacity", f"{case.instrument} is out of capacity")
        case "missing":
            what = case.instrument if case.instrument != CLI else "the program of its #! line"
            return _to_the_next(case, "instrument_missing", f"{what} is not installed")
        case "internal":
            return Diagnosis("internal", "the conductor failed, not the sheet")
        case "unjudged":
            return Diagnosis("unjudged", "its skip_when_command gives no answer")
        case "":
            return _to_the_next(case, "not_started", f"{case.instrument} could not be started")


def _to_the_next(case: Case, cause: str, text: str) -> Diagnosis:
    name = case.next_instrument
    return Diagnosis(cause, text, Remedy("next_instrument", cause, f"falls back to {name}") if name else None)
