"""The same jobs on programs that people use instead, as far as they are installed. Nothing is installed here.

Each runs `bash` on one script so many times, 16 at once. `durable` are those that keep what was submitted over a power loss.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.bench.figures.jobs import run_jobs
from tests.bench.machine import AT_ONCE, Bench
from tests.bench.measuring import in_turn, seconds_of
from tests.bench.peers import Ends
from tests.bench.report import Row, Target

SECONDS = 600
HUEY = Path(__file__).parents[1] / "baselines" / "huey_jobs.py"

# One queue for each job that may run at once; each is filled and waited for by a shell of its own.
_NQ = """
for queue in $(seq {at_once}); do (
    export NQDIR={folder}/$queue; mkdir "$NQDIR"
    for job in $(seq $((({count} + {at_once} - $queue) / {at_once}))); do nq -q /bin/bash {script}; done
    nq -w
) & done; wait
"""
_TASK_SPOOLER = """
export TS_SOCKET={folder}/socket TMPDIR={folder} TS_MAXFINISHED=100000
tsp -S {at_once}
for job in $(seq {count}); do tsp /bin/bash {script} >/dev/null; done
for job in $(seq $(({count} - 2 * {at_once})) $(({count} - 1))); do tsp -w $job; done
tsp -K
"""
_XARGS = "yes {script} | head -n {count} | xargs -P {at_once} -n 1 /bin/bash"


@dataclass(frozen=True)
class Peer:
    """A program to compare with: the command that has to be there, and the one that runs so many jobs in a folder."""

    what: str
    program: str
    run: Callable[[Bench, Path, int], float]
    durable: bool = False


def peers(bench: Bench, huey_python: str) -> list[Row]:
    """Measure ours, the bare loop and what is installed, in turn; say on stderr what is missing."""
    count = bench.size(1000, 200)
    there = [peer for peer in _all(huey_python) if is_there(peer)]
    with bench.conductor() as conductor, Ends(conductor.settings.socket) as ends:
        bare, ours, *rest = (
            count / seconds
            for seconds in in_turn(
                bench.size(5, 2),
                lambda: bench.bare_spawn_seconds(count),
                lambda: run_jobs(conductor, ends, count),
                *(lambda peer=peer: peer.run(bench, bench.new_folder(), count) for peer in there),
            )
        )
    rates = dict(zip(there, rest, strict=True))
    rows = [Row("peers", f"{count} one-sheet jobs: this conductor", ours, "jobs/s", bare, "bare spawn loop")]
    rows += [Row("peers", peer.what, rate, "jobs/s", bare, "bare spawn loop") for peer, rate in rates.items()]
    if durable := {rate: peer.what for peer, rate in rates.items() if peer.durable}:
        best = max(durable)
        rows.append(
            Row("peers", "to the best durable one", ours, "jobs/s", best, durable[best], Target("at least", 1.0))
        )
    return rows


def _all(huey_python: str) -> list[Peer]:
    def huey(bench: Bench, folder: Path, count: int) -> float:
        words = [huey_python, str(HUEY), str(folder), str(count), str(AT_ONCE), str(bench.script)]
        return float(subprocess.run(words, check=True, capture_output=True, text=True, timeout=SECONDS).stdout)

    return [
        Peer("huey on SQLite with fsync", huey_python, huey, durable=True),
        Peer(f"nq, {AT_ONCE} queues", "nq", _shell(_NQ)),
        Peer("task-spooler", "tsp", _shell(_TASK_SPOOLER)),
        Peer("xargs -P", "xargs", _shell(_XARGS)),
    ]


def _shell(text: str) -> Callable[[Bench, Path, int], float]:
    def run(bench: Bench, folder: Path, count: int) -> float:
        script = text.format(folder=folder, count=count, at_once=AT_ONCE, script=bench.script)
        words = ["/bin/bash", "-c", script]
        return seconds_of(lambda: subprocess.run(words, check=True, stdout=subprocess.DEVNULL, timeout=SECONDS))

    return run


def is_there(peer: Peer) -> bool:
    """Return whether a program can be run here; say on stderr what is missing."""
    missing = f"{peer.what}: {peer.program} is not installed"
    found = shutil.which(peer.program) is not None
    if found and "huey" in peer.what:
        looked = subprocess.run([peer.program, "-c", "import huey"], check=False, capture_output=True, env=os.environ)
        found, missing = (
            looked.returncode == 0,
            f"{peer.what}: {peer.program} has no huey (--huey-python names another)",
        )
    if not found:
        sys.stderr.write(f"  left out, {missing}\n")
    return found
