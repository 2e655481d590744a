"""Resident memory of the conductor: idle, and again idle after much work."""

import time
from contextlib import ExitStack

from tests.bench.figures.jobs import run_jobs
from tests.bench.figures.sheets import run_sheets
from tests.bench.figures.wire import CLIENTS
from tests.bench.machine import Bench
from tests.bench.measuring import Usage
from tests.bench.peers import Ends, Line
from tests.bench.report import Row, Target
from tests.support.podium_home import Conductor

START_SECONDS = 3.0
REST_SECONDS = 65.0  # the conductor gives memory back when it has looked around and found nothing running


def memory(bench: Bench) -> list[Row]:
    """Measure before and after a thousand jobs, one large job, and five hundred clients that list and ask."""
    with bench.conductor() as conductor:
        time.sleep(START_SECONDS)
        idle = Usage.of(conductor.pid).resident_mb
        with Ends(conductor.settings.socket) as ends:
            run_jobs(conductor, ends, bench.size(1000, 200))
            run_sheets(conductor, ends, bench.size(10_000, 500))
        _crowd(conductor)
        busy = Usage.of(conductor.pid).resident_mb
        time.sleep(REST_SECONDS)
        after = Usage.of(conductor.pid).resident_mb
    return [
        Row("memory", "idle", idle, "MiB", target=Target("at most", 60.0, "value")),
        Row("memory", "at the end of the work", busy, "MiB"),
        Row("memory", "idle after it, above idle before", after - idle, "MiB", target=Target("at most", 15.0, "value")),
    ]


def _crowd(conductor: Conductor) -> None:
    """Have many clients connected at once, each with a list of jobs."""
    with ExitStack() as crowd:
        lines = [crowd.enter_context(Line(conductor.settings.socket).shake_hands()) for _ in range(CLIENTS - 1)]
        for line in lines:
            line.ask("job.list")
