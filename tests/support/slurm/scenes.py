"""What is asked of a cluster, real or a stand-in's, and what it answers, as a text without what differs from run to run.

The recorded texts are answers of Slurm 22.05. `python -m tests.support.slurm.scenes` records them again; the stand-in and the real
cluster of `make test-slurm` are both held to them.
"""

import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.support.podium_home import until
from tests.support.slurm.config import LabOptions
from tests.support.slurm.lab import PATH, open_lab

RECORDED = Path(__file__).parent / "recorded"
OPTIONS = LabOptions(kill_wait=1)
KEPT_OPTIONS = LabOptions(kill_wait=1, accounting=True)
FORM = "%A|%F|%K|%T|%r|%N|%P|%S|%j"
ME = str(os.getuid())
ALL = ("squeue", "-h", "-r", "-a", "-t", "all", "-u", ME, "-o", FORM)
ACCOUNT = ("sacct", "-n", "-X", "-P", "--format=JobID,JobIDRaw,State,NodeList,JobName")
SUBMIT = ("sbatch", "--parsable", "--no-requeue", "--export=ALL", "--output=/dev/null", "--chdir=/")
HOST = socket.gethostname().partition(".")[0]
EXPECTED = re.compile(r"^(.*\|PENDING\|.*\|)(?:MOMENT|N/A)(\|)")  # it depends on when Slurm last made its plan
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


class Scene:
    """Asks, and writes down."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self._folder, self._env = folder, env
        self._lines: list[str] = []

    @property
    def text(self) -> str:
        """What was asked and answered."""
        return "\n".join(self._lines) + "\n"

    def ask(self, *command: str, as_set: bool = False) -> str:
        """Run a command and write down what it answers; `as_set`: the order of its lines says nothing."""
        done = self._run(command)
        lines = [*done.stdout.splitlines(), *(f"! {line}" for line in done.stderr.splitlines() if line)]
        said = [self._plain(line) for line in lines]
        self._lines += [f"$ {self._plain(shlex.join(command))}", *(sorted(said) if as_set else said)]
        self._lines += [f"= {done.returncode}"] if done.returncode else []
        return done.stdout.strip()

    def ask_quietly(self, *options: str) -> str:
        """Return what squeue answers, and write nothing down."""
        return self._run(("squeue", "-h", "-r", *options)).stdout

    def until_told(self, words: str, *command: str) -> None:
        """Wait until a command answers these words."""
        until(lambda: words in self._run(command).stdout)

    def script(self, text: str) -> str:
        """Return the path of a new batch script."""
        path = self._folder / f"script-{len(list(self._folder.glob('script-*')))}"
        path.write_text(f"#!/bin/bash\n{text}\n")
        return str(path)

    def until(self, job: str, *states: str) -> None:
        """Wait until a job, or all of an array, is in these states."""
        until(lambda: self.ask_quietly("-t", "all", "-j", job, "-o", "%T").split() == [*states])

    def until_file(self, name: str) -> str:
        """Wait until a script has written a whole line to a file, and return the file's path."""
        path = self._folder / name
        until(lambda: path.exists() and path.read_text().endswith("\n"))
        return str(path)

    def note(self, path: str) -> None:
        """Write down what a script has written."""
        self._lines += [f"> {line}" for line in Path(path).read_text().splitlines()]

    def path(self, name: str) -> str:
        """Return the path of a file for scripts."""
        return str(self._folder / name)

    def _run(self, command: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        env = {"HOME": "/", "LANG": "C.UTF-8", "SLURM_TIME_FORMAT": "standard", "GREETING": "hello", **self._env}
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60, cwd="/")

    def _plain(self, line: str) -> str:
        plain = MOMENT.sub("MOMENT", line).replace(str(self._folder), "FOLDER").replace(f" at {HOST} ", " at HOST ")
        plain = plain.replace(f" -u {ME} ", " -u ME ").replace(f" by {ME}|", " by ME|")
        return EXPECTED.sub(r"\1EXPECTED\2", plain)


def refusals(scene: Scene) -> None:
    """Ask for what cannot be."""
    script = scene.script("true")
    for option in (
        "--partition=nowhere", "--nodes=9", "--cpus-per-task=99", "--mem=900000M",
        "--constraint=fast", "--gres=gpu:1", "--time=soon", "--nonsense=1",
    ):  # fmt: skip
        scene.ask(*SUBMIT, option, script)
        scene.ask("sbatch", option, "--test-only", "--chdir=/", script)
    scene.ask(*SUBMIT, scene.path("nothing-there"))
    scene.ask("sbatch", "--test-only", "--partition=brief", "--time=10", "--chdir=/", script)
    scene.ask("squeue", "-h", "-j", "4000")
    scene.ask("scancel", "4000")
    scene.ask("scancel", "--batch", "--signal=USR1", "4000", "4001")
    scene.ask("sbatch", "--test-only", "--export=ALL", "--chdir=/", "--wrap=:")
    scene.ask("sbatch", "--partition=nowhere", "--test-only", "--export=ALL", "--chdir=/", "--wrap=:")
    scene.ask("squeue", "-h", "-u", "nobody-of-this-name")


def queue(scene: Scene) -> None:
    """Fill a node, and let jobs wait."""
    long = scene.script("sleep 600")
    first = scene.ask(*SUBMIT, "--job-name=first|of all", "--nodelist=f1", "--cpus-per-task=4", long)
    scene.until(first, "RUNNING")
    second = scene.ask(*SUBMIT, "--job-name=second", "--nodelist=f1", "--array=0-2", "--cpus-per-task=3", long, "a b")
    third = scene.ask(*SUBMIT, "--job-name=third", "--partition=brief", "--time=10", long)
    held = scene.ask(*SUBMIT, "--job-name=held", "--hold", long)
    until(lambda: "Resources" in scene.ask_quietly("-j", second, "-o", "%r").split())
    scene.ask(*ALL, as_set=True)
    scene.ask("squeue", "-h", "-r", "-j", second, "-o", "%i %T")
    scene.ask("scancel", f"{second}_1", held)
    scene.ask(*ALL, as_set=True)
    scene.ask("scancel", first)
    scene.until(first, "CANCELLED")
    scene.until(f"{second}_0", "RUNNING")
    scene.ask(*ALL, as_set=True)
    scene.ask("scancel", second, third)
    scene.until(second, "CANCELLED", "CANCELLED")
    scene.ask(*ALL, as_set=True)
    scene.ask("scancel", second, first)


def ends(scene: Scene) -> None:
    """Let scripts end in several ways, and see what they find."""
    good, bad, shot = scene.script("exit 0"), scene.script("exit 3"), scene.script("kill -9 $$")
    told = scene.path("told")
    names = "SLURM_JOB_ID SLURM_JOB_NAME SLURM_JOB_PARTITION SLURMD_NODENAME SLURM_CPUS_PER_TASK SLURM_CPUS_ON_NODE GREETING"
    wide = scene.script(
        f'for name in {names} SLURM_ARRAY_JOB_ID SLURM_ARRAY_TASK_ID; do echo "$name=${{!name}}"; done >{told}; pwd >>{told}; '
        f'printf "%s," "$@" >>{told}; echo >>{told}'
    )
    jobs = [
        scene.ask(*SUBMIT, f"--job-name={name}", script)
        for name, script in (("good", good), ("bad", bad), ("shot", shot))
    ]
    for job, state in zip(jobs, ("COMPLETED", "FAILED", "FAILED"), strict=True):
        scene.until(job, state)
    job = scene.ask(*SUBMIT, "--job-name=wide", "--array=5", "--cpus-per-task=2", wide, "one", "two words", "")
    scene.until(job, "COMPLETED")
    scene.note(scene.until_file("told"))
    scene.ask(*ALL, as_set=True)


def signals(scene: Scene) -> None:
    """Send signals to a script that takes them, and cancel one that does not want to end."""
    log, ready = scene.path("log"), scene.path("ready")
    text = (
        f'trap "echo woken >>{log}" USR1; trap "echo asked >>{log}" TERM; echo >{ready}; while :; do sleep 0.05; done'
    )
    job = scene.ask(*SUBMIT, "--job-name=stubborn", scene.script(text))
    scene.until_file("ready")
    scene.ask("scancel", "--batch", "--signal=USR1", job)
    scene.note(scene.until_file("log"))
    waiting = scene.ask(*SUBMIT, "--job-name=waiting", "--hold", scene.script("true"))
    scene.ask("timeout", "1", "scancel", "--batch", "--signal=USR1", waiting)  # it waits until the job runs
    scene.ask("scancel", job)
    scene.until(job, "CANCELLED")
    scene.note(log)
    scene.ask("scancel", "--batch", "--signal=USR1", job)
    scene.ask(*ALL, as_set=True)


def facts(scene: Scene) -> None:
    """Ask for what is fixed."""
    scene.ask("sbatch", "--version")
    scene.ask("scontrol", "ping")
    scene.ask("sinfo", "-h", "-o", "%P|%a|%D|%T|%c|%m|%G")
    scene.ask("sinfo", "-h", "-N", "-p", "main", "-o", "%N %T")
    scene.ask(*ACCOUNT, "--jobs=1")


def accounting(scene: Scene) -> None:
    """Ask the accounting about jobs that ended in several ways, and about some that have not."""
    long, code = scene.script("sleep 600"), scene.script("exit $SLURM_ARRAY_TASK_ID")
    wide = scene.ask(*SUBMIT, "--job-name=wide|of all", "--nodelist=f1", "--array=0-2", code)
    cut = scene.ask(*SUBMIT, "--job-name=cut", "--nodelist=f2", long)
    lost = scene.ask(*SUBMIT, "--job-name=lost", "--nodelist=f3", long)
    held = scene.ask(*SUBMIT, "--job-name=held", "--hold", "--array=0-9", long)
    again = scene.ask(*SUBMIT, "--job-name=again", "--requeue", "--nodelist=f2", long)
    for job in (cut, lost, again):
        scene.until(job, "RUNNING")
    scene.ask("scancel", cut)
    scene.ask("scontrol", "requeue", again)
    scene.ask("scontrol", "update", "nodename=f3", "state=down", "reason=test")
    last = f"--jobs={wide},{cut},{lost},{held},{again}"
    for words in (f"{wide}_2|{wide}|FAILED", "CANCELLED by", "NODE_FAIL", f"{again}|{again}|PENDING"):
        scene.until_told(words, *ACCOUNT, last)
    scene.ask(*ACCOUNT, last, as_set=True)
    scene.ask(*ACCOUNT, f"--jobs={wide}", as_set=True)
    scene.ask(*ACCOUNT, f"--jobs={int(again) + 1}", as_set=True)
    scene.ask(*ACCOUNT, "--jobs=4000")


SCENES: dict[str, Callable[[Scene], None]] = {each.__name__: each for each in (refusals, queue, ends, signals, facts)}
KEPT_SCENES: dict[str, Callable[[Scene], None]] = {"accounting": accounting}
"""Those of a cluster with accounting, which the stand-in is not held to."""


def play(name: str, folder: Path, env: Mapping[str, str]) -> str:
    """Play a scene on a fresh cluster with a new folder for its files, and return its text."""
    folder.mkdir()
    scene = Scene(folder, env)
    (SCENES | KEPT_SCENES)[name](scene)
    return scene.text


def main() -> int:
    """Record all scenes, each on a new cluster: the numbers of jobs begin with 1."""
    RECORDED.mkdir(exist_ok=True)
    for name in sys.argv[1:] or [*SCENES, *KEPT_SCENES]:
        with open_lab(KEPT_OPTIONS if name in KEPT_SCENES else OPTIONS) as lab:
            (RECORDED / f"{name}.txt").write_text(play(name, lab.folder / "scene", {"PATH": PATH, **lab.env}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
