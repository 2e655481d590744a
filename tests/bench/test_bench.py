"""The bench itself: its arithmetic, its seeded homes, and one short figure from end to end. No figure is judged here."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from podium.settings import Settings
from tests.bench.figures.peers import Peer, is_there
from tests.bench.measuring import in_turn
from tests.bench.report import Row, Target, table
from tests.bench.seed import job_id_of, seed
from tests.support.podium_home import Conductor, ask

REPOSITORY = Path(__file__).parents[2]


def test_runs_take_turns_and_their_medians_count() -> None:
    order: list[str] = []
    samples = {"a": iter([1.0, 9.0, 2.0]), "b": iter([5.0, 4.0, 6.0])}

    def run(name: str) -> float:
        order.append(name)
        return next(samples[name])

    assert in_turn(3, lambda: run("a"), lambda: run("b")) == (2.0, 5.0)
    assert "".join(order) == "abbaab"


def test_a_target_bounds_the_ratio_or_the_value_and_a_row_without_one_is_not_judged() -> None:
    assert Row("f", "w", 3.0, "ms", 2.0, "bare", Target("at most", 1.5)).met is True
    assert Row("f", "w", 3.2, "ms", 2.0, "bare", Target("at most", 1.5)).met is False
    assert Row("f", "w", 30.0, "jobs/s", 100.0, "bare", Target("at least", 0.35)).met is False
    assert Row("f", "w", 59.0, "MiB", target=Target("at most", 60.0, "value")).met is True
    assert Row("f", "w", 59.0, "MiB").met is None


def test_the_table_has_a_line_a_row_with_its_baseline_and_verdict() -> None:
    lines = table([Row("health", "round trip", 3.2, "ms", 2.0, "bare echo", Target("at most", 1.5))]).splitlines()
    assert " ".join(lines[-1].split()) == "health round trip 3.2 ms 2 ms (bare echo) 1.60 at most 1.5 x NO"


def test_a_conductor_takes_up_a_seeded_home(home: Settings) -> None:
    seed(home.home, 3)
    conductor = Conductor(home).start()
    try:
        page = ask(home.socket, "job.list", {"limit": 10})
        log = ask(home.socket, "job.log", {"job_id": job_id_of(2)})
    finally:
        conductor.end()
    assert [job["job_id"] for job in page["jobs"]] == [job_id_of(3), job_id_of(2), job_id_of(1)]
    assert {job["status"] for job in page["jobs"]} == {"completed"}
    assert log["lines"][-1]["text"] == "line 200 of what a sheet wrote"


def test_a_program_that_is_not_installed_is_left_out_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert is_there(Peer("bash", "bash", lambda bench, folder, count: 0.0))
    assert not is_there(Peer("a queue", "no-such-program", lambda bench, folder, count: 0.0))
    assert capsys.readouterr().err == "  left out, a queue: no-such-program is not installed\n"


def test_one_figure_runs_and_is_written_down(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "tests.bench",
        "--quick",
        "--only",
        "health",
        "--output",
        str(tmp_path / "bench.json"),
    ]
    done = subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, text=True)
    rows = json.loads((tmp_path / "bench.json").read_text())["rows"]
    assert {row["figure"] for row in rows} == {"health"}
    assert all(row["ratio"] > 0 for row in rows)
    assert "health round trip" in done.stdout
