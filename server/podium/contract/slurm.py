"""Why Slurm lets a job wait: its reasons in plain words, with what can be done. One table for `explain_job` and its page."""

import re
from typing import NamedTuple


class Waits(NamedTuple):
    """What a reason means, and what can be done about it; "" if there is nothing but to wait."""

    means: str
    do: str = ""


_CORRECT = "correct its resources with modify_job"
_ASK = "ask the cluster's administrators"
_RELEASE = "release it: scontrol release ID"
REASONS: dict[str, Waits] = {
    "Priority": Waits("jobs with a higher priority are before it"),
    "Resources": Waits("it is next, and waits until enough of the cluster is free"),
    "None": Waits("Slurm has not looked at it yet"),
    "BeginTime": Waits("it may begin only later: Slurm puts off a job that it could not start"),
    "Dependency": Waits("it waits for another Slurm job"),
    "PartitionTimeLimit": Waits("it asks for more time than its partition allows", f"{_CORRECT}: a shorter time"),
    "PartitionNodeLimit": Waits(
        "it asks for more nodes than its partition has or allows", f"{_CORRECT}, or wait for nodes"
    ),
    "PartitionConfig": Waits(
        "no node of its partition has what it asks for",
        f"{_CORRECT}: its cpus, memory, gpus, nodes or partition",
    ),
    "PartitionDown": Waits("its partition takes no jobs now", "name another partition, or wait"),
    "PartitionInactive": Waits("its partition starts no jobs now", "name another partition, or wait"),
    "Required partition not available": Waits(
        "its partition takes no jobs now, and Podium asks it again, less and less often",
        "name another partition, or wait",
    ),
    "ReqNodeNotAvail": Waits("the nodes that it needs are down, drained or reserved", f"{_ASK}, or wait"),
    "Nodes required for job are DOWN": Waits(
        "the nodes that it needs are down, drained or reserved", f"{_ASK}, or wait"
    ),
    "NodeDown": Waits("a node that it needs is down", f"{_ASK}, or wait"),
    "Reservation": Waits("it waits for a reservation"),
    "BadConstraints": Waits("no node has what it asks for", f"{_CORRECT}: its constraint, cpus, memory or gpus"),
    "InvalidAccount": Waits("its account is not valid", f"{_CORRECT}: another account"),
    "InvalidQOS": Waits("its QOS is not valid", f"{_CORRECT}: another qos"),
    "Licenses": Waits("it waits for a licence"),
    "JobHeldUser": Waits("it was held by its own user", _RELEASE),
    "JobHeldAdmin": Waits("it was held by an administrator", _ASK),
    "launch failed requeued held": Waits(
        "a node could not start it, so Slurm holds it", f"{_RELEASE}, or cancel the job"
    ),
    "QOSMax...PerUser...": Waits(
        "its QOS allows its user no more at a time", "wait until others of this user end, or ask for less"
    ),
    "QOSMax...PerJob...": Waits("it asks for more than its QOS allows one job", _CORRECT),
    "QOSMax...PerNode": Waits("it asks for more on one node than its QOS allows", _CORRECT),
    "QOSMin...": Waits("it asks for less than its QOS wants of one job", f"{_CORRECT}, or name another qos"),
    "Max...PerAccount": Waits("its QOS allows its account no more at a time", "wait, or ask for less"),
    "QOSGrp...": Waits("its QOS allows all its jobs together no more now", "wait, or name another qos"),
    "AssocGrp...": Waits("its account may use no more now, or has used up its share", f"wait, or {_ASK}"),
    "AssocMax...PerJob...": Waits("it asks for more than its account allows one job", _CORRECT),
    "AssocMax...PerNode": Waits("it asks for more on one node than its account allows", _CORRECT),
    "AssocMax...Limit": Waits("its account allows its user no more at a time", f"wait, or {_ASK}"),
}
"""By reason; three dots stand for what is limited, such as `CPU`, `GRES`, `Mem` or `Job`, and at the end for the rest, if any."""
_PATTERNS = [(re.compile(re.escape(name).replace(r"\.\.\.", r"\w*")), waits) for name, waits in REASONS.items()]


def waits_for(reason: str, job_id: str = "") -> str:
    """Return what a reason of Slurm's means and what can be done, in a clause; "" for one that is not in the table."""
    word = re.split(r"[,;(]", reason.lstrip("("), maxsplit=1)[0].strip(") ").replace("_", " ")
    for pattern, (means, do) in _PATTERNS:
        if pattern.fullmatch(word):
            return f"{means}; {do.replace('ID', job_id or 'ID')}" if do else means
    return ""
