"""`podium doctor --engine slurm` on a real cluster: it sees a node by a real job, and leaves nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from podium.cli.commands.doctor.cluster import examine_slurm
from podium.cli.views.doctor import Finding
from podium.settings import load
from tests.support.podium_home import until
from tests.support.slurm.lab import Lab

# What this cluster is not: its folder and its nodes are on this machine, and it tracks processes without cgroups.
NOTES = {"file system", "ProctrackType"}


@pytest.fixture
def shared(lab: Lab, short_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The shared folder of a user of the cluster. Nothing is in it in the end, nor in the queue."""
    for name, value in lab.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PODIUM_SLURM_FOLDER", str(short_tmp))
    yield short_tmp
    assert not list(short_tmp.iterdir())
    until(lambda: not any("podium-doctor" in line for line in lab.jobs()))  # one that has answered may be ending


def examine(wait_seconds: float = 60, **settings: str) -> dict[str, Finding]:
    return {each.what: each for each in examine_slurm(load(**settings), wait_seconds)}


def test_a_node_is_looked_at_by_a_real_job(lab: Lab, shared: Path) -> None:
    found = examine()
    assert {name for name, each in found.items() if each.verdict != "ok"} == NOTES
    assert any(f"answered from node {node} " in found["job"].found for node in lab.nodes)
    assert {"python there", "bash there", "user there", "clock there"} < set(found)


def test_a_job_that_finds_no_node_is_told_with_the_reason_of_the_cluster(lab: Lab, shared: Path) -> None:
    lab.run("scontrol", "update", f"nodename={','.join(lab.nodes)}", "state=drain", "reason=test")
    found = examine(wait_seconds=1)
    assert (found["partitions"].verdict, found["job"].verdict) == ("note", "note")
    assert "DOWN, DRAINED or reserved" in found["job"].found or "ReqNodeNotAvail" in found["job"].found


def test_a_cluster_that_refuses_is_quoted(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SBATCH_PARTITION", "nope")
    found = examine()["job"]
    assert (found.verdict, "nvalid partition" in found.found) == ("fail", True)
    assert found.found.startswith("sbatch says: ")
    assert found.found.endswith(" (with SBATCH_PARTITION=nope from this environment)")
    assert found.fix.startswith("Correct or unset these variables")


def test_a_python_that_the_nodes_do_not_have_is_told(shared: Path) -> None:
    found = examine(slurm_python="/nowhere/python3")["python there"]
    assert (found.verdict, "not found" in found.found) == ("fail", True)


def test_a_controller_that_does_not_answer_ends_the_look(lab: Lab, shared: Path) -> None:
    lab.freeze_controller()
    found = examine()
    lab.thaw_controller()
    assert found["slurmctld"].verdict == "fail"
    assert "job" not in found
