"""Memory of the conductor, its keeper and its reader: idle, and again idle after much work."""

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from tests.bench.figures.jobs import run_jobs
from tests.bench.figures.sheets import run_sheets
from tests.bench.figures.wire import CLIENTS
from tests.bench.machine import Bench
from tests.bench.measuring import MIB, Usage, children_of
from tests.bench.peers import Ends, Line
from tests.bench.report import Row, Target
from tests.support.podium_home import Conductor, ask

START_SECONDS = 3.0
REST_SECONDS = 65.0  # the conductor gives memory back when it has looked around and found nothing running


def memory(bench: Bench) -> list[Row]:
    """Measure before and after a thousand jobs, one large job, and five hundred clients that list and ask."""
    with bench.conductor() as conductor:
        time.sleep(START_SECONDS)
        idle = Usage.of(conductor.pid).resident_mb
        with Ends(conductor.settings.socket) as ends:
            run_jobs(conductor, ends, 1)
            hands, eyes = _shares(conductor, "keeper", "guard"), _shares(conductor, "reader")
            run_jobs(conductor, ends, bench.size(1000, 200))
            run_sheets(conductor, ends, bench.size(10_000, 500))
        _crowd(conductor)
        busy = Usage.of(conductor.pid).resident_mb
        time.sleep(REST_SECONDS)
        after = Usage.of(conductor.pid).resident_mb
    return [
        Row("memory", "idle, with keeper and guard", idle + hands, "MiB", target=Target("at most", 60.0, "value")),
        Row(
            "memory",
            "with the reader",
            idle + hands + eyes,
            "MiB",
            target=Target("at most", 110.0, "value"),
        ),
        Row("memory", "at the end of the work", busy, "MiB"),
        Row("memory", "idle after it, above idle before", after - idle, "MiB", target=Target("at most", 15.0, "value")),
    ]


def _shares(conductor: Conductor, *roles: str) -> float:
    """Return the MiB of processes that the conductor names, and of their children; a page that several share counts once."""
    told = ask(conductor.settings.socket, "daemon.status")["processes"]
    pids = {pid for each in told if each["role"] in roles for pid in _with_children(each["pid"])}
    parts = [re.search(r"Pss: +(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text()) for pid in pids]
    return sum(int(part[1]) for part in parts if part) * 1024 / MIB


def _with_children(pid: int) -> Iterator[int]:
    yield pid
    for child in children_of(pid):
        yield from _with_children(child)


def _crowd(conductor: Conductor) -> None:
    """Have many clients connected at once, each with a list of jobs."""
    with ExitStack() as crowd:
        lines = [crowd.enter_context(Line(conductor.settings.socket).shake_hands()) for _ in range(CLIENTS - 1)]
        for line in lines:
            line.ask("job.list")
