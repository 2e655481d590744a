"""A cluster that is only played, for tests without Slurm: its commands are programs in a folder of PATH, its jobs real processes.

What the commands answer is held to recorded answers of the real ones (see `tests.support.slurm.scenes`). A cluster that refuses, is
silent, lies or loses a node is a switch.
"""

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from signal import SIGKILL, SIGSTOP
from typing import Any, Literal

from podium.conductor.processes.cgroup import own_procs
from tests.support.podium_home import until
from tests.support.slurm import processes
from tests.support.slurm.config import LabOptions
from tests.support.slurm.stand_in.cancelling import end
from tests.support.slurm.stand_in.cluster import CALLS, FAULTS, Cluster, write_state
from tests.support.slurm.stand_in.keeping import GROUP, fork_keepers
from tests.support.source_tree import REPOSITORY

COMMANDS = ("sbatch", "squeue", "scancel", "scontrol", "sinfo", "sacct")
Fault = Literal["hang", "slow", "garbage", "unreachable", "limit", "strange", "taken"]
SHIM = """#!{python} -IS
import sys
sys.path.insert(0, {root!r})
from tests.support.slurm.stand_in.commands import main
main({command!r}, {folder!r})
"""


@contextmanager
def open_stand_in(options: LabOptions | None = None) -> Iterator["StandIn"]:
    """Yield a cluster that is played in a temporary folder; nothing of it is left afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="stand-in-", dir="/tmp"))
    stand_in = StandIn(folder, options or LabOptions(kill_wait=1))
    try:
        yield stand_in
    finally:
        stand_in.take_down()
        shutil.rmtree(folder, ignore_errors=True)


class StandIn:
    """A played cluster. `env` is what a process needs to use it."""

    def __init__(self, folder: Path, options: LabOptions) -> None:
        self.folder, self.options, self.conf = folder, options, folder / "slurm.conf"
        self.search_path = f"{folder / 'bin'}:/usr/bin:/bin"
        self.env: Mapping[str, str] = {"SLURM_CONF": str(self.conf), "PATH": self.search_path}
        (folder / "bin").mkdir()
        (folder / FAULTS).mkdir()
        (folder / CALLS).touch()
        (folder / GROUP).write_text(own_procs())
        known: dict[str, Any] = {"nodes": options.names, "cpus": options.cpus, "memory_mb": options.memory_mb}
        known |= {"kill_wait": options.kill_wait}
        write_state(str(folder), known, 1, [], [])
        for command in COMMANDS:
            path = folder / "bin" / command
            text = SHIM.format(python=sys.executable, root=str(REPOSITORY), command=command, folder=str(folder))
            path.write_text(text)
            path.chmod(0o755)

    @property
    def nodes(self) -> list[str]:
        """The names of the nodes."""
        return self.options.names

    def take_down(self) -> None:
        """End all that runs."""
        for node in self.nodes:
            self.power_off(node)

    # -- what is wrong with it -------------------------------------------------------------------------------------

    def break_command(self, command: str, fault: Fault, times: int = 0) -> None:
        """Let a command fail in this way, so many times or (0) until it is repaired."""
        new = self.folder / f"{command}.fault"
        new.write_text(json.dumps([fault, times]))
        new.replace(self.folder / FAULTS / command)

    def lose_controller(self) -> None:
        """Let no command reach the controller."""
        for command in COMMANDS:
            self.break_command(command, "unreachable")

    def find_controller(self) -> None:
        """Let all commands work."""
        for path in (self.folder / FAULTS).iterdir():
            path.unlink()

    def close_queue(self) -> None:
        """Let nothing begin: no node is free."""
        with Cluster(str(self.folder)) as cluster:
            cluster.down = self.nodes

    def open_queue(self) -> None:
        """Let nodes be free again."""
        for node in self.nodes:
            self.power_on(node)

    def end_job(self, word: str, state: str) -> None:
        """Let the cluster end a job, such as PREEMPTED or TIMEOUT: TERM, then KILL; it may be over then."""
        with Cluster(str(self.folder)) as cluster:
            for job in cluster.find(word):
                end(cluster, job, state)
            cluster.schedule()
        fork_keepers(str(self.folder), cluster.to_start)

    def forget(self, word: str) -> None:
        """Let the cluster know nothing of a job any more; its processes run on."""
        with Cluster(str(self.folder)) as cluster:
            for job in cluster.find(word):
                cluster.jobs.remove(job)

    def power_off(self, node: str) -> None:
        """Take a node's power: everything there is gone at once, and the cluster finds out."""
        with Cluster(str(self.folder)) as cluster:
            here = [job for job in cluster.jobs if job.node == node and not job.is_over]
            keepers = [job.keeper for job in here if job.keeper]
            processes.send(keepers, SIGSTOP)
            processes.send(processes.with_descendants(keepers), SIGKILL)
            while left := self.leftovers(node):
                processes.send(left, SIGKILL)
            for job in here:
                job.state, job.reason = "NODE_FAIL", "NodeDown"
            cluster.down.append(node)

    def power_on(self, node: str) -> None:
        """Bring a node back."""
        with Cluster(str(self.folder)) as cluster:
            cluster.down = [each for each in cluster.down if each != node]
            cluster.schedule()
        fork_keepers(str(self.folder), cluster.to_start)

    # -- what there is ---------------------------------------------------------------------------------------------

    def jobs(self) -> dict[str, str]:
        """Return the ids of the jobs that have not ended, with their states."""
        with Cluster(str(self.folder)) as cluster:
            return {str(job.id): job.shown for job in cluster.jobs if not job.is_over}

    def cancel_all(self) -> None:
        """Cancel every job, and wait until nothing runs for one."""
        for job in self.jobs():
            self.end_job(job, "CANCELLED")
        until(lambda: not self.jobs() and not any(map(self.leftovers, self.nodes)))

    def leftovers(self, node: str) -> list[int]:
        """Return the pids of what jobs run on a node."""
        return processes.members_of_jobs(self.conf, node)

    def calls(self, command: str) -> list[list[str]]:
        """Return the words of each call of a command."""
        lines = (self.folder / CALLS).read_text().splitlines()
        return [words for _, name, *words in map(json.loads, lines) if name == command]
