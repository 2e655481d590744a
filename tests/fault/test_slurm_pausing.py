"""Pausing jobs whose sheets are on a cluster, with a real conductor: what waits is taken back, what runs can be suspended.

The cluster is played here; tests/slurm tries the same on a real one.
"""

from contextlib import suppress

import pytest
from anyio.to_thread import run_sync

from tests.support.agent import standing_agent
from tests.support.commands import podium
from tests.support.jobs import check_history, sheets_of, until
from tests.support.podium_home import ask
from tests.support.slurm.site import COUNTS, Site
from tests.support.ticking import goes_on


@pytest.mark.anyio
async def test_a_pause_takes_back_what_waits_and_a_resume_runs_each_once(site: Site) -> None:
    conductor = site.start()
    site.cluster.close_queue()
    job_id = site.begin(*(f"echo {num} >>ran" for num in range(3)))
    await run_sync(site.until_queued, job_id, 3)
    async with standing_agent(conductor.settings, "auto") as user:
        paused = await user.call("pause_job", job_id=job_id)
        taken = f"The pause of {job_id} is recorded and takes effect when what is in its cluster's queue is taken back (s1, s2, s3)."
        assert paused["summary"] in {
            taken,
            f"{job_id} is paused (0 of 3 sheets completed). Use resume_job to continue it.",
        }
        await run_sync(site.until_soon, job_id, "paused")
        await run_sync(site.until_no_lanes)
        assert {sheet["status"] for sheet in sheets_of(conductor, job_id).values()} == {"pending"}
        site.cluster.open_queue()
        await user.call("resume_job", job_id=job_id)
        assert (await user.settled(job_id))["status"] == "completed"
    assert sorted((site.workspace / "ran").read_text().split()) == ["0", "1", "2"]
    found = sheets_of(conductor, job_id).values()
    assert [(sheet["attempts"], sheet["never_began"], sheet.get("retries_used", 0)) for sheet in found] == [
        (2, 1, 0)
    ] * 3
    shown = podium(conductor.settings, "show", job_id).stdout
    assert "TRIES" not in shown
    assert "attempt 2" not in podium(conductor.settings, "timeline", job_id).stdout
    check_history(conductor, job_id)


def test_a_pause_waits_for_what_runs_and_not_for_what_waits(site: Site) -> None:
    site.start()
    job_id = site.begin(COUNTS, "echo x >>ran")
    site.workspace.joinpath("ran").touch()
    goes_on(site.workspace)
    until(site.conductor, job_id, "running")
    site.cluster.close_queue()
    other = site.begin("echo y >>ran")
    site.until_queued(other, 1)
    message = site.ask("pause", other)["message"]
    assert message.endswith("pauses when what is in its cluster's queue is taken back (s1).")
    site.until_soon(other, "paused")
    site.ask("pause", job_id)
    assert site.view(job_id)["pause_requested"]
    (site.workspace / "go").touch()
    until(site.conductor, job_id, "paused", "completed")


@pytest.mark.parametrize("point", ["before_claim", "after_claim", "before_verdict"])
def test_a_pause_that_was_acknowledged_takes_back_over_a_crash_at_any_moment(site: Site, point: str) -> None:
    conductor = site.start()
    site.cluster.close_queue()
    job_id = site.begin("echo x >>ran", "echo y >>ran")
    site.until_queued(job_id, 2)
    conductor.kill()
    conductor.start(PODIUM_FAULT=f"{point}:1")
    with suppress(OSError):
        site.ask("pause", job_id)
    conductor.await_death()
    conductor.start()
    site.until_soon(job_id, "paused")
    site.until_no_lanes()
    site.cluster.open_queue()
    site.ask("resume", job_id)
    until(conductor, job_id, "completed")
    assert sorted((site.workspace / "ran").read_text().split()) == ["x", "y"]
    check_history(conductor, job_id)


def test_a_changed_score_does_not_wait_for_the_queue(site: Site) -> None:
    conductor = site.start()
    site.cluster.close_queue()
    job_id = site.begin("echo old >>ran")
    site.until_queued(job_id, 1)
    changed = (
        f"name: job\nworkspace: {site.workspace}\nsheets:\n  - {{name: s1, run: 'echo new >>ran', engine: local}}\n"
    )
    reply = site.ask("modify", job_id, config_content=changed)
    assert (reply["status"], reply["pending"]) == ("accepted", True)
    site.until_soon(job_id, "completed")
    assert (site.workspace / "ran").read_text() == "new\n"
    site.until_no_lanes()
    check_history(conductor, job_id)


def test_a_pause_suspends_a_sheet_on_its_node_and_a_resume_lets_the_same_process_go_on(site: Site) -> None:
    site.start(hold_running=True)
    job_id = site.held()
    assert ask(site.conductor.settings.socket, "job.explain", {"job_id": job_id})["waits_until"] == ""
    site.ask("resume", job_id)
    goes_on(site.workspace)
    site.finish(job_id)


def test_a_pause_that_suspends_takes_back_what_waits(site: Site) -> None:
    site.start(hold_running=True)
    site.cluster.close_queue()
    job_id = site.begin("echo x >>ran")
    site.until_queued(job_id, 1)
    site.ask("pause", job_id)
    site.until_soon(job_id, "paused")
    assert site.view(job_id)["suspended"] == []
    site.until_no_lanes()
    site.cluster.open_queue()
    site.ask("resume", job_id)
    until(site.conductor, job_id, "completed")
    assert (site.workspace / "ran").read_text() == "x\n"
