"""The state of a cluster that is only played: its nodes and jobs, in one file that one command at a time has.

This and its neighbours run hundreds of times in a test run, each time in an interpreter of its own: they import little.
"""

import fcntl
import json
import os
import time
from typing import Any

STATE, LOCK, FAULTS, CALLS = "state.json", "lock", "faults", "calls"
FINAL = {
    "COMPLETED",
    "FAILED",
    "CANCELLED",
    "TIMEOUT",
    "NODE_FAIL",
    "PREEMPTED",
    "DEADLINE",
    "BOOT_FAIL",
    "OUT_OF_MEMORY",
}
TIERS = {"main": 1, "brief": 1, "urgent": 9}
MINUTES = {"brief": 1}  # the longest time of a partition


class Job:
    """A job, or one task of an array. A task that waits has the array's id; the last one to start keeps it."""

    def __init__(self, **facts: Any) -> None:
        self.serial: int = facts["serial"]
        self.id: int = facts["id"]
        self.array: int = facts["array"]
        self.index: int | None = facts["index"]
        self.name: str = facts["name"]
        self.user: str = facts["user"]
        self.partition: str = facts["partition"]
        self.cpus: int = facts["cpus"]
        self.memory: int = facts["memory"]
        self.node_wanted: str = facts["node_wanted"]
        self.minutes: int = facts["minutes"]
        self.begin: dict[str, Any] = facts["begin"]  # script, arguments, env, folder, output
        self.state: str = facts.get("state", "PENDING")
        self.reason: str = facts.get("reason", "None")
        self.node: str = facts.get("node", "")
        self.started: float = facts.get("started", 0.0)
        self.keeper: int = facts.get("keeper", 0)  # pid of what plays slurmstepd
        self.script: int = facts.get("script", 0)  # pid of the batch script
        self.end_wanted: str = facts.get("end_wanted", "")  # the state that it gets when it has been ended

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.state in FINAL

    @property
    def shown(self) -> str:
        """The state that squeue tells."""
        return "COMPLETING" if self.end_wanted and not self.is_over else self.state


class Cluster:
    """The cluster, as long as the lock is held; what was changed is saved at the end."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __enter__(self) -> "Cluster":
        self._lock = os.open(os.path.join(self.folder, LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        with open(os.path.join(self.folder, STATE), encoding="utf-8") as file:
            found = json.load(file)
        self.options: dict[str, Any] = found["options"]
        self.next: int = found["next"]
        self.down: list[str] = found["down"]
        self.jobs = [Job(**facts) for facts in found["jobs"]]
        self.to_start: list[int] = []
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind in (None, SystemExit):  # a refusal uses up a number too
            write_state(self.folder, self.options, self.next, self.down, [vars(job) for job in self.jobs])
        os.close(self._lock)

    def new_id(self) -> int:
        """Return the next id."""
        self.next += 1
        return self.next - 1

    def find(self, word: str) -> list[Job]:
        """Return the jobs that an id means: one job, a task, or all tasks of an array."""
        first, _, index = word.partition("_")
        if index:
            return [job for job in self.jobs if str(job.array) == first and str(job.index) == index]
        return [job for job in self.jobs if first in (str(job.id), str(job.array))]

    def by_serial(self, serial: int) -> Job | None:
        """Return the job with this serial number, None if it was forgotten."""
        return next((job for job in self.jobs if job.serial == serial), None)

    def schedule(self) -> None:
        """Start what there is room for. Their keepers are to be forked when the lock is free again: see `to_start`."""
        waiting = [job for job in self.jobs if job.state == "PENDING" and job.reason != "JobHeldUser"]
        why = "Resources"
        for job in sorted(waiting, key=lambda each: (-TIERS[each.partition], each.array)):
            if job.minutes > MINUTES.get(job.partition, job.minutes):
                job.reason = "PartitionTimeLimit"
            elif node := self._room(job):
                self._start(job, node)
            else:
                job.reason, why = why, "Priority"
        for job in waiting:  # the tasks of an array that wait are one record, with one reason
            if job.state == "PENDING" and job.index is not None:
                job.reason = next(
                    each.reason for each in waiting if each.array == job.array and each.state == "PENDING"
                )

    def _room(self, job: Job) -> str:
        for node in self.options["nodes"]:
            used = [each for each in self.jobs if each.node == node and not each.is_over]
            enough = sum(each.cpus for each in used) + job.cpus <= self.options["cpus"]
            enough = enough and sum(each.memory for each in used) + job.memory <= self.options["memory_mb"]
            if enough and node not in self.down and job.node_wanted in ("", node):
                return str(node)
        return ""

    def _start(self, job: Job, node: str) -> None:
        if any(each.array == job.array and each.state == "PENDING" and each is not job for each in self.jobs):
            job.id = self.new_id()
        job.state, job.reason, job.node, job.started = "RUNNING", "None", node, time.time()
        self.to_start.append(job.serial)


def write_state(folder: str, options: Any, next_id: int, down: Any, jobs: Any) -> None:
    """Write a cluster's state, whole or not at all."""
    path = os.path.join(folder, STATE)
    with open(f"{path}.new", "w", encoding="utf-8") as file:
        json.dump({"options": options, "next": next_id, "down": down, "jobs": jobs}, file)
    os.replace(f"{path}.new", path)
