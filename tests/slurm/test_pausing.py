"""Pausing jobs on a real cluster: what is tried on a played one (see `tests.fault.test_slurm_pausing`), and what only it can do."""

import os
from contextlib import suppress
from pathlib import Path

import pytest

from podium.conductor.processes import facts
from tests.fault.test_slurm_pausing import *  # noqa: F403 -- the same tests
from tests.support.jobs import submit, until
from tests.support.podium_home import ask
from tests.support.podium_home import until as until_so
from tests.support.slurm.lab import Lab
from tests.support.slurm.site import COUNTS, Site
from tests.support.ticking import TICK, goes_on, stands_still


def test_the_next_conductor_finds_a_suspended_sheet_suspended_and_knows_for_how_long(site: Site) -> None:
    conductor = site.start(hold_running=True)
    job_id = site.held()
    conductor.kill()
    stands_still(site.workspace)
    conductor.start()
    assert until(conductor, job_id, "paused")["suspended"] == ["s1"]
    until_so(lambda: "suspended" in site.ask("status", job_id, sheets_limit=5)["podium_sheets"][0]["reason"])
    stands_still(site.workspace)
    site.ask("resume", job_id)
    goes_on(site.workspace)
    site.finish(job_id)


def test_a_resume_that_was_acknowledged_lets_go_on_over_a_crash(site: Site) -> None:
    conductor = site.start(hold_running=True)
    job_id = site.held()
    conductor.kill()
    conductor.start(PODIUM_FAULT="after_commit:1")
    with suppress(OSError):
        site.ask("resume", job_id)
    conductor.await_death()
    conductor.start()
    assert until(conductor, job_id, "running")["suspended"] == []
    goes_on(site.workspace)
    site.finish(job_id)


def test_a_cancel_lets_the_trap_of_a_suspended_sheet_run(site: Site) -> None:
    site.start(hold_running=True)
    job_id = site.begin(f"trap 'touch trapped; exit 1' TERM; echo $$ >pids; while :; do {TICK}; done")
    goes_on(site.workspace)
    site.ask("pause", job_id)
    until(site.conductor, job_id, "paused")
    stands_still(site.workspace)
    site.ask("cancel", job_id)
    until(site.conductor, job_id, "cancelled")
    assert (site.workspace / "trapped").exists()
    assert not Path(f"/proc/{site.pid}").exists()


def test_of_a_suspended_sheet_the_told_end_of_its_time_limit_is_later(site: Site) -> None:
    site.start(hold_running=True)
    job_id = site.begin(COUNTS, more=", timeout_seconds: 1000")
    goes_on(site.workspace)
    until_so(lambda: site.view(job_id)["running_since"][0])
    before = ends_at(site, job_id)
    site.ask("pause", job_id)
    until(site.conductor, job_id, "paused")
    stands_still(site.workspace)
    site.ask("resume", job_id)
    goes_on(site.workspace)
    until_so(lambda: ends_at(site, job_id) > before)
    site.finish(job_id)


def ends_at(site: Site, job_id: str) -> str:
    """Return when a sheet reaches its time limit, as its job is explained."""
    found: str = site.ask("explain", job_id)["waits_until"]
    return found


@pytest.mark.skipif(os.getuid() != 0, reason="only who runs the cluster may suspend a job")
def test_what_an_operator_suspends_is_shown_is_not_stuck_and_does_not_reach_its_limit(site: Site, lab: Lab) -> None:
    site.start(stuck_seconds=1.0)
    job_id = site.begin(COUNTS, more=", timeout_seconds: 12")
    goes_on(site.workspace)
    (lane,) = lab.jobs("%A", states="R")
    lab.run("scontrol", "suspend", lane)
    until_so(lambda: (stat := facts.read_stat(site.pid)) and stat.state in "Tt")
    stands_still(site.workspace)
    until_so(lambda: "suspended on node" in str(site.ask("explain", job_id)))
    idle = site.begin("sleep 1000")
    until_so(lambda: site.view(idle)["stuck"])
    assert not site.view(job_id)["stuck"]
    wait_beyond(site, 14.0)
    lab.run("scontrol", "resume", lane)
    goes_on(site.workspace)
    site.ask("cancel", idle)
    site.finish(job_id)


def wait_beyond(site: Site, seconds: float) -> None:
    """Wait until a process of this machine that began now has run for so long."""
    job_id = submit(site.conductor, f"name: clock\nengine: local\nsheets:\n  - {{name: one, run: 'sleep {seconds}'}}\n")
    until(site.conductor, job_id, "completed")


# -- what is left -----------------------------------------------------------------------------------------------------


def test_a_stop_that_cancels_leaves_nothing_in_the_queue_and_on_no_node(site: Site) -> None:
    conductor = site.start(hold_running=True)
    job_id = site.held()
    site.cluster.close_queue()
    other = site.begin("echo x >>ran")
    site.until_queued(other, 1)
    assert conductor.stop(cancel=True) == 0
    assert not Path(f"/proc/{site.pid}").exists()
    conductor.start()
    until(conductor, job_id, "cancelled")
    until(conductor, other, "cancelled")
    site.until_no_lanes()
    assert not (site.workspace / "ran").exists()


def test_of_a_deleted_job_nothing_is_left_in_the_shared_folder_also_while_its_lane_lingers(site: Site) -> None:
    site.start()
    job_id = site.begin("echo x >>ran")
    until(site.conductor, job_id, "completed")
    assert site.shared("jobs", job_id)
    ask(site.conductor.settings.socket, "job.clear", {"job_ids": [job_id]})
    site.nothing_is_left()


def test_of_a_deleted_job_that_was_cancelled_while_it_waited_nothing_is_left(site: Site) -> None:
    site.start()
    site.cluster.close_queue()
    job_id = site.begin("echo x >>ran", "echo y >>ran")
    site.until_queued(job_id, 2)
    site.ask("cancel", job_id)
    until(site.conductor, job_id, "cancelled")
    ask(site.conductor.settings.socket, "job.clear", {"job_ids": [job_id]})
    site.cluster.open_queue()
    site.nothing_is_left()
    assert not (site.workspace / "ran").exists()


def test_sheets_on_nodes_and_in_the_queue_are_not_touched_by_another_conductor(site: Site) -> None:
    conductor = site.start()
    job_id = site.begin(COUNTS)
    goes_on(site.workspace)
    site.cluster.close_queue()
    other = site.begin("echo x >>ran")
    site.until_queued(other, 1)
    before = site.lanes()
    assert conductor.stop() == 0
    conductor.start()
    goes_on(site.workspace)
    site.until_queued(other, 1)
    assert site.lanes() == before
    site.cluster.open_queue()
    until(conductor, other, "completed")
    site.finish(job_id)
