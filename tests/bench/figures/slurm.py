"""Sheets on a real Slurm cluster beside the same no-ops by bare sbatch and by submitit, on the same cluster in the same run.

Two kinds of them: the scheduler starts what waits at once, or it is as without any settings, and looks every few seconds.
"""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.bench.machine import Bench
from tests.bench.measuring import in_turn, output_of
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
EAGER_SECONDS = 1.0  # between two looks of the eager scheduler
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
        with _cluster(bench, options) as (lab, conductor):
            rows += [*_fan(bench, lab, conductor, name), *_crowd(bench, conductor, name)]
            rows += _singles(bench, lab, conductor) if options is LAB else []
    return [*rows, *_map_array(bench), *_questions(bench)]


def _fan(bench: Bench, lab: Lab, conductor: Conductor, name: str) -> list[Row]:
    """A fan of no-op sheets beside a loop of sbatch."""
    count = bench.size(200, 50)
    script = f"for n in $(seq {count}); do {SBATCH} --wrap=true; done; {UNTIL_EMPTY}"
    ours, theirs = in_turn(bench.size(3, 1), lambda: _play(conductor, count), lambda: _shell(bench, lab, script))
    what, limit = f"{count} no-op sheets, {name}", Target("at most", 1.3)
    return [Row("slurm", what, ours, "s", theirs, "a loop of sbatch", limit)]


def _singles(bench: Bench, lab: Lab, conductor: Conductor) -> list[Row]:
    """Jobs of one sheet beside single batch jobs, one after the other.

    A scheduler looks from time to time, so what a job takes depends on when it comes. They come at moments spread over that time:
    one right after the other they would all come at the same. The default scheduler looks so seldom that it hides all else.
    """
    count = bench.size(20, 3)

    def spread(play: Callable[[], float], count: int) -> float:
        seconds = 0.0
        for number in range(count):
            eventually(lambda: not lab.jobs(), seconds=300)
            time.sleep(EAGER_SECONDS * number / count)
            seconds += play()
        return seconds / count

    ours, polled, waited = in_turn(
        bench.size(2, 1),
        lambda: spread(lambda: _play(conductor, 1), count),
        lambda: spread(lambda: _shell(bench, lab, f"{SBATCH} --wrap=true; {UNTIL_EMPTY}"), count),
        # It looks only every two seconds.
        lambda: spread(lambda: _shell(bench, lab, f"{SBATCH} --wait --wrap=true"), max(1, count // 4)),
    )
    what, limit = "a job of one no-op sheet, eager scheduler", Target("at most", 1.3)
    return [
        Row("slurm", what, ours, "s", polled, "sbatch, then squeue until it is gone", limit),
        Row("slurm", what, ours, "s", waited, "sbatch --wait"),
    ]


def _shell(bench: Bench, lab: Lab, script: str) -> float:
    """Return the seconds that a shell script takes which has the cluster for itself."""
    eventually(lambda: not lab.jobs(), seconds=300)
    began = time.perf_counter()
    output_of(bench.interrupts, ["bash", "-ec", script], lab.environment())
    return time.perf_counter() - began


def _crowd(bench: Bench, conductor: Conductor, name: str) -> list[Row]:
    """How many of a thousand no-op sheets begin a second."""
    job_id = _start(conductor, bench.size(1000, 200), "true")
    _complete(conductor, job_id)
    starts = Target("at least", 60, "value")
    return [Row("slurm", f"sheets that begin a second, {name}", _starts(conductor, job_id), "/s", target=starts)]


def _map_array(bench: Bench) -> list[Row]:
    """A thousand no-op sheets beside the same by submitit, if it can be installed: it starts a Python for each."""
    count = bench.size(1000, 50)
    python = bench.folder / "submitit" / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "submitit"]
    output_of(bench.interrupts, [sys.executable, "-m", "venv", str(python.parents[1])])
    try:
        output_of(bench.interrupts, install, stderr=subprocess.DEVNULL)
    except subprocess.CalledProcessError:
        sys.stderr.write("slurm: submitit is left out: it cannot be installed\n")
        return []
    with _cluster(bench, LAB) as (lab, conductor):
        script = Path(__file__).parents[1] / "baselines" / "submitit_map.py"
        words = [str(python), str(script), str(bench.new_folder()), str(count), str(AT_ONCE)]
        ours = _play(conductor, count)
        eventually(lambda: not lab.jobs(), seconds=300)
        theirs = float(
            output_of(
                bench.interrupts, words, {**lab.environment(), "USER": "bench"}, stderr=subprocess.DEVNULL
            ).split()[-1]
        )
    return [Row("slurm", f"{count} no-op sheets on three nodes", ours, "s", theirs, "submitit's map_array")]


def _starts(conductor: Conductor, job_id: str) -> float:
    """Return how many sheets of a job were claimed a second, from the first to the last."""
    claims = (conductor.settings.home / "jobs" / job_id).glob("*")
    moments = sorted((claim / "claim").lstat().st_mtime for claim in claims)
    return len(moments) / (moments[-1] - moments[0])


def _questions(bench: Bench) -> list[Row]:
    """How often Slurm is asked while many attempts run."""
    count, seconds = bench.size(500, 100), bench.size(60, 30)
    path, calls = _counted(bench)
    with _cluster(bench, IN_FLIGHT_LAB, path) as (lab, conductor):
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
def _cluster(bench: Bench, options: LabOptions, path: str = PATH) -> Iterator[tuple[Lab, Conductor]]:
    """Run a cluster, and a conductor whose sheets run there."""
    home = make_home(bench.new_folder(), engine="slurm", slurm_python=sys.executable)
    with bench.interrupts.whole(open_lab(options)) as lab, bench.ended(Conductor(home)) as conductor:
        with bench.interrupts.held():
            conductor.start(PATH=path, **lab.env)
        yield lab, conductor


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
