"""From the start of a conductor to its first answer, with an empty and with a full registry."""

import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.bench.machine import Bench
from tests.bench.measuring import in_turn, seconds_of
from tests.bench.report import Row, Target
from tests.bench.seed import seed
from tests.support.podium_home import Conductor, make_home

LOOK_SECONDS = 0.002
READY = Target("at most", 0.6, "value")


def start(bench: Bench) -> list[Row]:
    """Measure starts on homes that were used before, in turn."""
    jobs = bench.size(10_000, 1_000)
    homes = [_seeded(bench, 0), _seeded(bench, jobs), _seeded(bench, jobs, paused=True)]
    empty, ended, paused, python = in_turn(
        bench.size(5, 3),
        *(lambda home=home: _start_seconds(bench, home) for home in homes),
        lambda: seconds_of(lambda: subprocess.run([sys.executable, "-c", "import asyncio"], check=True)),
    )
    return [
        Row("start", "start to ready, no jobs", empty, "s", python, "python that imports asyncio"),
        Row("start", f"start to ready, {jobs} ended jobs", ended, "s", empty, "no jobs", READY),
        Row("start", f"start to ready, {jobs} paused jobs", paused, "s", empty, "no jobs", READY),
    ]


def _seeded(bench: Bench, count: int, *, paused: bool = False) -> Path:
    folder = bench.new_folder()
    seed(make_home(folder).home, count, paused=paused)
    return folder


def _start_seconds(bench: Bench, folder: Path) -> float:
    with bench.ended(Conductor(make_home(folder))) as conductor:
        began = time.perf_counter()
        with bench.interrupts.held():
            conductor.launch()
        while not _accepts(conductor.settings.socket):
            time.sleep(LOOK_SECONDS)
        assert conductor.answers()
        return time.perf_counter() - began


def _accepts(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0
