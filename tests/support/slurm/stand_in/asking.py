"""squeue, sinfo, scontrol and sacct: what there is, in the words that are asked for."""

import os
import pwd
import re
import sys
import time
from collections.abc import Callable

from tests.support.slurm.stand_in.cluster import TIERS, Cluster, Job
from tests.support.slurm.stand_in.words import Words, fail

FIELDS: dict[str, Callable[[Job], object]] = {
    "A": lambda job: job.id,
    "F": lambda job: job.array,
    "K": lambda job: "N/A" if job.index is None else job.index,
    "i": lambda job: job.array if job.index is None else f"{job.array}_{job.index}",
    "j": lambda job: job.name,
    "T": lambda job: job.shown,
    "r": lambda job: job.reason,
    "N": lambda job: job.node,
    "P": lambda job: job.partition,
    "S": lambda job: _moment(job.started or time.time()) if job.state != "PENDING" else "N/A",
    "u": lambda job: job.user,
}
ABBREVIATIONS = {"PD": "PENDING", "R": "RUNNING", "S": "SUSPENDED", "CG": "COMPLETING", "CF": "CONFIGURING"}
GOING = {"PENDING", "RUNNING", "SUSPENDED", "COMPLETING", "CONFIGURING"}
CONFIG = {
    "AccountingStorageType": "accounting_storage/none",
    "ClusterName": "lab",
    "KillWait": "{kill_wait} sec",
    "MaxArraySize": "2001",
    "MessageTimeout": "4 sec",
    "MinJobAge": "300 sec",
    "ProctrackType": "proctrack/linuxproc",
    "SLURM_VERSION": "22.05.8",
    "SlurmdTimeout": "5 sec",
}


def squeue(folder: str, words: list[str]) -> None:
    """Play squeue."""
    takes, flags = {"-t", "-u", "-j", "-o"}, {"-h", "-r", "-a"}
    asked = Words("squeue", words, takes, flags, {"--states": "-t", "--user": "-u", "--jobs": "-j", "--format": "-o"})
    if (user := asked.get("-u")) and not _is_user(user):
        fail("squeue", f"Invalid user: {user}", code=0)
    with Cluster(folder) as cluster:
        jobs = cluster.jobs
        if wanted := asked.get("-j"):
            jobs = [job for word in wanted.split(",") for job in cluster.find(word)]
            if not jobs:
                sys.stderr.write("slurm_load_jobs error: Invalid job id specified\n")
                sys.exit(1)
    states = {ABBREVIATIONS.get(word, word) for word in asked.get("-t").split(",")} if "-t" in asked else GOING
    for job in jobs:
        if ("all" in states or job.shown in states) and asked.get("-u") in ("", job.user, str(os.getuid())):
            print(_filled(asked.get("-o"), {name: str(tell(job)) for name, tell in FIELDS.items()}))


def sinfo(folder: str, words: list[str]) -> None:
    """Play sinfo: partitions with their nodes by state, or with -N each node of each partition."""
    asked = Words("sinfo", words, {"-o", "-p", "-n"}, {"-h", "-N", "-a", "-e"}, {"--format": "-o", "--partition": "-p"})
    with Cluster(folder) as cluster:
        states = {node: _state(cluster, node) for node in cluster.options["nodes"]}
        size = {"c": str(cluster.options["cpus"]), "m": str(cluster.options["memory_mb"]), "G": "(null)", "a": "up"}
    most = {"brief": "1:00"}
    partitions = [name for name in TIERS if asked.get("-p") in ("", name)]
    if "-N" in asked:
        for node, state in states.items():
            for partition in partitions:
                print(_filled(asked.get("-o"), {**size, "N": node, "T": state, "P": partition}))
        return
    for partition in partitions:
        shown = f"{partition}*" if partition == "main" else partition
        for state in sorted(set(states.values())) if "%T" in asked.get("-o") else [""]:
            count = str(list(states.values()).count(state) if state else len(states))
            limits = {"L": "n/a", "l": most.get(partition, "infinite")}
            print(_filled(asked.get("-o"), {**size, **limits, "P": shown, "T": state, "D": count}))


def scontrol(folder: str, words: list[str]) -> None:
    """Play scontrol ping and scontrol show config."""
    if words == ["ping"]:
        print(f"Slurmctld(primary) at {os.uname().nodename.partition('.')[0]} is UP")
    elif words == ["show", "config"]:
        with Cluster(folder) as cluster:
            for name, value in CONFIG.items():
                print(f"{name:<23} = {value.format(**cluster.options)}")
    else:
        fail("scontrol", f"not played: {' '.join(words)}")


def sacct(_folder: str, _words: list[str]) -> None:
    """Play sacct where there is no accounting."""
    sys.stderr.write("Slurm accounting storage is disabled\n")
    raise SystemExit(1)


def _filled(form: str, values: dict[str, str]) -> str:
    return re.sub("%([a-zA-Z])", lambda found: values[found[1]], form)


def _state(cluster: Cluster, node: str) -> str:
    used = sum(job.cpus for job in cluster.jobs if job.node == node and not job.is_over)
    if node in cluster.down:
        return "down*"
    return "idle" if not used else "allocated" if used >= cluster.options["cpus"] else "mixed"


def _is_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return name.isdecimal()
    return True


def _moment(when: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(when))
