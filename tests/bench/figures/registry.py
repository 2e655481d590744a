"""Calls that look at jobs, with a hundred and a hundred thousand of them in the registry."""

from pathlib import Path
from typing import Any

from tests.bench.machine import Bench
from tests.bench.measuring import in_turn, mean_ms
from tests.bench.peers import Line, request
from tests.bench.report import Row, Target
from tests.bench.seed import job_id_of, seed
from tests.support.podium_home import make_home

FEW = 100


def registry(bench: Bench) -> list[Row]:
    """Measure status, list and log calls on a short and on a long registry, in turn."""
    many = bench.size(100_000, 10_000)
    with (
        bench.conductor(_seeded(bench, FEW)) as short,
        bench.conductor(_seeded(bench, many)) as long,
        Line(short.settings.socket).shake_hands() as few,
        Line(long.settings.socket).shake_hands() as lots,
    ):
        return [
            _row(bench, what, (few, request(*_call(what, FEW))), (lots, request(*_call(what, many))), many)
            for what in ("status", "status with sheets", "list of 20", "list of 20 by status", "log")
        ]


def _seeded(bench: Bench, count: int) -> Path:
    folder = bench.new_folder()
    seed(make_home(folder).home, count)
    return folder


def _call(what: str, jobs: int) -> tuple[str, dict[str, Any]]:
    """Return a call that looks at a job in the middle of the newest hundred."""
    job = {"job_id": job_id_of(jobs - 50)}
    calls: dict[str, tuple[str, dict[str, Any]]] = {
        "status": ("job.status", {**job, "sheets": False}),
        "status with sheets": ("job.status", {**job, "sheets": False, "sheets_limit": 50}),
        "list of 20": ("job.list", {"limit": 20}),
        "list of 20 by status": ("job.list", {"limit": 20, "status": "completed"}),
        "log": ("job.log", job),
    }
    return calls[what]


def _row(bench: Bench, what: str, few: tuple[Line, bytes], lots: tuple[Line, bytes], many: int) -> Row:
    calls = bench.size(100, 30)
    for line, call in (few, lots):
        answer = line.exchange(call)
        assert b'"result"' in answer, answer
    slow, fast = in_turn(
        bench.rounds,
        lambda: mean_ms(lambda: lots[0].exchange(lots[1]), calls),
        lambda: mean_ms(lambda: few[0].exchange(few[1]), calls),
    )
    target = None if what == "log" else Target("at most", 1.5)
    return Row("registry", f"{what}, {many} jobs", slow, "ms", fast, f"{FEW} jobs", target)
