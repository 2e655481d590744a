"""The example scores do what the page beside each of them says that one sees."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from podium.settings import Settings
from tests.support.fault_jobs import told
from tests.support.jobs import sheets_of, until
from tests.support.podium_home import Conductor
from tests.support.source_tree import REPOSITORY


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the examples, where their workspaces do not matter."""
    folder = tmp_path_factory.mktemp("copied") / "examples"
    shutil.copytree(REPOSITORY / "examples", folder, ignore=shutil.ignore_patterns("out"))
    return folder


@pytest.fixture
def conductor_with_agent(home: Settings, copied: Path) -> Iterator[Conductor]:
    """A conductor that finds the example's stand-in for a coding agent."""
    conductor = Conductor(home).start(PATH=f"{copied / 'agents' / 'bin'}{os.pathsep}{os.environ['PATH']}")
    yield conductor
    conductor.end()


def run(conductor: Conductor, score: Path, *ends: str) -> str:
    job_id: str = told(conductor, "job.submit", config_path=str(score))["job_id"]
    until(conductor, job_id, *ends)
    return job_id


def log(conductor: Conductor, job_id: str, sheet: str) -> list[str]:
    lines = told(conductor, "job.log", job_id=job_id, sheet=sheet, mode="head")["lines"]
    return [str(line["text"]) for line in lines]


def states(sheets: dict[str, dict[str, Any]]) -> set[tuple[str, int]]:
    return {(sheet["status"], sheet["attempts"]) for sheet in sheets.values()}


def test_the_pipeline_cleans_each_region_and_reports(conductor: Conductor, copied: Path) -> None:
    job_id = run(conductor, copied / "pipeline" / "pipeline.yaml", "completed")
    sheets = sheets_of(conductor, job_id)
    assert list(sheets) == [
        "extract",
        *(f"clean[{each}]" for each in ("north", "south", "east", "west")),
        "totals",
        "report",
    ]
    assert states(sheets) == {("completed", 1)}
    report = (copied / "pipeline" / "out" / "report.md").read_text()
    assert report.startswith("# Sales\n")
    assert report.count("\n| ") == 5


def test_the_training_goes_on_from_its_checkpoint_after_it_was_lost(conductor: Conductor, copied: Path) -> None:
    job_id = run(conductor, copied / "training" / "training.yaml", "completed")
    sheets = sheets_of(conductor, job_id)
    assert {name: sheet["attempts"] for name, sheet in sheets.items()} == {"train": 2, "evaluate": 1, "export": 1}
    said = log(conductor, job_id, "train")
    assert said[0] == "going on from epoch 15"
    assert [line.split()[1] for line in said[1:]] == [f"{epoch}/40" for epoch in range(16, 41)]


def test_the_ci_tests_with_each_seed_and_runs_what_it_built(conductor: Conductor, copied: Path) -> None:
    job_id = run(conductor, copied / "repository-ci" / "ci.yaml", "completed")
    assert list(sheets_of(conductor, job_id)) == ["compile", "style", "tests[0]", "tests[1]", "tests[2]", "build"]
    assert log(conductor, job_id, "build") == ["42"]


def test_the_ci_fails_with_a_broken_test_and_builds_nothing(conductor: Conductor, copied: Path, tmp_path: Path) -> None:
    folder = tmp_path / "repository-ci"
    shutil.copytree(copied / "repository-ci", folder, ignore=shutil.ignore_patterns("out"))
    test = folder / "project" / "test_app.py"
    test.write_text(test.read_text().replace('["2", "2"]), 4', '["2", "2"]), 5'))
    sheets = sheets_of(conductor, run(conductor, folder / "ci.yaml", "failed"))
    assert sheets["build"]["status"] == "skipped"
    assert sheets["style"]["status"] == "completed"
    assert {sheets[f"tests[{seed}]"]["status"] for seed in range(3)} == {"failed"}


def test_the_sweep_runs_every_point_and_picks_the_best(conductor: Conductor, copied: Path) -> None:
    job_id = run(conductor, copied / "sweep" / "sweep.yaml", "completed")
    sheets = sheets_of(conductor, job_id)
    assert len(sheets) == 13
    assert states(sheets) == {("completed", 1)}
    table = log(conductor, job_id, "best")
    assert len(table) == 12
    assert table[0].split()[0] == "0.2"


def test_the_cores_count_together_what_each_counted_with_a_processor_of_its_own(
    conductor: Conductor, copied: Path
) -> None:
    plan = told(conductor, "job.validate", config_path=str(copied / "cores" / "cores.yaml"))["plan"]
    assert {sheet["resources"] for sheet in plan["sheets"]} == {
        "cpus 1, memory 64M, time 5 min",
        "cpus 1, memory 64M, time 30 s",
    }
    job_id = run(conductor, copied / "cores" / "cores.yaml", "completed")
    sheets = sheets_of(conductor, job_id)
    assert len(sheets) == 5
    assert states(sheets) == {("completed", 1)}
    assert log(conductor, job_id, "total") == ["17984"]


def test_the_agents_wait_for_a_person_before_anything_is_published(
    conductor_with_agent: Conductor, copied: Path
) -> None:
    conductor = conductor_with_agent
    job_id = run(conductor, copied / "agents" / "agents.yaml", "paused")
    job = told(conductor, "job.status", job_id=job_id, sheets=False)
    assert "Is review.md fit to be published?" in str(job)
    out = copied / "agents" / "out"
    assert (out / "review.md").read_text() == "# Review\n\n- 3 lines were read\n\n## Verdict\n\nGood enough.\n"
    assert not (out / "words.txt").exists()
    told(conductor, "job.resume", job_id=job_id)
    until(conductor, job_id, "completed")
    assert log(conductor, job_id, "publish") == ["review.md has 11 words"]
