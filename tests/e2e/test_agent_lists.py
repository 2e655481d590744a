"""Many jobs at once, for an agent: lists by state, ended jobs removed together, jobs called by their names."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.agent import BOTH_ERAS, Agent
from tests.support.jobs import events_of, sheets_of, submit, until, wait_for_file
from tests.support.mcp_clients import plain_agent, plain_conductor
from tests.support.podium_home import Conductor
from tests.support.podium_home import until as eventually

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def own(folder: Path) -> Iterator[Conductor]:
    """A conductor of this module, with room for one sheet: every job of it may be removed."""
    with plain_conductor(folder, max_sheets=1) as running:
        yield running


@pytest.fixture(scope="module", params=BOTH_ERAS)
async def keeper(request: pytest.FixtureRequest, own: Conductor, folder: Path) -> AsyncIterator[Agent]:
    """An agent of that conductor, in either era."""
    async with plain_agent(own.settings, request.param, cwd=folder) as connected:
        yield connected
        assert (await connected.call("clear_jobs", dry_run=False))["total"] > 0
        assert (await connected.call("list_jobs"))["total"] == 0


def start(conductor: Conductor, name: str, run: str = "true", **sheet: Any) -> str:
    return submit(conductor, json.dumps({"name": name, "sheets": [{"name": "only", "run": run, **sheet}]}))


def ended(conductor: Conductor, name: str, run: str = "true") -> str:
    job_id = start(conductor, name, run)
    until(conductor, job_id, "completed", "failed")
    return job_id


async def listed(agent: Agent, status: str, **more: Any) -> list[str]:
    found = await agent.call("list_jobs", status=status, **more)
    return [each["job_id"] for each in found["jobs"]]


async def test_jobs_are_listed_by_what_they_do(keeper: Agent, own: Conductor) -> None:
    good, bad = ended(own, "good"), ended(own, "bad", "exit 1")
    flaky = start(own, "flaky", "exit 3", retry={"max_retries": 1, "base_delay_seconds": 3000, "jitter": False})
    eventually(lambda: sheets_of(own, flaky)["only"]["status"] == "waiting")
    works = start(own, "works", "touch begun; until [ -e go ]; do sleep 0.1; done")
    workspace = own.settings.home / "workspaces" / works
    wait_for_file(workspace / "begun")
    queued = start(own, "queued")
    assert await listed(keeper, "active") == [queued, works, flaky]
    assert await listed(keeper, "waiting") == [queued, flaky]
    assert await listed(keeper, "running") == [works, flaky]
    assert await listed(keeper, "stuck") == []
    assert await listed(keeper, "any") == await listed(keeper, "all") == [queued, works, flaky, bad, good]
    first = await keeper.call("list_jobs", status="ended", limit=1)
    assert first["summary"] == "1 of 2 ended jobs, newest first; use next_cursor for more."
    assert [each["job_id"] for each in first["jobs"]] == [bad]
    assert await listed(keeper, "ended", cursor=first["next_cursor"]) == [good]
    (line,) = (await keeper.call("list_jobs", status="waiting", name="flaky"))["jobs"]
    assert (line["status"], line["waiting"], line["running"]) == ("running", ["only"], [])
    assert line["waiting_until"] > line["submitted_at"]
    shown = await keeper.call("get_job", job_id=flaky)
    assert shown["summary"].startswith(
        f"{flaky} is waiting (0 of 1 sheet completed, waiting: only): sheet only is waiting"
    )
    assert shown["waiting_until"] == line["waiting_until"]
    waited = await keeper.call("wait_for_job", job_ids=["flaky"], timeout_seconds=0)
    assert f"{flaky} is waiting (" in waited["summary"]
    assert waited["jobs"][0]["waiting_until"] == line["waiting_until"]
    (workspace / "go").touch()
    until(own, queued, "completed")
    assert "finished_at" in (await keeper.call("list_jobs", name="queued"))["jobs"][0]
    await keeper.call("cancel_job", job_id=flaky)
    assert await listed(keeper, "active") == []


async def test_ended_jobs_are_removed_together_once_it_was_said_which(keeper: Agent, own: Conductor) -> None:
    await keeper.call("clear_jobs", dry_run=False)
    jobs = [ended(own, f"job{number}", "exit 1" if number == 1 else "touch made") for number in range(4)]
    resumed = start(own, "resumed", "sleep 1000")
    await keeper.call("cancel_job", job_id=resumed)
    until(own, resumed, "cancelled")
    await keeper.call("resume_job", job_id=resumed)
    said = await keeper.call("clear_jobs", keep_newest=1)
    assert [line.split(" ")[0] for line in said["jobs"]] == jobs[:3]
    assert said["summary"].startswith("Dry run: 3 jobs (2 completed, 1 failed) would be removed")
    assert await listed(keeper, "ended") == jobs[::-1]
    assert said["next"] == "clear_jobs(keep_newest=1, dry_run=false)"
    assert (await keeper.call("clear_jobs", older_than_hours=1))["total"] == 0
    done = await keeper.call("clear_jobs", keep_newest=1, dry_run=False)
    assert done["summary"] == "3 jobs (2 completed, 1 failed) were removed; workspaces are kept."
    assert await listed(keeper, "any") == [resumed, jobs[3]]
    assert [each["type"] for each in events_of(own, jobs[0])] == ["job.deleted"]
    assert (own.settings.home / "workspaces" / jobs[0] / "made").exists()
    assert (await keeper.refused("get_job", job_id=jobs[0]))["code"] == "JOB_DELETED"
    await keeper.call("cancel_job", job_id=resumed)
    until(own, resumed, "cancelled")


async def test_a_misspelt_filter_removes_nothing(keeper: Agent, own: Conductor) -> None:
    job_id = ended(own, "kept")
    error = await keeper.refused("clear_jobs", older_than_days=30, dry_run=False)
    assert (error["code"], error["arguments"]) == ("INVALID_ARGUMENTS", ["older_than_days"])
    assert job_id in await listed(keeper, "ended")


async def test_a_name_is_enough_to_read_and_not_enough_to_change(keeper: Agent, own: Conductor) -> None:
    await keeper.call("clear_jobs", dry_run=False)
    first = ended(own, "Nightly «build»", "echo hello; touch made")
    assert (await keeper.call("get_job", job_id="Nightly «build»"))["job_id"] == first
    assert (await keeper.call("read_job_log", job_id="Nightly «build»"))["job_id"] == first
    assert (await keeper.call("list_artifacts", job_id="Nightly «build»"))["job_id"] == first
    error = await keeper.refused("delete_job", job_id="Nightly «build»")
    assert error["message"] == f"'Nightly «build»' is a job's name; its id is {first}."
    assert error["fix"] == f'delete_job(job_id="{first}")'
    second = ended(own, "Nightly «build»")
    error = await keeper.refused("explain_job", job_id="Nightly «build»")
    assert error["code"] == "AMBIGUOUS_NAME"
    assert [(each["job_id"], each["status"]) for each in error["jobs"]] == [(second, "completed"), (first, "completed")]
    assert all(each["submitted_at"] < each["finished_at"] for each in error["jobs"])
    assert error["fix"].endswith(f'explain_job(job_id="{second}")')
    await keeper.call("delete_job", job_id=second)
    assert (await keeper.call("explain_job", job_id="Nightly «build»"))["job_id"] == first
    assert (await keeper.refused("get_job", job_id=second))["code"] == "JOB_DELETED"
