"""A real Slurm cluster in a folder: a controller and nodes on this machine, on ports of their own, without root.

It needs the Debian packages slurm-wlm and munge. By hand: `python -m tests.support.slurm.lab`.
"""

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from tests.support.another_user import NOBODY
from tests.support.podium_home import until
from tests.support.slurm import accounting, processes
from tests.support.slurm.config import CGROUPS, LabOptions, slurm_conf

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol", "sinfo")
INSTALL = "apt-get install --no-install-recommends slurm-wlm munge"
PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"  # of the daemons; a user's may be without the last two
READY_SECONDS = 60.0
CALL_SECONDS = 60.0  # longer than a command of Slurm's waits for its controller
UP = {"idle", "mixed", "allocated"}


def missing() -> str:
    """Return why there can be no cluster here, and what helps; "" if there can be one."""
    absent = [name for name in PROGRAMS if not shutil.which(name, path=PATH)]
    return f"{', '.join(absent)} not found: {INSTALL}" if absent else ""


@contextmanager
def open_lab(options: LabOptions | None = None) -> Iterator["Lab"]:
    """Yield a cluster whose nodes are up, in a temporary folder that every user may look into; take it down afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))
    folder.chmod(0o755)
    lab = Lab(folder, options or LabOptions())
    try:
        lab.bring_up()
        yield lab
    finally:
        lab.take_down()
        shutil.rmtree(folder, ignore_errors=True)


class Lab:
    """A cluster in a folder. Its daemons are process groups of their own, which are known here; nothing is found by a name."""

    def __init__(self, folder: Path, options: LabOptions) -> None:
        self.folder, self.options, self.conf = folder, options, folder / "slurm.conf"
        self.env = {"SLURM_CONF": str(self.conf)}
        """What a process has to have in its environment to use this cluster."""
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def nodes(self) -> list[str]:
        """The names of the nodes."""
        return self.options.names

    # -- up and down -----------------------------------------------------------------------------------------------

    def bring_up(self) -> None:
        """Start everything, and wait until all nodes are up."""
        for name in ("state", "spool", "log", "run"):
            (self.folder / name).mkdir(mode=0o755)
        key = self.folder / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(os.urandom(128))
        dbd_port, database_port, *ports = free_ports(3 + self.options.nodes)
        kept = (
            accounting.slurm_conf_lines(self.folder, dbd_port, self.options.enforce) if self.options.accounting else []
        )
        self.conf.write_text(slurm_conf(self.folder, replace(self.options, more=[*self.options.more, *kept]), ports))
        (self.folder / "cgroup.conf").write_text(CGROUPS)
        run = self.folder / "run"
        places = [f"--socket={run}/munge.sock", f"--pid-file={run}/munged.pid", f"--seed-file={run}/seed"]
        self._start("munged", "-F", f"--key-file={key}", f"--log-file={self.folder}/log/munged.log", *places)
        until((run / "munge.sock").exists)
        if self.options.accounting:
            self._start_accounting(dbd_port, database_port)
        self._start("slurmctld", "-D")
        for node in self.nodes:
            self._start(node, "-D", "-N", node)
        self.until_up(*self.nodes)

    def _start_accounting(self, port: int, database_port: int) -> None:
        """Start the database and slurmdbd, and make the cluster known there; there is no account yet."""
        accounting.write_slurmdbd_conf(self.folder, port, database_port)
        self._start("mariadbd", *accounting.database(self.folder, database_port, self.environment()))
        until((self.folder / "run" / "db.sock").exists)  # slurmdbd that finds none looks again only after five seconds
        self._start("slurmdbd", "-D")
        add = ["sacctmgr", "-i", "add", "cluster", "lab"]
        until(lambda: self._call(add, None).returncode == 0, seconds=READY_SECONDS)

    def take_down(self) -> None:
        """End all daemons and all that jobs still run."""
        for node in self.nodes:
            self.power_off(node)
        for name in list(self._daemons):
            self._kill(name)

    # -- the controller and the nodes ------------------------------------------------------------------------------

    def kill_controller(self) -> None:
        """Kill the controller. It writes down what it knows only every few seconds, so it may forget what came last."""
        self._kill("slurmctld")

    def until_saved(self, name: str) -> None:
        """Wait until the controller has written down that there is a job with this name."""
        until(lambda: name.encode() in (self.folder / "state" / "job_state").read_bytes())

    def start_controller(self) -> None:
        """Start a controller that was killed, and wait until it has found the nodes that are up."""
        self._start("slurmctld", "-D")
        self.until_up(*(node for node in self.nodes if node in self._daemons))

    def lose_controller(self) -> None:
        """Let no command reach the controller."""
        self.freeze_controller()

    def find_controller(self) -> None:
        """Let all commands work."""
        self.thaw_controller()

    def close_queue(self) -> None:
        """Let nothing begin: no node is free."""
        self.run("scontrol", "update", f"nodename={','.join(self.nodes)}", "state=drain", "reason=test")

    def open_queue(self) -> None:
        """Let nodes be free again."""
        self.run("scontrol", "update", f"nodename={','.join(self.nodes)}", "state=resume")

    def freeze_controller(self) -> None:
        """Let the controller be there and not answer: commands hang until they give up."""
        self._signal("slurmctld", signal.SIGSTOP)

    def thaw_controller(self) -> None:
        """Let it go on."""
        self._signal("slurmctld", signal.SIGCONT)
        until(self.answers, seconds=READY_SECONDS)

    def answers(self) -> bool:
        """Tell whether the controller answers."""
        return self._call(["scontrol", "ping"], None).stdout.rstrip().endswith("UP")

    def freeze_accounting(self) -> None:
        """Let slurmdbd be there and not answer."""
        self._signal("slurmdbd", signal.SIGSTOP)

    def thaw_accounting(self) -> None:
        """Let slurmdbd go on."""
        self._signal("slurmdbd", signal.SIGCONT)

    def kill_slurmd(self, node: str) -> None:
        """Kill a node's daemon. What runs there goes on, and its end is told when the daemon is there again."""
        self._kill(node)

    def start_slurmd(self, node: str) -> None:
        """Start a node's daemon again, and wait until the node is up."""
        self._start(node, "-D", "-N", node)
        self.until_up(node)

    def power_off(self, node: str) -> None:
        """Take a node's power: everything there is gone at once, and nobody is told."""
        self._kill(node)
        while members := self.processes(node):
            processes.send(members, signal.SIGSTOP)  # none of them makes another one that would be missed
            processes.send(processes.with_descendants(members), signal.SIGKILL)
            if all(map(processes.waits_for_a_disk, members)):
                return  # one that is silent: they run no further, and end when it answers

    def declare_down(self, node: str) -> None:
        """Let the controller know at once what it would find out by itself in half a minute: that a node is down."""
        self.run("scontrol", "update", f"nodename={node}", "state=down", "reason=test")

    def processes(self, node: str) -> list[int]:
        """Return the pids of what runs on a node for jobs, Slurm's own part of it too."""
        return processes.keepers_of_jobs(self.folder, node) + self.leftovers(node)

    def leftovers(self, node: str) -> list[int]:
        """Return the pids of what jobs run on a node."""
        return processes.members_of_jobs(self.conf, node)

    def state(self, node: str) -> str:
        """Return a node's state in Slurm's words, such as idle, mixed, down*."""
        return self.run("sinfo", "-h", "-p", "main", "-n", node, "-o", "%T").strip()

    def until_up(self, *nodes: str) -> None:
        """Wait until nodes take jobs; one that Slurm drains, as it does after a duplicate id, is put back into service."""

        def are_up() -> bool:
            shown = self._call(["sinfo", "-h", "-N", "-p", "main", "-o", "%N %T"], None).stdout.split("\n")
            states = dict(line.split() for line in shown if line)
            for node in nodes:
                if states.get(node, "").startswith("drain"):
                    self._call(["scontrol", "update", f"nodename={node}", "state=resume"], None)
            return all(states.get(node) in UP for node in nodes)

        until(are_up, seconds=READY_SECONDS)

    # -- jobs ------------------------------------------------------------------------------------------------------

    def run(self, *command: str, somebody_else: bool = False, stdin: str | None = None) -> str:
        """Run a command of Slurm's and return what it prints; `somebody_else` makes it nobody's, which needs root.

        Raises:
            AssertionError: it failed.
        """
        done = self._call(command, stdin, somebody_else=somebody_else)
        assert done.returncode == 0, f"{shlex.join(command)}: {done.stderr or done.stdout}"
        return done.stdout

    def refused(self, *command: str, somebody_else: bool = False) -> str:
        """Run a command that must fail, and return what it says."""
        done = self._call(command, None, somebody_else=somebody_else)
        assert done.returncode != 0, f"{shlex.join(command)} did not fail: {done.stdout}"
        return done.stderr

    def submit(self, script: str, *options: str, somebody_else: bool = False) -> str:
        """Submit a batch script that Podium knows nothing of, and return the job's id."""
        words = ("sbatch", "--parsable", "--no-requeue", "--chdir=/", "--output=/dev/null", *options)
        return self.run(*words, somebody_else=somebody_else, stdin=f"#!/bin/bash\n{script}\n").strip()

    def jobs(self, form: str = "%i %j %T", *, states: str = "PD,R,S,CG,CF") -> list[str]:
        """Return lines on jobs, by default on those that have not ended."""
        return self.run("squeue", "-h", "-r", "-t", states, "-o", form).splitlines()

    def cancel_all(self) -> None:
        """Cancel every job, and wait until nothing runs for one."""
        for job in self.jobs("%A"):
            self._call(["scancel", job], None)
        until(lambda: not self.jobs() and not any(map(self.leftovers, self.nodes)))

    def restore(self) -> None:
        """Bring back what was killed, put every node into service and end every job."""
        self._signal("slurmctld", signal.SIGCONT)
        for name in ("slurmctld", *self.nodes):
            if name not in self._daemons:
                self._start(name, "-D", *(() if name == "slurmctld" else ("-N", name)))
        self.until_up(*self.nodes)
        self.cancel_all()

    def environment(self) -> dict[str, str]:
        """Return the environment of what uses the cluster without us."""
        return {"PATH": PATH, "HOME": os.environ.get("HOME", "/"), "LANG": "C.UTF-8", **self.env}

    # -- how it is done --------------------------------------------------------------------------------------------

    def _call(
        self, command: Sequence[str], stdin: str | None, *, somebody_else: bool = False
    ) -> subprocess.CompletedProcess[str]:
        who = NOBODY if somebody_else else None
        return subprocess.run(
            command, env=self.environment(), input=stdin or "", capture_output=True, text=True, check=False,
            user=who, group=who, extra_groups=[NOBODY] if somebody_else else None, timeout=CALL_SECONDS, cwd="/",
        )  # fmt: skip

    def _start(self, name: str, *options: str) -> None:
        program = name if name in (*PROGRAMS, *accounting.PROGRAMS) else "slurmd"
        with (self.folder / "log" / f"{name}.out").open("ab") as out:
            self._daemons[name] = subprocess.Popen(
                [program, *options], env=self.environment(), stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True,
            )  # fmt: skip

    def _signal(self, name: str, number: signal.Signals) -> None:
        if name in self._daemons:
            with suppress(ProcessLookupError):
                os.killpg(self._daemons[name].pid, number)

    def _kill(self, name: str) -> None:
        self._signal(name, signal.SIGKILL)
        if name in self._daemons:
            self._daemons.pop(name).wait()


def free_ports(count: int) -> list[int]:
    """Return ports of loopback that nobody has now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def main() -> int:
    """Bring a cluster up for somebody, until they press Enter; with --check only say whether that can be done."""
    if why := missing():
        sys.exit(f"A real Slurm cluster for tests needs programs that are not here. {why}")
    if "--check" in sys.argv[1:]:
        return 0
    with open_lab() as lab:
        print(f"export SLURM_CONF={lab.conf}\nEnter takes it down.", flush=True)
        sys.stdin.readline()
    return 0


if __name__ == "__main__":
    sys.exit(main())
