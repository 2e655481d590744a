"""How an attempt ended: an exit record wins; else what the cluster says of its lane, once it shows no sign of life."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from podium.conductor.engines.port import End, EndReason
from podium.conductor.engines.slurm.answers import Row
from podium.conductor.engines.slurm.counting import NEVER_BEGUN, REASONS
from podium.conductor.engines.slurm.flights import Flight
from podium.contract.models import Survivor
from podium.lane.place import ALIVE_SECONDS, Exit
from podium.texts.shown import cut_line

SILENT_SECONDS = 3 * ALIVE_SECONDS  # without a sign of life
EXPLAINED_SECONDS = 60.0  # within which the cluster says why it ended a lane; it may not answer
VANISHED = Row("", "", "VANISHED", "over")
RECORDED: frozenset[EndReason] = frozenset(
    {
        "exited",
        "timed_out",
        "stale",
        "output_limit",
        "out_of_memory",
        "cancelled",
        "killed",
        "lost",
        "launch_failed",
        "never_started",
    }
)
"""The words of an exit record that mean what they say."""
WORD_CHARS, DETAIL_CHARS = 60, 400
_OF_MEMORY = ("exceeded memory limit", "oom_kill event", "oom-kill event")
LIMIT = "that of its job on the cluster; resources.time in the score asks for more"
MEMORY = "more than its job on the cluster has; resources.memory in the score asks for more"
ADVICE = "`podium doctor --engine slurm` says whether a node sees slurm_folder and has slurm_python"
_LIMITS: Mapping[EndReason, str] = {"timed_out": LIMIT, "out_of_memory": MEMORY}


@dataclass(frozen=True)
class Fate:
    """Why an attempt ended, and more about it in words."""

    reason: EndReason
    detail: str = ""


def fate_of(flight: Flight, row: Row | None, now: float) -> Fate | None:
    """Return why an attempt that a lane has claimed ended, None if it has not, or that cannot be told yet.

    `row` is its lane: None if the cluster has not answered, `VANISHED` if it does not know the lane any more.
    """
    if flight.exit is not None:
        return _recorded(flight, flight.exit, row, now)
    if row is None or row.kind != "over" or now - flight.sign_at <= SILENT_SECONDS:
        return None
    return _by_state(flight, row, "it left no exit record")


def is_unexplained(flight: Flight, now: float) -> bool:
    """Return whether an attempt seems to be over, and only the cluster can say why."""
    if flight.cancelled_at is not None:
        return False
    if flight.exit is None:
        return now - flight.sign_at > SILENT_SECONDS
    return flight.exit.reason not in RECORDED


def _recorded(flight: Flight, end: Exit, row: Row | None, now: float) -> Fate | None:
    if end.reason == "exited" and end.signal is not None:
        return Fate("killed", end.detail)
    for reason in RECORDED:
        if end.reason == reason:
            return Fate(reason, end.detail)
    if flight.cancelled_at is not None:
        return Fate("cancelled", end.detail)
    if row is not None and row.kind == "over" and row is not VANISHED:
        return _by_state(flight, row, end.detail)
    return Fate("killed", end.detail) if now - flight.exit_seen > EXPLAINED_SECONDS else None


def _by_state(flight: Flight, row: Row, words: str) -> Fate:
    """Return what the end of a lane means for the attempt that it played."""
    if flight.cancelled_at is not None:
        return Fate("cancelled")
    if row.lane in flight.pool.cancelled and REASONS.get(row.state, "cancelled_elsewhere") == "cancelled_elsewhere":
        return Fate("lost", f"Slurm job {row.lane} was cancelled as not needed just when it began")
    reason = REASONS.get(row.state)
    if reason is not None:
        return Fate(reason, _LIMITS.get(reason, f"Slurm says {row.state}"))
    if row is VANISHED:
        return Fate("lost", "the cluster does not know its Slurm job any more, and it left no exit record")
    return Fate("killed" if flight.exit else "lost", f"Slurm says {row.state}, and {words or 'not why'}")


def end_of(flight: Flight, fate: Fate, wall: float) -> End:
    """Return the end of an attempt. It is not later than `wall`, the time of this machine's clock. What nodes and the cluster say
    is foreign text.
    """
    record, claim, detail = flight.exit, flight.claim, cut_line(fate.detail, DETAIL_CHARS)
    ended_at = min(wall, flight.exit_at) if record else wall
    where = f"Slurm job {_word(claim.job)} on node {_word(claim.node) or 'unknown'}" if claim else ""
    if record is None:
        return End(flight.spec.key, fate.reason, ended_at=ended_at, detail=detail, place=where)
    return End(
        flight.spec.key,
        fate.reason,
        exit_code=record.code,
        signal=record.signal,
        processes_ended=record.ended,
        ended_at=ended_at,
        detail=detail,
        survivors=tuple(
            Survivor(
                pid=pid, user=_word(user), command=_word(command), why=f"it lives on, on node {_word(record.node)}"
            )
            for pid, user, command in record.left
        ),
        began_at=ended_at - record.seconds,
        place=where,
    )


def _word(text: str) -> str:
    return cut_line(text, WORD_CHARS)


def never_begun(row: Row | None, log: str, folder: str) -> Fate:
    """Return why attempts that wait cannot be started: several lanes have ended without doing anything, `row` the last one."""
    if row is None:
        return Fate("launch_failed", log)
    reason = NEVER_BEGUN.get(row.state, "launch_failed")
    if reason != "launch_failed":
        return Fate(reason, f"Slurm says {row.state} of job {row.lane}, which had not begun anything")
    node = f" on node {row.nodes}" if row.nodes else ""
    what = (
        f"several Slurm jobs in a row ended before they took up anything, the last one {row.lane}{node} ({row.state})"
    )
    guess = f"{row.nodes or 'the node'} may not see {folder}, or not have slurm_python"
    return Fate("launch_failed", f"{what}: {log or guess}; {ADVICE}")


def is_of_memory(said: Iterable[str], lane: str) -> bool:
    """Return whether the cluster said of a lane that it took too much memory, as `StepId=7.batch exceeded ...`."""
    return any(f"StepId={lane}." in line and any(each in line for each in _OF_MEMORY) for line in said)
