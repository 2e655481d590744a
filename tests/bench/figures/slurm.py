"""Sheets on a real Slurm cluster beside the same no-ops by bare sbatch and by submitit, on the same cluster in the same run."""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
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
IN_FLIGHT_LAB = LabOptions(cpus=170, memory_mb=17_000)
COUNTED = ("squeue", "sacct", "scontrol")
SHIM = '#!/bin/sh\necho {name} >>{calls}\nexec {program} "$@"\n'
SBATCH = ("sbatch", "--parsable", "--no-requeue", "--output=/dev/null", "--chdir=/")


def slurm(bench: Bench) -> list[Row]:
    """Measure all of it; without Slurm there are no rows."""
    if why := missing():
        sys.stderr.write(f"slurm: not measured: {why}\n")
        return []
    with open_lab(LAB) as lab, _conductor(bench, lab) as conductor:
        rows = [*_loop(bench, lab, conductor), *_crowd(bench, lab, conductor)]
    return rows + _questions(bench)


def _loop(bench: Bench, lab: Lab, conductor: Conductor) -> list[Row]:
    """A fan of no-op sheets beside a loop of sbatch, and one sheet beside one sbatch."""
    count = bench.size(200, 50)

    def bare(number: int) -> float:
        began = time.perf_counter()
        jobs = [lab.run(*SBATCH, "--wrap=true").strip() for _ in range(number)]
        eventually(lambda: not lab.jobs(), seconds=300)
        assert len(jobs) == number
        return time.perf_counter() - began

    rounds = bench.size(3, 1)
    ours, theirs = in_turn(rounds, lambda: _play(conductor, count), lambda: bare(count))
    one, one_bare = in_turn(rounds, lambda: _play(conductor, 1), lambda: bare(1))
    return [
        Row("slurm", f"{count} no-op sheets", ours, "s", theirs, "a loop of sbatch", Target("at most", 1.3)),
        Row("slurm", "a job of one no-op sheet", one, "s", one_bare, "one sbatch"),
    ]


def _crowd(bench: Bench, lab: Lab, conductor: Conductor) -> list[Row]:
    """A thousand no-op sheets beside the same by submitit."""
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

    if has_submitit:
        ours, other = in_turn(1, lambda: _play(conductor, count), theirs)
    else:
        ours, other = _play(conductor, count), None
    return [
        Row("slurm", f"{count} no-op sheets on three nodes", ours, "s", other, "submitit's map_array"),
        Row("slurm", "sheets that end a second", count / ours, "/s", target=Target("at least", 60, "value")),
    ]


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
    view = until(conductor, _start(conductor, count, "true"), "completed", "failed")
    assert view["status"] == "completed", view
    return time.perf_counter() - began
