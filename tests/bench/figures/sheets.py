"""The price of a sheet in jobs of a hundred, a thousand and ten thousand of them."""

import statistics
import time
from collections.abc import Iterator

from tests.bench.machine import Bench, sheets_score
from tests.bench.measuring import Usage, in_turn
from tests.bench.peers import Ends, Line
from tests.bench.report import Row, Target
from tests.support.podium_home import Conductor

Sample = tuple[float, float]  # milliseconds a sheet: wall clock, CPU of the conductor


def sheets(bench: Bench) -> list[Row]:
    """Measure jobs of growing size; the bare loop and the smallest job run before and after each larger one."""
    sizes = bench.size(100, 50), bench.size(1000, 200), bench.size(10_000, 500)
    found: dict[int, list[Sample]] = {size: [] for size in sizes}
    bare: list[float] = []
    with bench.conductor() as conductor, Ends(conductor.settings.socket) as ends:
        for size in _order(sizes, bench):
            bare.append(bench.bare_spawn_seconds(300) / 300 * 1000)
            found[size].append(run_sheets(conductor, ends, size))
    return list(_rows(found, statistics.median(bare)))


def one_job(bench: Bench) -> list[Row]:
    """Measure one job of many sheets that may all run at once against a loop that only spawns and waits."""
    count = bench.size(2000, 200)
    with bench.conductor() as conductor, Ends(conductor.settings.socket) as ends:
        ours, bare = in_turn(
            bench.size(3, 2),
            lambda: 1000 / run_sheets(conductor, ends, count)[0],
            lambda: count / bench.bare_spawn_seconds(count),
        )
    return [
        Row("one_job", f"one job of {count} sheets", ours, "sheets/s", bare, "bare spawn loop", Target("at least", 0.6))
    ]


def _order(sizes: tuple[int, int, int], bench: Bench) -> list[int]:
    small, middle, large = sizes
    some = [small, small, middle, small, small]
    return [*some, *some, large, *some, *some] if not bench.quick else [*some, large, small, small]


def run_sheets(conductor: Conductor, ends: Ends, count: int) -> Sample:
    """Run a job of so many sheets and return what a sheet took."""
    before, first, began = Usage.of(conductor.pid), ends.count, time.perf_counter()
    with Line(conductor.settings.socket).shake_hands() as line:
        line.submit_all([sheets_score(count)])
        ends.until(first + 1)
    wall = time.perf_counter() - began
    return wall / count * 1000, (Usage.of(conductor.pid).cpu_seconds - before.cpu_seconds) / count * 1000


def _rows(found: dict[int, list[Sample]], bare: float) -> Iterator[Row]:
    walls = {size: statistics.median(wall for wall, _ in samples) for size, samples in found.items()}
    used = {size: statistics.median(cpu for _, cpu in samples) for size, samples in found.items()}
    small, large = min(found), max(found)
    for size in found:
        yield Row("sheets", f"wall a sheet, job of {size}", walls[size], "ms", bare, "bare spawn loop")
    for size in found:
        own = walls[size] - bare
        yield Row("sheets", f"own cost a sheet, job of {size}", own, "ms", target=Target("at most", 3.0, "value"))
        yield Row("sheets", f"CPU of the conductor a sheet, job of {size}", used[size], "ms")
    flat = Target("at most", 1.2)
    yield Row("sheets", f"wall a sheet, {large} to {small}", walls[large], "ms", walls[small], f"job of {small}", flat)
    yield Row("sheets", f"CPU a sheet, {large} to {small}", used[large], "ms", used[small], f"job of {small}", flat)
