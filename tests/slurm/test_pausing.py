"""Pausing jobs whose sheets are on a cluster, with a real conductor: what waits is taken back, what runs can be suspended."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from anyio.to_thread import run_sync

from tests.support.agent import standing_agent
from tests.support.jobs import check_history, sheets_of, submit, until
from tests.support.podium_home import Conductor, ask, make_home
from tests.support.podium_home import until as until_so
from tests.support.slurm.lab import PATH, Lab
from tests.support.ticking import TICK, goes_on, stands_still

COUNTS = f"echo $$ >>pids; while [ ! -e go ]; do {TICK}; done"
SOON = 20.0  # for a pause of what only waits; it would wait for hours


class Site:
    """A submit host of the cluster: a home whose sheets go there."""

    def __init__(self, lab: Lab, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SLURM_CONF", str(lab.conf))
        monkeypatch.setenv("PATH", PATH)
        self.lab, self.folder, self.workspace = lab, folder, folder / "work"
        self.workspace.mkdir()
        self.conductor: Conductor

    def start(self, **settings: Any) -> Conductor:
        """Start its conductor."""
        self.conductor = Conductor(
            make_home(self.folder, engine="slurm", slurm_folder=self.folder / "shared", grace_seconds=2.0, **settings)
        )
        return self.conductor.start()

    def begin(self, *runs: str, more: str = "") -> str:
        """Submit a job of independent sheets, and return its id."""
        sheets = "".join(f'  - {{name: s{num}, needs: [], run: "{run}"{more}}}\n' for num, run in enumerate(runs, 1))
        return submit(self.conductor, f"name: job\nworkspace: {self.workspace}\nsheets:\n{sheets}")

    def ask(self, method: str, job_id: str, **params: Any) -> Any:
        """Ask something of a job."""
        return ask(self.conductor.settings.socket, f"job.{method}", {"job_id": job_id, **params})

    def view(self, job_id: str) -> dict[str, Any]:
        """Return a job's view."""
        found: dict[str, Any] = self.ask("status", job_id, sheets=False)["podium"]
        return found

    def until_queued(self, job_id: str, count: int) -> None:
        """Wait until so many of a job's Slurm jobs wait, and the conductor knows it."""
        until_so(lambda: len(self.lab.jobs("%i", states="PD")) >= count)
        until_so(lambda: self.view(job_id)["running_since"].count("") >= count)

    def shared(self, *parts: str) -> list[Path]:
        """Return what is in a folder of the shared one."""
        return [path for root in (self.folder / "shared").iterdir() for path in root.joinpath(*parts).glob("*")]


@pytest.fixture
def site(lab: Lab, short_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Return a submit host; its conductor is ended with all that it has."""
    made = Site(lab, short_tmp, monkeypatch)
    yield made
    made.conductor.end()


def finish(site: Site, job_id: str) -> None:
    """Let the counter end, and see that it was one process all the time."""
    (site.workspace / "go").touch()
    assert until(site.conductor, job_id, "completed", "failed")["status"] == "completed"
    assert len((site.workspace / "pids").read_text().split()) == 1
    check_history(site.conductor, job_id)


def held(site: Site) -> str:
    """Return a job of one counter that is suspended."""
    job_id = site.begin(COUNTS, more=", timeout_seconds: 1000")
    goes_on(site.workspace)
    site.ask("pause", job_id)
    assert until(site.conductor, job_id, "paused")["suspended"] == ["s1"]
    stands_still(site.workspace)
    return job_id


def pid_of(site: Site) -> int:
    return int((site.workspace / "pids").read_text())


# -- what waits -------------------------------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_a_pause_takes_back_what_waits_and_a_resume_runs_each_once(site: Site) -> None:
    conductor = site.start()
    site.lab.close_queue()
    job_id = site.begin(*(f"echo {num} >>ran" for num in range(3)))
    await run_sync(site.until_queued, job_id, 3)
    async with standing_agent(conductor.settings, "auto") as user:
        paused = await user.call("pause_job", job_id=job_id)
        taken = f"The pause of {job_id} is recorded and takes effect when what is in its cluster's queue is taken back (s1, s2, s3)."
        assert paused["summary"] in {
            taken,
            f"{job_id} is paused (0 of 3 sheets completed). Use resume_job to continue it.",
        }
        await run_sync(lambda: until_so(lambda: site.view(job_id)["status"] == "paused", seconds=SOON))
        await run_sync(lambda: until_so(lambda: not site.lab.jobs(), seconds=SOON))
        assert {sheet["status"] for sheet in sheets_of(conductor, job_id).values()} == {"pending"}
        site.lab.open_queue()
        await user.call("resume_job", job_id=job_id)
        assert (await user.settled(job_id))["status"] == "completed"
    assert sorted((site.workspace / "ran").read_text().split()) == ["0", "1", "2"]
    found = sheets_of(conductor, job_id).values()
    assert [(sheet["attempts"], sheet.get("retries_used", 0)) for sheet in found] == [(2, 0)] * 3
    check_history(conductor, job_id)


def test_a_pause_waits_for_what_runs_and_not_for_what_waits(site: Site) -> None:
    site.start()
    job_id = site.begin(COUNTS, "echo x >>ran")
    site.workspace.joinpath("ran").touch()
    goes_on(site.workspace)
    until(site.conductor, job_id, "running")
    site.lab.close_queue()
    other = site.begin("echo y >>ran")
    site.until_queued(other, 1)
    message = site.ask("pause", other)["message"]
    assert message.endswith("pauses when what is in its cluster's queue is taken back (s1).")
    until_so(lambda: site.view(other)["status"] == "paused", seconds=SOON)
    site.ask("pause", job_id)
    assert site.view(job_id)["pause_requested"]
    (site.workspace / "go").touch()
    until(site.conductor, job_id, "paused", "completed")


@pytest.mark.parametrize("point", ["before_claim", "after_claim", "before_verdict"])
def test_a_pause_that_was_acknowledged_takes_back_over_a_crash_at_any_moment(site: Site, point: str) -> None:
    conductor = site.start()
    site.lab.close_queue()
    job_id = site.begin("echo x >>ran", "echo y >>ran")
    site.until_queued(job_id, 2)
    conductor.kill()
    conductor.start(PODIUM_FAULT=f"{point}:1")
    with suppress(OSError):
        site.ask("pause", job_id)
    conductor.await_death()
    conductor.start()
    until_so(lambda: site.view(job_id)["status"] == "paused", seconds=SOON)
    until_so(lambda: not site.lab.jobs(), seconds=2 * SOON)
    site.lab.open_queue()
    site.ask("resume", job_id)
    until(conductor, job_id, "completed")
    assert sorted((site.workspace / "ran").read_text().split()) == ["x", "y"]
    check_history(conductor, job_id)


def test_a_changed_score_does_not_wait_for_the_queue(site: Site) -> None:
    conductor = site.start()
    site.lab.close_queue()
    job_id = site.begin("echo old >>ran")
    site.until_queued(job_id, 1)
    changed = (
        f"name: job\nworkspace: {site.workspace}\nsheets:\n  - {{name: s1, run: 'echo new >>ran', engine: local}}\n"
    )
    reply = site.ask("modify", job_id, config_content=changed)
    assert (reply["status"], reply["pending"]) == ("accepted", True)
    until_so(lambda: site.view(job_id)["status"] == "completed", seconds=SOON)
    assert (site.workspace / "ran").read_text() == "new\n"
    until_so(lambda: not site.lab.jobs(), seconds=SOON)
    check_history(conductor, job_id)


# -- what runs --------------------------------------------------------------------------------------------------------


def test_a_pause_suspends_a_sheet_on_its_node_and_a_resume_lets_the_same_process_go_on(site: Site) -> None:
    site.start(hold_running=True)
    job_id = held(site)
    assert ask(site.conductor.settings.socket, "job.explain", {"job_id": job_id})["waits_until"] == ""
    site.ask("resume", job_id)
    goes_on(site.workspace)
    finish(site, job_id)


def test_a_pause_that_suspends_takes_back_what_waits(site: Site) -> None:
    site.start(hold_running=True)
    site.lab.close_queue()
    job_id = site.begin("echo x >>ran")
    site.until_queued(job_id, 1)
    site.ask("pause", job_id)
    until_so(lambda: site.view(job_id)["status"] == "paused", seconds=SOON)
    assert site.view(job_id)["suspended"] == []
    until_so(lambda: not site.lab.jobs(), seconds=SOON)
    site.lab.open_queue()
    site.ask("resume", job_id)
    until(site.conductor, job_id, "completed")
    assert (site.workspace / "ran").read_text() == "x\n"


def test_the_next_conductor_finds_a_suspended_sheet_suspended_and_knows_for_how_long(site: Site) -> None:
    conductor = site.start(hold_running=True)
    job_id = held(site)
    conductor.kill()
    stands_still(site.workspace)
    conductor.start()
    assert until(conductor, job_id, "paused")["suspended"] == ["s1"]
    until_so(lambda: "suspended" in site.ask("status", job_id, sheets_limit=5)["podium_sheets"][0]["reason"])
    stands_still(site.workspace)
    site.ask("resume", job_id)
    goes_on(site.workspace)
    finish(site, job_id)


def test_a_resume_that_was_acknowledged_lets_go_on_over_a_crash(site: Site) -> None:
    conductor = site.start(hold_running=True)
    job_id = held(site)
    conductor.kill()
    conductor.start(PODIUM_FAULT="after_commit:1")
    with suppress(OSError):
        site.ask("resume", job_id)
    conductor.await_death()
    conductor.start()
    assert until(conductor, job_id, "running")["suspended"] == []
    goes_on(site.workspace)
    finish(site, job_id)


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
    assert not Path(f"/proc/{pid_of(site)}").exists()


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
    finish(site, job_id)


def ends_at(site: Site, job_id: str) -> str:
    """Return when a sheet reaches its time limit, as its job is explained."""
    found: str = site.ask("explain", job_id)["waits_until"]
    return found


@pytest.mark.skipif(os.getuid() != 0, reason="only who runs the cluster may suspend a job")
def test_what_an_operator_suspends_is_shown_is_not_stuck_and_does_not_reach_its_limit(site: Site) -> None:
    site.start(stuck_seconds=1.0)
    job_id = site.begin(COUNTS, more=", timeout_seconds: 12")
    goes_on(site.workspace)
    (lane,) = site.lab.jobs("%A", states="R")
    site.lab.run("scontrol", "suspend", lane)
    stands_still(site.workspace)
    until_so(lambda: "suspended on node" in site.ask("explain", job_id)["summary"])
    idle = site.begin("sleep 1000")
    until_so(lambda: site.view(idle)["stuck"])
    assert not site.view(job_id)["stuck"]
    wait_beyond(site, 14.0)
    site.lab.run("scontrol", "resume", lane)
    goes_on(site.workspace)
    site.ask("cancel", idle)
    finish(site, job_id)


def wait_beyond(site: Site, seconds: float) -> None:
    """Wait until a process of this machine that began now has run for so long."""
    job_id = submit(site.conductor, f"name: clock\nengine: local\nsheets:\n  - {{name: one, run: 'sleep {seconds}'}}\n")
    until(site.conductor, job_id, "completed")


# -- what is left -----------------------------------------------------------------------------------------------------


def nothing_is_left(site: Site) -> None:
    """See that nothing of any job is in the queue, on a node, or in the shared folder."""
    until_so(lambda: not site.lab.jobs(), seconds=2 * SOON)
    until_so(lambda: not any(map(site.lab.leftovers, site.lab.nodes)))
    until_so(lambda: not site.shared("pools") and not site.shared("jobs"), seconds=2 * SOON)


def test_a_stop_that_cancels_leaves_nothing_in_the_queue_and_on_no_node(site: Site) -> None:
    conductor = site.start(hold_running=True)
    job_id = held(site)
    site.lab.close_queue()
    other = site.begin("echo x >>ran")
    site.until_queued(other, 1)
    assert conductor.stop(cancel=True) == 0
    assert not Path(f"/proc/{pid_of(site)}").exists()
    conductor.start()
    until(conductor, job_id, "cancelled")
    until(conductor, other, "cancelled")
    until_so(lambda: not site.lab.jobs(), seconds=2 * SOON)
    assert not (site.workspace / "ran").exists()


def test_of_a_deleted_job_nothing_is_left_in_the_shared_folder_also_while_its_lane_lingers(site: Site) -> None:
    site.start()
    job_id = site.begin("echo x >>ran")
    until(site.conductor, job_id, "completed")
    assert site.shared("jobs", job_id)
    ask(site.conductor.settings.socket, "job.clear", {"job_ids": [job_id]})
    nothing_is_left(site)


def test_of_a_deleted_job_that_was_cancelled_while_it_waited_nothing_is_left(site: Site) -> None:
    site.start()
    site.lab.close_queue()
    job_id = site.begin("echo x >>ran", "echo y >>ran")
    site.until_queued(job_id, 2)
    site.ask("cancel", job_id)
    until(site.conductor, job_id, "cancelled")
    ask(site.conductor.settings.socket, "job.clear", {"job_ids": [job_id]})
    site.lab.open_queue()
    nothing_is_left(site)
    assert not (site.workspace / "ran").exists()


def test_sheets_on_nodes_and_in_the_queue_are_not_touched_by_another_conductor(site: Site) -> None:
    conductor = site.start()
    job_id = site.begin(COUNTS)
    goes_on(site.workspace)
    site.lab.close_queue()
    other = site.begin("echo x >>ran")
    site.until_queued(other, 1)
    waiting: Callable[[], list[str]] = lambda: site.lab.jobs("%i", states="PD")  # noqa: E731 -- asked twice
    before = waiting()
    assert conductor.stop() == 0
    conductor.start()
    goes_on(site.workspace)
    site.until_queued(other, 1)
    assert waiting() == before
    site.lab.open_queue()
    until(conductor, other, "completed")
    finish(site, job_id)
