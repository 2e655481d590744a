"""A conductor whose pauses suspend, from an agent's side: what was suspended is said, and `resume_job` lets it go on."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from anyio.to_thread import run_sync

from tests.support.agent import BOTH_ERAS, Agent
from tests.support.podium_home import Conductor, make_home
from tests.support.ticking import TICK, goes_on, stands_still

pytestmark = pytest.mark.anyio

COUNTING = f"""
name: counting
sheets:
  - {{name: count, run: "while [ ! -e go ]; do {TICK}; done"}}
  - {{name: after, run: "true"}}
"""


@pytest.fixture(scope="module")
def shared_conductor() -> Iterator[Conductor]:
    """Return a conductor whose pauses suspend, which the tests of this module share."""
    folder = Path(tempfile.mkdtemp(prefix="pod-", dir="/tmp"))
    running = Conductor(make_home(folder, hold_running=True)).start()
    yield running
    running.end()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("mode", BOTH_ERAS)
async def test_a_pause_says_what_it_has_suspended_and_every_tool_says_how_it_goes_on(user: Agent) -> None:
    job = await user.call("start_job", config_content=COUNTING)
    job_id, workspace = job["job_id"], Path(job["workspace"])
    await run_sync(goes_on, workspace)
    paused = await user.call("pause_job", job_id=job_id)
    assert paused["success"]
    assert paused["summary"] == (
        f"The pause of {job_id} is recorded and takes effect when its running sheets (count) have ended."
        if paused["pending"]  # on a machine that is busy
        else f"{job_id} is paused (0 of 2 sheets completed); suspended: count. Use resume_job to continue it."
    )
    line = await user.settled(job_id)
    assert (line["status"], line["reason"]) == (
        "paused", "paused on request; sheet count is suspended and goes on with resume_job",
    )  # fmt: skip
    await run_sync(stands_still, workspace)
    found = await user.call("get_job", job_id=job_id, detail="full")
    assert (found["running"], found["sheets"][0]["status"]) == ([], "running")
    assert found["sheets"][0]["reason"] == "suspended by the pause"
    explained = await user.call("explain_job", job_id=job_id)
    assert (explained["kind"], explained["sheet"]) == ("paused", "count")
    assert "Sheet count is suspended: its processes are there and do nothing. Use resume_job" in explained["summary"]
    health = await user.call("verify_process_health", job_id=job_id)
    assert health["stopped_pids"] == []
    assert "The job is paused on request; sheet count is suspended" in health["summary"]
    refused = await user.refused("delete_job", job_id=job_id)
    assert (refused["code"], refused["state"]) == ("WRONG_STATE", "paused")
    resumed = await user.call("resume_job", job_id=job_id)
    assert resumed["summary"].startswith(f"Job {job_id} continues. ")
    assert (resumed["status"], resumed["running"]) == ("running", ["count"])
    await run_sync(goes_on, workspace)
    await anyio.Path(workspace, "go").touch()
    assert (await user.settled(job_id))["status"] == "completed"
