"""What the cluster would never take is refused when a job starts or is changed; what only waits there is not."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from podium.settings import Settings
from tests.support.jobs import submit, until
from tests.support.podium_home import Conductor, ask, make_home
from tests.support.slurm.stand_in.playing import StandIn, open_stand_in

FIX = (
    "Correct the resources or the engine of these sheets; `podium doctor --engine slurm` on the conductor's machine looks at the "
    "cluster."
)


@pytest.fixture(scope="module")
def cluster() -> Iterator[StandIn]:
    """A cluster that is played: three nodes with four CPUs each."""
    with open_stand_in() as playing:
        yield playing


@pytest.fixture(scope="module")
def shared_conductor(cluster: StandIn) -> Iterator[Conductor]:
    """The conductor of these tests, which has this cluster."""
    running = Conductor(make_home(cluster.folder)).start(**cluster.env)
    yield running
    running.end()


def score(*sheets: str) -> str:
    """Return a score on the cluster; its sheets wait for an approval, so none of them runs."""
    return "name: fits\nengine: slurm\nsheets:\n" + "".join(
        f"- {{name: s{number}, run: 'true', hold: may it?, needs: [], resources: {{{needs}}}}}\n"
        for number, needs in enumerate(sheets, 1)
    )


def started(conductor: Conductor, text: str, **params: Any) -> dict[str, Any]:
    """Return the answer to a start."""
    reply: dict[str, Any] = ask(conductor.settings.socket, "job.submit", {"config_content": text, **params})
    return reply


def asked_of(cluster: StandIn) -> list[list[str]]:
    """Return what the cluster was asked whether it would take it."""
    return [words for words in cluster.calls("sbatch") if "--test-only" in words]


NO_NAME = "Invalid partition name specified"
THERE = "the partitions are main (the default), brief and urgent"
REFUSED = [
    ("cpus: 5", "cpus 5", "no node of partition main has 5 cpus (the most is 4)"),
    ("partition: nope", "partition nope", f"invalid partition specified: nope; {NO_NAME}; {THERE}"),
    ("constraint: fast", "constraint fast", "Invalid feature specification"),
    ("gpus: 1", "gpus 1", "no node of partition main has 1 gpu (the most is 0)"),
    ("nodes: 4", "nodes 4", "4 nodes are asked for, and partition main has 3 that fit"),
    ("extra: [--nonsense]", "--nonsense", "unrecognized option '--nonsense'"),
]


@pytest.mark.parametrize(("resources", "needs", "why"), REFUSED)
def test_what_it_would_never_take_is_not_started(
    shared_conductor: Conductor, resources: str, needs: str, why: str
) -> None:
    before = ask(shared_conductor.settings.socket, "daemon.status")["jobs_total"]
    for dry_run in (False, True):
        reply = started(shared_conductor, score("", resources), dry_run=dry_run)
        assert (reply["status"], reply["code"], reply["sheets"], reply["fix"]) == (
            "rejected", "SUBMIT_REJECTED", ["s2"], FIX,
        )  # fmt: skip
        assert reply["message"] == f"Slurm would never run sheet s2 (line 5: {needs}): {why}."
    assert ask(shared_conductor.settings.socket, "daemon.status")["jobs_total"] == before
    workspaces = shared_conductor.settings.cluster
    assert not list(workspaces.glob("*/workspaces/*"))


def test_sheets_with_the_same_reason_are_told_together(shared_conductor: Conductor) -> None:
    reply = started(shared_conductor, score(*["cpus: 5"] * 7, "constraint: fast", "constraint: slow"))
    assert reply["message"] == (
        "Slurm would never run sheets s1, s2, s3, s4, s5 and 2 more (lines 4, 5, 6, 7, 8, …: cpus 5): no node of partition main has 5 cpus (the most is 4); "
        "Slurm would never run sheets s8, s9 (lines 11, 12): Invalid feature specification."
    )


def test_a_score_that_is_only_checked_is_valid_with_a_warning(shared_conductor: Conductor) -> None:
    reply = ask(shared_conductor.settings.socket, "job.validate", {"config_content": score("cpus: 5")})
    assert reply["valid"]
    assert reply["plan"]["warnings"] == [
        "a start would be refused: Slurm would never run sheet s1 (line 4: cpus 5): no node of partition main has 5 cpus (the most is 4)."
    ]


def test_each_need_is_asked_for_once_and_remembered(shared_conductor: Conductor, cluster: StandIn) -> None:
    before = len(asked_of(cluster))
    text = score("cpus: 2", "cpus: 2", "memory: 1G", "cpus: 2")
    for _ in range(3):
        submit(shared_conductor, text)
    assert len(asked_of(cluster)) == before + 2


def test_a_score_without_sheets_on_a_cluster_asks_nothing(shared_conductor: Conductor, cluster: StandIn) -> None:
    before = sum(len(cluster.calls(command)) for command in ("sbatch", "sinfo"))
    submit(shared_conductor, score("cpus: 1").replace("engine: slurm", "engine: local"))
    assert sum(len(cluster.calls(command)) for command in ("sbatch", "sinfo")) == before


def test_what_would_wait_for_nodes_that_are_down_is_taken(shared_conductor: Conductor, cluster: StandIn) -> None:
    cluster.close_queue()
    try:
        submit(shared_conductor, score("cpus: 4, memory: 100M"))
        assert started(shared_conductor, score("cpus: 6"))["status"] == "rejected"
    finally:
        cluster.open_queue()


@pytest.mark.parametrize("fault", ["unreachable", "hang", "garbage"])
def test_a_cluster_that_does_not_answer_refuses_nothing_and_keeps_nobody_for_long(
    shared_conductor: Conductor, cluster: StandIn, fault: Any
) -> None:
    cluster.break_command("sbatch", fault)
    try:
        began = time.monotonic()
        submit(shared_conductor, score(f"cpus: 77, memory: {len(fault)}G"))
        assert time.monotonic() - began < 30
    finally:
        cluster.find_controller()


def test_a_change_is_refused_for_what_is_new_in_it(shared_conductor: Conductor) -> None:
    job_id = submit(shared_conductor, score("cpus: 1"))
    until(shared_conductor, job_id, "paused")
    for dry_run in (True, False):
        params = {"job_id": job_id, "config_content": score("cpus: 1", "cpus: 9"), "dry_run": dry_run}
        reply = ask(shared_conductor.settings.socket, "job.modify", params)
        assert (reply["status"], reply["code"]) == ("rejected", "SUBMIT_REJECTED")
        assert reply["message"].startswith("Slurm would never run sheet s2 (line 5: cpus 9): no node")
    view = ask(shared_conductor.settings.socket, "job.status", {"job_id": job_id, "sheets": False})["podium"]
    assert view["status"] == "paused"


@pytest.mark.parametrize("by_setting", [False, True])
def test_without_slurm_on_its_machine_nothing_is_taken_for_it(
    short_tmp: Path, home: Settings, by_setting: bool
) -> None:
    (short_tmp / "bin").mkdir()
    for name in ("bash", "env"):
        (short_tmp / "bin" / name).symlink_to(f"/bin/{name}")
    engine = {"PODIUM_ENGINE": "slurm"} if by_setting else {}
    conductor = Conductor(home).start(PATH=str(short_tmp / "bin"), **engine)
    try:
        silent = "name: fits\nsheets:\n- {name: s1, run: 'true'}\n"  # of what it needs, and where: as a command's
        reply = started(conductor, silent if by_setting else score(""))
    finally:
        conductor.end()
    assert reply["code"] == "SUBMIT_REJECTED"
    assert reply["message"] == (
        f"Slurm would never run sheet s1{'' if by_setting else ' (line 4)'}: this machine has no Slurm (sbatch was not found in "
        "the conductor's PATH)."
    )
    more = " Where a score names no engine, the setting engine does." if by_setting else ""
    assert reply["fix"] == FIX + more
