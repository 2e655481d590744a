"""Sheets on a real Slurm cluster beside the same no-ops by bare sbatch and by submitit, on the same cluster in the same run.

Two clusters: one whose scheduler starts what waits at once, and one as Slurm is without any settings, where it looks every few seconds.
"""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.bench.machine import Bench
from tests.bench.measuring import in_turn
from tests.bench.report import Row, Target
from tests.support.jobs import submit, until
from tests.support.podium_home import Conductor, make_home
from tests.support.podium_home import until as eventually
from tests.support.slurm.config import LabOptions
from tests.support.slurm.lab import PATH, Lab, missing, open_lab

AT_ONCE = 96  # no-ops at once: as many CPUs as the cluster has
LAB = LabOptions(cpus=AT_ONCE // 3, memory_mb=100 * AT_ONCE)
AS_IT_COMES = replace(LAB, scheduler="bf_interval=30")  # which is the default
IN_FLIGHT_LAB = LabOptions(cpus=170, memory_mb=17_000)
COUNTED = ("squeue", "sacct", "scontrol")
SHIM = '#!/bin/sh\necho {name} >>{calls}\nexec {program} "$@"\n'
SBATCH = "sbatch --job-name=bare --parsable --no-requeue --output=/dev/null --chdir=/"
UNTIL_EMPTY = 'while [ -n "$(squeue -h -n bare)" ]; do sleep 0.1; done'


def slurm(bench: Bench) -> list[Row]:
    """Measure all of it; without Slurm there are no rows."""
    if why := missing():
        sys.stderr.write(f"slurm: not measured: {why}\n")
        return []
    rows = []
    for name, options in (("eager scheduler", LAB), ("default scheduler", AS_IT_COMES)):
        with open_lab(options) as lab, _conductor(bench, lab) as conductor:
            rows += [*_loop(bench, lab, conductor, name), *_crowd(bench, lab, conductor, name)]
    return rows + _questions(bench)


def _loop(bench: Bench, lab: Lab, conductor: Conductor, name: str) -> list[Row]:
    """A fan of no-op sheets beside a loop of sbatch, and jobs of one sheet beside single batch jobs, one after the other."""
    count, one_by_one = bench.size(200, 50), bench.size(20, 3)

    def bare() -> float:
        return _shell(lab, f"for n in $(seq {count}); do {SBATCH} --wrap=true; done; {UNTIL_EMPTY}")

    def single(words: str) -> float:
        return _shell(lab, f"for n in $(seq {one_by_one}); do {words}; done") / one_by_one

    ours, theirs = in_turn(bench.size(3, 1), lambda: _play(conductor, count), bare)
    one, polled, waited = in_turn(
        bench.size(2, 1),
        lambda: sum(_play(conductor, 1) for _ in range(one_by_one)) / one_by_one,
        lambda: single(f"{SBATCH} --wrap=true; {UNTIL_EMPTY}"),
        lambda: single(f"{SBATCH} --wait --wrap=true"),
    )
    what = f"a job of one no-op sheet, {name}"
    return [
        Row("slurm", f"{count} no-op sheets, {name}", ours, "s", theirs, "a loop of sbatch", Target("at most", 1.3)),
        Row("slurm", what, one, "s", polled, "sbatch, then squeue until it is gone", Target("at most", 1.3)),
        Row("slurm", what, one, "s", waited, "sbatch --wait"),
    ]


def _shell(lab: Lab, script: str) -> float:
    """Return the seconds that a shell script takes which has the cluster for itself."""
    eventually(lambda: not lab.jobs(), seconds=300)
    began = time.perf_counter()
    env = {"PATH": PATH, "HOME": str(Path.home()), "LANG": "C.UTF-8", **lab.env}
    subprocess.run(["bash", "-ec", script], env=env, check=True, stdout=subprocess.DEVNULL, cwd="/")
    return time.perf_counter() - began


def _crowd(bench: Bench, lab: Lab, conductor: Conductor, name: str) -> list[Row]:
    """A thousand no-op sheets beside the same by submitit, and how many of them begin a second."""
    count = bench.size(1000, 200)
    python = bench.folder / "submitit" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", str(python.parents[1])], check=True)
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "submitit"]
    has_submitit = subprocess.run([str(python), *install], check=False, capture_output=True).returncode == 0

    def theirs() -> float:
        script = Path(__file__).parents[1] / "baselines" / "submitit_map.py"
        words = [str(python), str(script), str(bench.new_folder()), str(count), str(AT_ONCE)]
        env = {"PATH": PATH, "HOME": str(Path.home()), "USER": "bench", "LANG": "C.UTF-8", **lab.env}
        return float(subprocess.run(words, env=env, check=True, capture_output=True, text=True).stdout.split()[-1])

    began = time.perf_counter()
    job_id = _start(conductor, count, "true")
    _complete(conductor, job_id)
    ours = time.perf_counter() - began
    other = theirs() if has_submitit else None
    starts = Target("at least", 60, "value")
    return [
        Row("slurm", f"{count} no-op sheets on three nodes, {name}", ours, "s", other, "submitit's map_array"),
        Row("slurm", f"sheets that begin a second, {name}", _starts(conductor, job_id), "/s", target=starts),
    ]


def _starts(conductor: Conductor, job_id: str) -> float:
    """Return how many sheets of a job were claimed a second, from the first to the last."""
    claims = (conductor.settings.home / "jobs" / job_id).glob("*")
    moments = sorted((claim / "claim").lstat().st_mtime for claim in claims)
    return len(moments) / (moments[-1] - moments[0])


def _questions(bench: Bench) -> list[Row]:
    """How often Slurm is asked while many attempts run."""
    count, seconds = bench.size(500, 100), bench.size(120, 30)
    path, calls = _counted(bench)
    with open_lab(IN_FLIGHT_LAB) as lab, _conductor(bench, lab, path) as conductor:
        job_id = _start(conductor, count, "sleep 600")
        eventually(lambda: len(lab.jobs(states="R")) == count, seconds=300)
        before = Counter(calls.read_text().split())
        time.sleep(seconds)
        asked = Counter(calls.read_text().split()) - before
        assert until(conductor, job_id, "running")["status"] == "running"
    rate = asked.total() / seconds * 60
    return [Row("slurm", f"questions a minute, {count} in flight", rate, "/min", target=Target("at most", 20, "value"))]


def _counted(bench: Bench) -> tuple[str, Path]:
    """Return a PATH whose commands that ask are counted, and the file that counts them."""
    folder = bench.new_folder()
    calls = folder / "calls"
    calls.touch()
    for name in COUNTED:
        shim = folder / name
        shim.write_text(SHIM.format(name=name, calls=calls, program=f"/usr/bin/{name}"))
        shim.chmod(0o755)
    return f"{folder}:{PATH}", calls


@contextmanager
def _conductor(bench: Bench, lab: Lab, path: str = PATH) -> Iterator[Conductor]:
    home = make_home(bench.new_folder(), engine="slurm", slurm_python=sys.executable)
    running = Conductor(home).start(PATH=path, **lab.env)
    try:
        yield running
    finally:
        running.end()


def _start(conductor: Conductor, count: int, run: str) -> str:
    items = ", ".join(str(number) for number in range(1, count + 1))
    sheets = f"sheets: [{{name: each, foreach: [{items}], run: '{run}', resources: {{memory: 50M}}}}]\n"
    return submit(conductor, f"name: fan\nparallel: {{max_concurrent: 1000}}\n{sheets}")


def _play(conductor: Conductor, count: int) -> float:
    """Return the seconds that a job of so many no-op sheets takes."""
    began = time.perf_counter()
    _complete(conductor, _start(conductor, count, "true"))
    return time.perf_counter() - began


def _complete(conductor: Conductor, job_id: str) -> None:
    view = until(conductor, job_id, "completed", "failed")
    assert view["status"] == "completed", view
