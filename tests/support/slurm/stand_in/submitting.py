"""sbatch: takes a batch script, or says why not."""

import os
import pwd
import re
import sys
import time
from collections.abc import Sequence
from typing import Any, NoReturn

from tests.support.slurm.stand_in.cluster import TIERS, Cluster, Job
from tests.support.slurm.stand_in.keeping import fork_keepers
from tests.support.slurm.stand_in.words import Words, fail

TAKES = {
    "--job-name", "--output", "--error", "--chdir", "--array", "--cpus-per-task", "--mem", "--gres", "--time", "--time-min", "--nodes",
    "--partition", "--account", "--qos", "--constraint", "--export", "--open-mode", "--nodelist", "--comment", "--nice", "--wrap",
}  # fmt: skip
FLAGS = {"--parsable", "--no-requeue", "--test-only", "--hold", "--exclusive", "--version"}
SHORT = {"-p": "--partition", "-w": "--nodelist", "-N": "--nodes", "-c": "--cpus-per-task", "-J": "--job-name"}
UNITS = {"K": 1 / 1024, "M": 1, "G": 1024, "": 1}
UNAVAILABLE = "Requested node configuration is not available"
NOTHING = 50  # megabytes for a CPU, unless more are asked for


def sbatch(folder: str, words: list[str], fault: str) -> None:
    """Play sbatch. With the fault `taken` it does its work, and says that it does not know."""
    asked = Words("sbatch", words, TAKES, FLAGS, SHORT)
    if "--version" in asked:
        print("slurm-wlm 22.05.8")
        return
    needs = _needs(asked)
    script = _script(asked)
    with Cluster(folder) as cluster:
        if needs["partition"] not in TIERS:
            sys.stderr.write(f"sbatch: error: invalid partition specified: {needs['partition']}\n")
            _refuse(asked, "Invalid partition name specified")
        number = cluster.new_id()
        _refuse_what_cannot_be(asked, needs, cluster)
        if "--test-only" in asked:
            _tell_when(number, needs, cluster)
            return
        _add(cluster, number, asked, needs, script)
        cluster.schedule()
    fork_keepers(folder, cluster.to_start)
    if fault == "taken":
        fail("sbatch", "Batch job submission failed: Socket timed out on send/recv operation")
    print(number if "--parsable" in asked else f"Submitted batch job {number}")


def _needs(asked: Words) -> dict[str, Any]:
    """Return what a job needs, as far as the command itself judges it."""
    if "--gres" in asked:
        fail("sbatch", "Invalid generic resource (gres) specification")
    cpus = int(asked.get("--cpus-per-task", "1"))
    memory = re.fullmatch(r"(\d+)([KMG]?)", asked.get("--mem", f"{cpus * NOTHING}M"))
    minutes = re.fullmatch(r"(\d+)(?::\d+)*", asked.get("--time", "0"))
    if not minutes or not memory:
        fail("sbatch", f"Invalid --{'time' if memory else 'mem'} specification", code=255)
    partition = asked.get("--partition", "main")
    return {
        "partition": partition,
        "cpus": cpus,
        "memory": int(int(memory[1]) * UNITS[memory[2]]),
        "nodes": int(asked.get("--nodes", "1")),
        "minutes": int(minutes[1]),
    }


def _script(asked: Words) -> tuple[str, bytes]:
    if "--wrap" in asked:
        return "wrap", f"#!/bin/sh\n{asked.get('--wrap')}\n".encode()
    path = asked.rest[0] if asked.rest else ""
    try:
        with open(path, "rb") as file:
            return path, file.read()
    except OSError:
        fail("sbatch", f"Unable to open file {path}")


def _refuse_what_cannot_be(asked: Words, needs: dict[str, Any], cluster: Cluster) -> None:
    """A submit of too many CPUs or nodes is taken, and waits for ever; a test of it fails."""
    is_test = "--test-only" in asked
    if "--constraint" in asked:
        _refuse(asked, "Invalid feature specification")
    if "--mem" in asked and needs["memory"] > cluster.options["memory_mb"]:
        if not is_test:
            sys.stderr.write("sbatch: error: Memory specification can not be satisfied\n")
        _refuse(asked, UNAVAILABLE)
    if is_test and (needs["nodes"] > len(cluster.options["nodes"]) or needs["cpus"] > cluster.options["cpus"]):
        _refuse(asked, UNAVAILABLE)


def _refuse(asked: Words, why: str) -> NoReturn:
    if "--test-only" in asked:
        sys.stderr.write(f"allocation failure: {why}\n")
        sys.exit(1)
    fail("sbatch", f"Batch job submission failed: {why}")


def _tell_when(number: int, needs: dict[str, Any], cluster: Cluster) -> None:
    moment = time.strftime("%Y-%m-%dT%H:%M:%S")
    where = f"nodes {cluster.options['nodes'][0]} in partition {needs['partition']}"
    sys.stderr.write(f"sbatch: Job {number} to start at {moment} using {needs['cpus']} processors on {where}\n")


def _add(cluster: Cluster, number: int, asked: Words, needs: dict[str, Any], script: tuple[str, bytes]) -> None:
    path, text = script
    begin = {
        "arguments": asked.rest[1:],
        "env": dict(os.environ),
        "folder": asked.get("--chdir", os.getcwd()),
        "output": asked.get("--output", os.devnull),
        "cpus_given": "--cpus-per-task" in asked,
    }
    for index in _indexes(asked):
        serial = 1 + max((job.serial for job in cluster.jobs), default=0)
        with open(
            os.path.join(cluster.folder, f"job{serial}"), "wb", opener=lambda name, flags: os.open(name, flags, 0o700)
        ) as copy:
            copy.write(text)
        cluster.jobs.append(
            Job(
                serial=serial, id=number, array=number, index=index, name=asked.get("--job-name", os.path.basename(path)),
                user=pwd.getpwuid(os.getuid()).pw_name, partition=needs["partition"], cpus=needs["cpus"],
                memory=needs["memory"], minutes=needs["minutes"], node_wanted=asked.get("--nodelist"), begin=begin,
                reason="JobHeldUser" if "--hold" in asked else "None",
            )
        )  # fmt: skip


def _indexes(asked: Words) -> Sequence[int | None]:
    if "--array" not in asked:
        return [None]
    first, _, last = asked.get("--array").partition("-")
    return range(int(first), int(last or first) + 1)
