"""Times from an agent's side: every answer says when it was made, and how long jobs and sheets have taken."""

from datetime import datetime
from typing import Any

import anyio
import pytest

from podium.settings import Settings
from tests.support.agent import BOTH_ERAS, Agent, agent
from tests.support.podium_home import Conductor

pytestmark = pytest.mark.anyio

HOUR = 3600
TIMED = """
name: timed
parallel: {max_concurrent: 2}
sheets:
  - {name: first, run: echo begun}
  - {name: loud, needs: [first], timeout_seconds: 300, run: "echo working; until [ -e go ]; do sleep 0.1; done"}
  - {name: quiet, needs: [first], run: "touch begun; until [ -e go ]; do sleep 0.1; done"}
"""


def seconds_of(told: list[str]) -> dict[str, float]:
    """Return durations in the form `label=seconds` by their labels."""
    return {label: float(seconds) for label, _, seconds in (each.rpartition("=") for each in told)}


async def both_run(user: Agent, job_id: str) -> None:
    """Return when both long sheets have begun: the quiet one has made its file, the loud one has written."""
    while "begun" not in {each["path"] for each in (await user.call("list_artifacts", job_id=job_id))["entries"]}:
        pass
    while not (await user.call("read_job_log", job_id=job_id, sheet="loud"))["job_output"]:
        pass


@pytest.mark.parametrize("mode", BOTH_ERAS)
async def test_every_answer_says_when_it_was_made_also_a_refusal(user: Agent) -> None:
    job = await user.call("start_job", config_content="name: told\nsheets:\n  - {name: a, run: 'true'}\n")
    job_id = job["job_id"]
    await user.settled(job_id)
    answers: list[dict[str, Any]] = [job, await user.refused("get_job", job_id="nobody-aaaaa")]
    on_one = ("get_job", "explain_job", "verify_process_health", "list_artifacts", "read_job_log")
    answers += [await user.call(tool, job_id=job_id) for tool in on_one]
    answers += [await user.call(tool) for tool in ("list_jobs", "conductor_status")]
    answers.append(await user.call("wait_for_job", job_ids=[job_id]))
    times = [datetime.fromisoformat(answer["now"]) for answer in answers]
    assert all(each.utcoffset() is not None for each in times)
    assert max(times) >= times[0]


@pytest.mark.parametrize("mode", BOTH_ERAS)
async def test_jobs_and_sheets_say_how_long_they_have_taken(user: Agent) -> None:
    job = await user.call("start_job", config_content=TIMED)
    job_id = job["job_id"]
    await both_run(user, job_id)
    going = await user.call("get_job", job_id=job_id)
    assert set(seconds_of(going["sheet_seconds"])) == {"loud", "quiet"}
    assert "finished_at" not in going
    full = await user.call("get_job", job_id=job_id, detail="full")
    assert full["elapsed_seconds"] >= going["elapsed_seconds"] >= 0
    assert all(sheet["duration_seconds"] >= 0 for sheet in full["sheets"])
    assert full["sheets"][1]["status"] == "running"

    await anyio.Path(job["workspace"], "go").touch()
    cursor = job["next"].partition('after="')[2].rstrip('")')
    over = await user.call("wait_for_job", job_ids=[job_id], until="all", after=cursor)
    (line,) = over["jobs"]
    assert set(seconds_of(line["sheet_seconds"])) == {"first", "loud", "quiet"}
    last = await user.call("get_job", job_id=job_id)
    assert last["submitted_at"] <= last["started_at"] <= last["finished_at"]
    assert last["elapsed_seconds"] == line["elapsed_seconds"]
    listed = await user.call("list_jobs", name=job_id)
    assert listed["jobs"][0]["elapsed_seconds"] == line["elapsed_seconds"]


@pytest.mark.parametrize("mode", BOTH_ERAS)
async def test_a_wait_that_timed_out_says_what_runs_and_how_long_the_job_took_before(user: Agent) -> None:
    once = await user.call("start_job", config_content=TIMED)
    await anyio.Path(once["workspace"], "go").touch()
    await user.settled(once["job_id"])
    took = (await user.call("get_job", job_id=once["job_id"]))["elapsed_seconds"]

    job = await user.call("start_job", config_content=TIMED)
    await both_run(user, job["job_id"])
    waited = await user.call("wait_for_job", job_ids=[job["job_id"]], timeout_seconds=0)
    (line,) = waited["jobs"]
    assert waited["woke_for"] == "timeout"
    assert line["last_run_seconds"] == took
    assert line["limit_seconds"] == ["loud=300"]
    assert set(seconds_of(line["quiet_seconds"])) == {"loud"}
    assert "(limit 5 min, last output " in waited["summary"]
    assert "(no limit, no output yet)" in waited["summary"]
    assert "the last completed run of timed took " in waited["summary"]
    await user.call("cancel_job", job_id=job["job_id"])


@pytest.mark.parametrize("mode", BOTH_ERAS)
async def test_health_says_which_sheet_and_since_when_and_the_load_of_all_that_runs(user: Agent) -> None:
    job = await user.call("start_job", config_content=TIMED)
    await both_run(user, job["job_id"])
    health = await user.call("verify_process_health", job_id=job["job_id"])
    assert (health["sheet"], health["is_alive"]) == ("loud", True)
    assert job["now"][:10] <= health["since"][:10]
    assert health["processes"] >= 2  # one of each sheet at least
    assert "sheet loud (the oldest of 2), is alive" in health["summary"]
    await user.call("cancel_job", job_id=job["job_id"])


async def test_a_restart_keeps_when_a_job_began_and_a_clock_set_back_makes_no_duration_negative(
    home: Settings,
) -> None:
    ahead = Conductor(home).start(PODIUM_CLOCK_SHIFT=str(HOUR))
    try:
        async with agent(home, "auto") as user:
            job = await user.call("start_job", config_content=TIMED)
            job_id = job["job_id"]
            await both_run(user, job_id)
            before = await user.call("get_job", job_id=job_id)
            ahead.kill()
            ahead.start()
            after = await user.call("get_job", job_id=job_id, detail="full")
            assert after["started_at"] == before["started_at"]
            assert (before["elapsed_seconds"], after["elapsed_seconds"]) == (0, 0)
            assert all(sheet["duration_seconds"] >= 0 for sheet in after["sheets"])
            await anyio.Path(job["workspace"], "go").touch()
            line = await user.settled(job_id)
            assert line["elapsed_seconds"] >= 0
            over = await user.call("get_job", job_id=job_id, detail="full")
            assert over["submitted_at"] <= over["started_at"] <= over["finished_at"]
            assert all(sheet["duration_seconds"] >= 0 for sheet in over["sheets"])
    finally:
        ahead.end()
