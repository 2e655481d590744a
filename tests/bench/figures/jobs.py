"""Jobs of one sheet: submit to acknowledged, one job end to end, and a thousand at once."""

import time
from contextlib import closing

from tests.bench.baselines.commit import Commits
from tests.bench.machine import ONE_SHEET, Bench
from tests.bench.measuring import Usage, in_turn, mean_ms
from tests.bench.peers import Ends, Line
from tests.bench.report import Row, Target
from tests.support.podium_home import Conductor


def submit(bench: Bench) -> list[Row]:
    """Measure jobs that come one after another."""
    count = bench.size(20, 10)
    with bench.conductor() as conductor, Ends(conductor.settings.socket) as ends, _line(conductor) as line:
        with closing(Commits(bench.new_folder())) as commits:

            def acknowledged() -> float:
                before = ends.count
                taken = mean_ms(lambda: line.submit_all([ONE_SHEET]), count)
                ends.until(before + count)
                return taken

            def end_to_end() -> float:
                def one() -> None:
                    before = ends.count
                    line.submit_all([ONE_SHEET])
                    ends.until(before + 1)

                return mean_ms(one, count)

            acked, committed = in_turn(bench.rounds, acknowledged, lambda: mean_ms(commits.commit, count))
        whole, spawned = in_turn(
            bench.rounds, end_to_end, lambda: bench.bare_spawn_seconds(count, at_once=1) / count * 1000
        )
    return [
        Row("submit", "submit to acknowledged", acked, "ms", committed, "one bare durable commit"),
        Row("submit", "one-sheet job, submit to end", whole, "ms", spawned, "one bare spawn and wait"),
    ]


def jobs(bench: Bench) -> list[Row]:
    """Measure many jobs at once against a loop that only spawns and waits."""
    count = bench.size(1000, 200)
    cpu: list[float] = []
    with bench.conductor() as conductor, Ends(conductor.settings.socket) as ends:

        def ours() -> float:
            before = Usage.of(conductor.pid)
            seconds = run_jobs(conductor, ends, count)
            cpu.append((Usage.of(conductor.pid).cpu_seconds - before.cpu_seconds) / count * 1000)
            return count / seconds

        rate, bare = in_turn(bench.size(3, 2), ours, lambda: count / bench.bare_spawn_seconds(count))
    return [
        Row(
            "jobs", f"{count} one-sheet jobs at once", rate, "jobs/s", bare, "bare spawn loop", Target("at least", 0.45)
        ),
        Row(
            "jobs",
            "CPU of the conductor a job",
            sorted(cpu)[len(cpu) // 2],
            "ms",
            target=Target("at most", 0.6, "value"),
        ),
    ]


def run_jobs(conductor: Conductor, ends: Ends, count: int) -> float:
    """Submit so many jobs at once and return the seconds until all have ended."""
    before, began = ends.count, time.perf_counter()
    with _line(conductor) as line:
        line.submit_all([ONE_SHEET] * count)
        ends.until(before + count)
    return time.perf_counter() - began


def _line(conductor: Conductor) -> Line:
    return Line(conductor.settings.socket).shake_hands()
