"""What Slurm's commands answer: states, the rows of the queue, and which words of a refusal mean what."""

import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from podium.conductor.processes.run import CANNOT_RUN, NOT_FOUND
from podium.texts.shown import cut_line

Kind = Literal["pending", "running", "suspended", "ending", "over"]

STATES: Mapping[str, Kind] = {
    "PENDING": "pending",
    "CONFIGURING": "pending",
    "REQUEUED": "pending",
    "REQUEUE_HOLD": "pending",
    "REQUEUE_FED": "pending",
    "RESV_DEL_HOLD": "pending",
    "SPECIAL_EXIT": "pending",
    "POWER_UP_NODE": "pending",
    "RUNNING": "running",
    "RESIZING": "running",
    "SIGNALING": "running",
    "EXPEDITING": "pending",
    "UPDATE_DB": "running",
    "STAGE_OUT": "ending",
    "COMPLETING": "ending",
    "SUSPENDED": "suspended",
    "STOPPED": "suspended",
    "BOOT_FAIL": "over",
    "CANCELLED": "over",
    "COMPLETED": "over",
    "DEADLINE": "over",
    "FAILED": "over",
    "LAUNCH_FAILED": "over",
    "NODE_FAIL": "over",
    "OUT_OF_MEMORY": "over",
    "PREEMPTED": "over",
    "RECONFIG_FAIL": "over",
    "REVOKED": "over",
    "TIMEOUT": "over",
}
"""Every state that a version from 20.11 to 25.11 tells, and what it means for a lane."""


@dataclass(frozen=True)
class Row:
    """A job of the queue. `lane` is its id, with the index if it is one of an array, as `squeue` shows and `scancel` takes it.

    `number` is the id that the job itself knows; of one of an array that is pending it is the array's.
    """

    lane: str
    number: str
    state: str
    kind: Kind
    reason: str = ""
    nodes: str = ""
    partition: str = ""
    start: float | None = None  # seconds since the epoch; expected, while it is pending
    name: str = ""


def read_queue(text: str, prefix: str) -> dict[str, Row] | None:
    """Return the rows of `squeue` whose names begin with `prefix`, by lane; None if the answer cannot be believed.

    Jobs of others may have any name; a line that says nothing is ignored unless it is about one of ours.
    """
    rows: dict[str, Row] = {}
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith(("CLUSTER: ", "squeue: "))]
    read = 0
    for line in lines:
        row = _row(line)
        read += row is not None
        if row is None and prefix in line:
            return None
        if row is not None and row.name.startswith(prefix):
            rows[row.lane] = row
    return None if lines and not read else rows


def _row(line: str) -> Row | None:
    parts = line.split("|", 8)
    if len(parts) < 9 or not parts[0].isdecimal() or not parts[1].isdecimal() or parts[3] not in STATES:
        return None
    number, array, index, state, reason, nodes, partition, start, name = parts
    lane = f"{array}_{index}" if index.isdecimal() else number
    return Row(lane, number, state, STATES[state], _known(reason), _known(nodes), partition, moment(start), name)


def _known(word: str) -> str:
    return "" if word in {"None", "(null)", "N/A", "None assigned"} else word


@lru_cache(4096)
def moment(text: str) -> float | None:
    """Return a time of Slurm's in seconds since the epoch, None if it is none."""
    try:
        return time.mktime(time.strptime(text, "%Y-%m-%dT%H:%M:%S"))
    except (ValueError, OverflowError):
        return None


def read_account(text: str) -> dict[str, Row]:
    """Return what `sacct` knows, by lane. A state of it may go on, as in `CANCELLED by 1000`."""
    rows: dict[str, Row] = {}
    for line in text.splitlines():
        parts = line.split("|", 4)
        state = parts[2].split(" ")[0] if len(parts) == 5 else ""
        if state in STATES:
            rows[parts[0]] = Row(parts[0], parts[1], state, STATES[state], nodes=_known(parts[3]), name=parts[4])
    return rows


# -- what a submit came to -----------------------------------------------------------------------------------------

Outcome = Literal["submitted", "refused", "no_array", "too_many", "not_now", "unclear", "unknown"]
_ID = re.compile(r"(\d+)(?:;\S*)?")
_UNKNOWN = (
    "Socket timed out",
    "Zero Bytes were transmitted",
    "Message receive failure",
    "Unexpected message",
    "Communication connection failure",
    "Error receiving",
)
_NOT_NOW = (
    "Unable to contact slurm controller",
    "temporarily una",  # unable to accept it, or unavailable
    "not available now",
    "not usable now",
    "Requested reservation is in use",
    "maintenance reservation",
    "Required node not available",
    "Requested nodes are busy",
    "usage threshold",  # of a QOS: usage is forgotten with time
    "try again",
    "standby mode",
    "I/O error writing",  # the disk of slurmctld is full
    "Unable to open file",  # the shared folder is away
    "failed to fetch config",  # of a cluster whose controller gives it
    "configuration source",
    "Required partition not available",  # its state is "drain" or "inactive", which administrators set and take back
)
_TOO_MANY = ("SubmitJob", "SubmitLimit")  # jobs of a user, an account or a QOS; all of an array count, so fewer may fit
_LIMIT = ("job submit limit",)  # without the name of a limit: it may be one of submits
_NO_ARRAY = ("Invalid job array specification", "Invalid array specification", "Job array index")
UNAVAILABLE = "Requested node configuration is not available"
"""Said of what no node has; by `--test-only` also while all nodes that have it are down or drained: a submit is taken then, and
waits.
"""
NO_PARTITION, NO_GRES = "Invalid partition", "Invalid generic resource"
_NEVER = (
    NO_PARTITION,
    "invalid partition",
    "Invalid account",
    "Invalid qos",
    "Invalid feature",
    NO_GRES,
    "Invalid Trackable RESource",
    "Invalid license",
    "Invalid job credential",
    "Invalid node name",
    "Invalid wckey",
    UNAVAILABLE,
    "Requested time limit is invalid",
    "Requested reservation is invalid",
    "Access denied",
    "No partition specified",
    "not in this partition",
    "not supported",
    "can not be satisfied",
    "cannot be satisfied",
    "Node count specification invalid",
    "More processors requested than permitted",
    "Access/permission denied",
    "not permitted to use this",
    "not allowed to",
    "Invalid user",
    "Invalid group",
    "User account not permitted",
    # Limits that one job exceeds by itself: a QOS with the flag DenyOnLimit refuses it. Others let it wait in the queue.
    "PerJob",
    "PerUser",
    "PerAccount",
    "PerNode",
    "QOSMin",
    "QOSGrp",
    "AssocGrp",
    "NotSatisfied",
    "WallDuration",
    "specification",
    "unrecognized option",
    "invalid option",
    "requires an argument",
    "ambiguous",
)
_LONGEST_WORDS = 400
_PLAIN = {
    "Invalid time-min specification (exceeds job's time or other limits)": "it asks for more time than its partition allows",
}
"""What is about an option that we added, and would say nothing to who wrote the score."""


@dataclass(frozen=True)
class Submitted:
    """What a submit came to, with the cluster's words, or the id of what was submitted."""

    outcome: Outcome
    words: str = ""
    number: str = ""

    @property
    def may_be_refusal(self) -> bool:
        """Whether the cluster refuses, or says what nobody knows: later it may be no different."""
        return self.outcome in {"refused", "unclear"}


def read_submit(exit_code: int, text: str, *, timed_out: bool = False) -> Submitted:
    """Return what a submit came to.

    `unknown`: there may or may not be new lanes, which their name tells. `unclear`: there are none, in words of which nobody
    knows whether they are a refusal.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    words = say(lines)
    if exit_code == 0 and not timed_out:
        found = next((match for line in reversed(lines) if (match := _ID.fullmatch(line))), None)
        return (
            Submitted("submitted", number=found[1]) if found else Submitted("unknown", words or "sbatch said nothing")
        )
    if timed_out or exit_code < 0 or any(each in text for each in _UNKNOWN):
        return Submitted("unknown", words or "sbatch did not answer")
    for outcome, phrases in _ORDER:
        if any(each in text for each in phrases):
            return Submitted(outcome, words)
    outcome = "not_now" if exit_code in {CANNOT_RUN, NOT_FOUND} or not words else "unclear"
    return Submitted(outcome, words or f"sbatch ended with exit code {exit_code}")


_ORDER: tuple[tuple[Outcome, tuple[str, ...]], ...] = (
    ("no_array", _NO_ARRAY),
    ("too_many", _TOO_MANY),
    ("not_now", _NOT_NOW),
    ("refused", _NEVER),
    ("too_many", _LIMIT),
)


def read_test(exit_code: int, text: str, *, timed_out: bool = False) -> str:
    """Return why the cluster would never take what `sbatch --test-only` asked, "" if it would, or does not say."""
    if exit_code == 0 or timed_out:
        return ""
    return submit.words if (submit := read_submit(exit_code, text)).outcome == "refused" else ""


def say(lines: Iterable[str]) -> str:
    """Return what a command wrote as one clean line, without the repeated names of the command and of the error."""
    said: list[str] = []
    for line in lines:
        if line.startswith('Try "'):  # its own help, which nobody can ask for here
            continue
        plain = re.sub(
            r"^(sbatch|squeue|scancel|sacct|scontrol|slurm_\w+|allocation failure)( error)?: ", "", line.strip()
        )
        plain = re.sub(r"^(error|fatal|Batch job submission failed): ", "", plain)
        plain = re.sub(r"^Batch job submission failed: ", "", plain)
        if plain and plain not in said:
            said.append(_PLAIN.get(plain, plain))
    return cut_line("; ".join(said), _LONGEST_WORDS)


def read_config(text: str) -> dict[str, str]:
    """Return what `scontrol show config` says, by name."""
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line)
    return {name.strip(): value.strip() for name, value in pairs}
