"""The cluster of these tests is a real one: it does what they rest on."""

import os

import pytest

from tests.support.podium_home import until
from tests.support.slurm.lab import Lab

STUBBORN = "trap '' TERM; setsid sleep 1000 & while :; do sleep 1; done"


def shown(lab: Lab, job: str) -> str:
    return lab.run("squeue", "-h", "-t", "all", "-j", job, "-o", "%T %r").strip()


def start(lab: Lab, node: str, *options: str) -> str:
    job = lab.submit(STUBBORN, "-w", node, *options)
    until(lambda: len(lab.leftovers(node)) > 2)
    return job


def test_a_job_runs_on_the_node_that_it_asks_for_and_nothing_is_left_of_one_that_is_cancelled(lab: Lab) -> None:
    job = start(lab, "f2")
    assert lab.jobs("%i %T %N") == [f"{job} RUNNING f2"]
    assert not lab.leftovers("f1")
    lab.run("scancel", job)
    until(lambda: not lab.jobs())
    lab.cancel_all()
    assert shown(lab, job) == "CANCELLED None"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
def test_somebody_else_may_not_cancel_a_job_of_ours(lab: Lab) -> None:
    job = start(lab, "f1")
    assert "Access/permission denied" in lab.refused("scancel", job, somebody_else=True)
    assert shown(lab, job) == "RUNNING None"


def test_a_job_of_the_urgent_partition_takes_the_place_of_another(lab: Lab) -> None:
    job = start(lab, "f3", "--exclusive")
    urgent = lab.submit("sleep 1000", "-w", "f3", "-p", "urgent", "--exclusive")
    until(lambda: shown(lab, urgent).startswith("RUNNING"))
    assert shown(lab, job) == "PREEMPTED None"


def test_of_a_node_without_power_nothing_is_left_and_its_job_has_failed_with_it(lab: Lab) -> None:
    job = start(lab, "f1")
    lab.power_off("f1")
    assert not lab.processes("f1")
    lab.declare_down("f1")
    assert shown(lab, job) == "NODE_FAIL NodeDown"


def test_a_job_goes_on_without_its_nodes_daemon_and_without_the_controller(lab: Lab) -> None:
    job = start(lab, "f2", "--job-name=lasting")
    lab.until_saved("lasting")
    lab.kill_slurmd("f2")
    lab.kill_controller()
    assert not lab.answers()
    assert lab.leftovers("f2")
    lab.start_controller()
    lab.start_slurmd("f2")
    assert lab.leftovers("f2")
    assert shown(lab, job) == "RUNNING None"


def test_a_frozen_controller_lets_commands_wait(lab: Lab) -> None:
    lab.freeze_controller()
    assert not lab.answers()
    lab.thaw_controller()
    assert lab.answers()
