"""A real job of the cluster that looks at its node: what it sees of the shared folder, its Python, its clock, its user."""

import os
import re
import secrets
import shlex
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from podium.cli.commands.doctor.cluster.asking import ask
from podium.conductor.engines.slurm import answers, commands
from podium.conductor.engines.slurm.answers import Row
from podium.score.model.plan import Resources

ANSWER_SECONDS = 30.0  # from its start to its answer, and from its end until that is seen here: the folder may be slow
LOOK_SECONDS, ASK_SECONDS = 0.1, 2.0  # between two looks at the folder, and between two questions to Slurm
NEEDS = Resources(time_seconds=300)
# It cannot write where it fails: its exit codes are the keys of `TROUBLES`.
TROUBLES = {11: "does not see {folder}", 12: "sees another {folder} than this machine", 13: "cannot write to {folder}"}
_SCRIPT = """#!/bin/sh
cd {folder} 2>/dev/null || exit 11
[ "$(cat question 2>/dev/null)" = {token} ] || exit 12
{{
    echo "node=${{SLURMD_NODENAME:-$(uname -n)}}"
    echo "uid=$(id -u)"
    echo "bash=$(command -v bash)"
    echo "python=$({python} -I -S -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>&1 | tail -n 1)"
}} >answer.new 2>/dev/null && mv answer.new answer || exit 13
n=0
until [ -e go ] || [ $n -ge 200 ]; do sleep 0.05; n=$((n + 1)); done
date +%s.%N >clock.new && mv clock.new clock
"""


class Answer(NamedTuple):
    """What the job saw. `ahead` is between which bounds its clock is ahead of ours, None if it did not say."""

    facts: dict[str, str]
    seconds: float
    ahead: tuple[float, float] | None


class Silence(NamedTuple):
    """What Slurm said last of a job that did not answer, None if it did not know it, or did not answer."""

    row: Row | None
    trouble: str = ""  # what the job itself met


@dataclass(frozen=True)
class Probe:
    """One job and the folder that it looks at."""

    name: str
    folder: Path

    def submit(self, python: str) -> answers.Submitted:
        """Submit the job. `python` is the command for it on the nodes."""
        (self.folder / "question").write_text(self.name)
        folder = shlex.quote(str(self.folder.resolve()))
        script = self.folder / "script"
        script.write_text(_SCRIPT.format(folder=folder, token=self.name, python=shlex.quote(python)))
        lane = commands.LaneJob(self.name, "/", os.devnull, str(script), (), NEEDS)
        said = ask(commands.sbatch(lane))
        return answers.read_submit(said.code or 0, said.out if said.well else said.words, timed_out=said.code is None)

    def wait(self, wait_seconds: float) -> Answer | Silence:
        """Wait until the job has answered, or until it is known, or has to be taken for granted, that it will not."""
        began = changed = asked = time.monotonic()
        pending, trouble = True, ""
        while not self._there("answer"):
            now = time.monotonic()
            if trouble or now > (began + wait_seconds if pending else changed + ANSWER_SECONDS):
                return Silence(self._row(), trouble)
            if now - asked > ASK_SECONDS:
                row, asked = self._row(), now
                was, pending = pending, row is not None and row.kind == "pending"
                changed = now if was and not pending else changed
                trouble = self._trouble(row) if row and row.kind == "over" else ""
            time.sleep(LOOK_SECONDS)
        seconds = time.monotonic() - began
        pairs = (line.partition("=") for line in (self.folder / "answer").read_text(errors="replace").splitlines())
        return Answer({name: value for name, _, value in pairs}, seconds, self._clock())

    def _row(self) -> Row | None:
        said = ask(commands.squeue(str(os.getuid())))
        rows = answers.read_queue(said.out, self.name) if said.well else None
        return next(iter(rows.values()), None) if rows else None

    def _trouble(self, row: Row) -> str:
        """Return what the job met, as its exit code says; "" if it says nothing."""
        said = ask(["scontrol", "show", "job", "--oneliner", row.number])
        code = re.search(r"\bExitCode=(\d+)", said.out)
        return TROUBLES.get(int(code[1]), "").format(folder=self.folder.parent) if code else ""

    def _clock(self) -> tuple[float, float] | None:
        """Have the job look at its clock between two looks at ours."""
        before = time.time()
        (self.folder / "go").touch()
        until = time.monotonic() + ANSWER_SECONDS
        while not self._there("clock"):
            if time.monotonic() > until:
                return None
            time.sleep(LOOK_SECONDS / 10)
        after = time.time()
        try:
            there = float((self.folder / "clock").read_text())
        except ValueError:
            return None
        return there - after, there - before

    def _there(self, name: str) -> bool:
        return any(path.name == name for path in self.folder.iterdir())  # asked for a list, a network file system looks


@contextmanager
def probe(place: Path) -> Iterator[Probe]:
    """Make the folder of a job inside `place`. However this ends, the job and the folder are gone then."""
    name = f"podium-doctor-{secrets.token_hex(4)}"
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=place))
    try:
        yield Probe(name, folder)
    finally:
        ask(["scancel", f"--user={os.getuid()}", f"--name={name}"])
        shutil.rmtree(folder, ignore_errors=True)
