"""The command lines of Slurm's commands, and the environment that they get. Nothing is run here."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from podium.score.model.plan import Resources
from podium.texts.shown import cut_line

QUEUE_FORMAT = "%A|%F|%K|%T|%r|%N|%P|%S|%j"
"""Job id, array's id, index in it or N/A, state, reason, nodes, partition, (expected) start, name. The name is last, since it may
hold the delimiter; a control character as the delimiter does not come back from every version.
"""
NODES_FORMAT = "%P|%D|%c|%m|%G"
"""Partition, how many nodes are alike, and the CPUs, megabytes and GRES of each."""
TIMES_FORMAT = "%P|%L|%l"
"""Partition, the time of a job that asks for none, and the most that one may ask for."""
ACCOUNT_FORMAT = "JobID,JobIDRaw,State,NodeList,JobName"
MOST_LANES = 500  # of one array; a cluster takes 1,000 unless it says otherwise
MEGABYTE = 1024 * 1024
SWALLOWED = "--no-requeue"  # the word that the last option of a score takes for its value if it was given none
OfLanes = Callable[[Sequence[str]], list[str]]
"""Returns the command that does something to lanes."""
_KEPT = {
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "LD_LIBRARY_PATH",
    "SLURM_CONF",
    "SLURM_CONF_SERVER",
    "SLURM_CLUSTERS",
}
_DROPPED = {
    "SBATCH_ARRAY_INX",
    "SBATCH_WAIT",
    "SBATCH_DEBUG",
}  # of a conductor's own that would change what a submit is
_GIVEN = {"JOB_NAME", "OUTPUT", "ERROR", "EXPORT", "OPEN_MODE", "NO_REQUEUE", "REQUEUE"}  # of each submit
_LONGEST_TOLD = 120  # characters of the variables


def command_environment(environ: Mapping[str, str], search_path: str = "") -> dict[str, str]:
    """Return the environment of every command: nearly empty, since `sbatch --export=ALL` hands its own to the job.

    Naming variables, or none, makes each node read the user's login environment for each job instead, which is slow and may fail.
    """
    kept = {
        name: value
        for name, value in environ.items()
        if name in _KEPT or (name.startswith(("SBATCH_", "SLURM_SACK_")) and name not in _DROPPED)
    }
    return kept | {"SLURM_TIME_FORMAT": "standard"} | ({"PATH": search_path} if search_path else {})


def in_environment(env: Mapping[str, str], argv: Sequence[str]) -> list[str]:
    """Return the command line that runs a command with this environment and nothing of its parent's."""
    return ["env", "-i", *(f"{name}={value}" for name, value in sorted(env.items())), *argv]


@dataclass(frozen=True)
class LaneJob:
    """What a lane is for Slurm. `seconds` is for how long it takes further attempts."""

    name: str
    folder: str  # where it works
    log: str  # what it says itself
    script: str
    arguments: tuple[str, ...]
    resources: Resources
    seconds: float = 0.0


def sbatch(lane: LaneJob, count: int = 1) -> list[str]:
    """Return the command that submits lanes, an array if there are several. What must hold comes last, since the last counts."""
    own = [SWALLOWED, "--parsable", "--no-requeue", "--export=ALL", "--open-mode=append"]
    own += [f"--job-name={lane.name}", f"--output={_literal(lane.log)}", f"--error={_literal(lane.log)}"]
    own += [f"--chdir={lane.folder}", *([f"--array=0-{count - 1}"] if count > 1 else [])]
    return ["sbatch", *needs(lane.resources, lane.seconds), *own, lane.script, *lane.arguments]


def sbatch_test(resources: Resources) -> list[str]:
    """Return the command that asks whether the cluster could ever take a lane for one attempt, and submits nothing.

    Only of a least time that is more than its partition allows does the cluster say so. A QOS may allow more than that.
    """
    limit = resources.time_seconds
    least = [f"--time-min={math.ceil(limit / 60)}"] if limit and not resources.qos else []
    return ["sbatch", *needs(resources, 0), *least, SWALLOWED, "--test-only", "--export=ALL", "--chdir=/", "--wrap=:"]


def needs(resources: Resources, seconds: float) -> list[str]:
    """Return the options that say what an attempt needs, as a lane that takes attempts for so many seconds."""
    limit = resources.time_seconds
    found = {
        "--cpus-per-task": resources.cpus,
        "--mem": f"{math.ceil(resources.memory_bytes / MEGABYTE)}M" if resources.memory_bytes else "",
        "--gres": f"gpu:{resources.gpus}" if resources.gpus else "",
        "--time": math.ceil((limit + seconds) / 60) if limit else "",
        "--nodes": resources.nodes,
        "--partition": resources.partition,
        "--account": resources.account,
        "--qos": resources.qos,
        "--constraint": resources.constraint,
    }
    return [*(f"{option}={value}" for option, value in found.items() if value), *resources.extra]


def from_environment(environ: Mapping[str, str], resources: Resources) -> str:
    """Return the variables that sbatch takes options from which these resources do not name, with their values."""
    # The beginning of an option's name will do, and variables such as SBATCH_TIMELIMIT begin with the name of theirs.
    named = tuple(word[2:].partition("=")[0].upper().replace("-", "_") for word in needs(resources, 0))
    kept = command_environment(environ)
    asked = {name: name.removeprefix("SBATCH_") for name in sorted(kept) if name.startswith("SBATCH_")}
    found = [name for name, option in asked.items() if option not in _GIVEN and not option.startswith(named)]
    return cut_line(", ".join(f"{name}={kept[name]}" for name in found), _LONGEST_TOLD)


def spare_seconds(resources: Resources) -> float:
    """Return for how long a lane can take attempts that has only the time of one, in whole minutes as a cluster counts."""
    return -(resources.time_seconds or 0) % 60


def squeue(user: str) -> list[str]:
    """Return the command that lists all jobs of a user, also those that ended a short time ago, each of an array by itself."""
    return ["squeue", "-h", "-r", "-a", "-t", "all", "-u", user, "-o", QUEUE_FORMAT]


def scancel(lanes: Sequence[str]) -> list[str]:
    """Return the command that ends lanes: TERM, then KILL after the cluster's time.

    It must not be told to end only what is pending: 22.05 then takes the whole array for one index of it.
    """
    return ["scancel", *lanes]


def wake(lanes: Sequence[str]) -> list[str]:
    """Return the command that makes lanes look at once at what is asked of them."""
    return ["scancel", "--batch", "--signal=USR1", *lanes]


def sacct(lanes: Sequence[str], clusters: str = "") -> list[str]:
    """Return the command that asks the accounting about lanes which the queue does not know any more.

    Unlike the other commands it does not read from the environment which clusters are meant.
    """
    where = [f"--clusters={clusters}"] if clusters else []
    return ["sacct", "-n", "-X", "-P", f"--format={ACCOUNT_FORMAT}", *where, f"--jobs={','.join(lanes)}"]


def ping() -> list[str]:
    """Return the command that asks whether the controller answers."""
    return ["scontrol", "ping"]


def version() -> list[str]:
    """Return the command that tells the version."""
    return ["sbatch", "--version"]


def config() -> list[str]:
    """Return the command that tells how the cluster is set up."""
    return ["scontrol", "show", "config"]


def sinfo() -> list[str]:
    """Return the command that lists the partitions: name, availability, nodes, their state, CPUs, megabytes and GRES."""
    return ["sinfo", "-h", "-o", "%P|%a|%D|%T|%c|%m|%G"]


def nodes() -> list[str]:
    """Return the command that lists what the nodes of each partition have, also of those that show themselves to few."""
    return ["sinfo", "-h", "-a", "-e", "-o", NODES_FORMAT]


def times() -> list[str]:
    """Return the command that lists how long jobs may run in each partition."""
    return ["sinfo", "-h", "-a", "-o", TIMES_FORMAT]


def _literal(path: str) -> str:
    """Return a path in which Slurm replaces nothing."""
    # With a backslash anywhere in it nothing is replaced, but each takes away the meaning of the next letter.
    return path.replace("\\", "\\\\") if "\\" in path else path.replace("%", "%%")
