"""Why a sheet failed for good, and the one remedy that fits: a pure decision over what was observed of its last attempt."""

from collections.abc import Callable
from dataclasses import dataclass

from podium.conductor.rules.healing.completion import note
from podium.conductor.rules.healing.remedies import Remedy
from podium.conductor.rules.verdicts import Verdict
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


@dataclass(frozen=True)
class Diagnosis:
    """The cause, as a code and in one clause, and what could help."""

    cause: str
    text: str
    remedy: Remedy | None = None


def diagnose(case: Case) -> Diagnosis:
    """Return the first finding that fits, the most certain first."""
    findings: tuple[Callable[[Case], Diagnosis | None], ...] = (
        _workspace_missing,
        _time_limit,
        _rate_limit,
        _trouble,
        _folder_missing,
        _unfinished,
        _ended_from_outside,
    )
    found = (finding(case) for finding in findings)
    return next((diagnosis for diagnosis in found if diagnosis is not None), _unknown(case))


def _workspace_missing(case: Case) -> Diagnosis | None:
    if case.workspace not in case.verdict.missing_folders:
        return None
    cause = "workspace_missing"
    remedy = Remedy("make_folders", cause, "creates the workspace again", folders=(case.workspace,))
    return Diagnosis(cause, "the workspace does not exist", remedy)


def _time_limit(case: Case) -> Diagnosis | None:
    if case.verdict.end.reason != "timed_out" or not case.limit_seconds:
        return None
    cause, doubled = "time_limit", case.limit_seconds * 2
    remedy = Remedy("longer_limit", cause, f"doubles the time limit to {doubled:g} s", timeout_seconds=doubled)
    return Diagnosis(cause, f"it did not finish within {case.limit_seconds:g} s", remedy)


def _rate_limit(case: Case) -> Diagnosis | None:
    if case.verdict.trouble != "rate_limit":
        return None
    cause, seconds = "rate_limit", case.verdict.wait_seconds or WAIT_SECONDS
    text = f"{case.instrument} is still rate limited"
    if seconds > LONGEST_WAIT_SECONDS:
        return Diagnosis(cause, f"{text}, for longer than {span(LONGEST_WAIT_SECONDS)}")
    return Diagnosis(cause, text, Remedy("wait", cause, f"waits {span(seconds)}", wait_seconds=seconds))


def _trouble(case: Case) -> Diagnosis | None:
    """Return a trouble that another instrument may not have: this one cannot work, or could not even be started."""
    match case.verdict.trouble:
        case "auth":
            return _to_the_next(case, "not_signed_in", f"{case.instrument} is not signed in")
        case "capacity":
            return _to_the_next(case, "no_capacity", f"{case.instrument} is out of capacity")
        case "missing":
            return _to_the_next(case, "instrument_missing", f"{case.instrument} is not installed")
        case "internal":
            return Diagnosis("internal", "the conductor failed, not the sheet")
    if case.is_agent and case.verdict.end.reason == "launch_failed":
        return _to_the_next(case, "not_started", f"{case.instrument} could not be started")
    return None


def _folder_missing(case: Case) -> Diagnosis | None:
    folders = case.verdict.missing_folders
    if not folders or case.is_agent:  # an agent creates folders itself once it knows what is missing
        return None
    cause, names = "folder_missing", ", ".join(folder.removeprefix(f"{case.workspace}/") for folder in folders[:3])
    return Diagnosis(
        cause, f"missing folder: {names}", Remedy("make_folders", cause, f"creates {names}", folders=folders)
    )


def _unfinished(case: Case) -> Diagnosis | None:
    verdict = case.verdict
    if not case.is_agent or verdict.end.reason not in {"exited", "timed_out"}:
        return None
    cause, text = "unfinished", "runs it again with a note of what is wrong, to complete the work"
    remedy = Remedy("complete", cause, text, note=note(verdict.validations, verdict.message, verdict.tail))
    return Diagnosis(cause, f"{case.instrument} did not complete the task", remedy)


def _ended_from_outside(case: Case) -> Diagnosis | None:
    if case.verdict.end.reason not in {"killed", "lost"}:
        return None
    return _to_the_next(case, "ended_from_outside", "its processes were ended from outside")


def _unknown(case: Case) -> Diagnosis:
    match case.verdict.end.reason:
        case "exited":
            return Diagnosis("script", "the script itself fails")
        case "out_of_memory":
            return Diagnosis("out_of_memory", "it needs more memory than is available")
        case "output_limit":
            return Diagnosis("output_limit", "it writes more output than the limit allows")
        case _:
            return Diagnosis("unknown", "the cause is unknown")


def _to_the_next(case: Case, cause: str, text: str) -> Diagnosis:
    name = case.next_instrument
    return Diagnosis(cause, text, Remedy("next_instrument", cause, f"falls back to {name}") if name else None)
