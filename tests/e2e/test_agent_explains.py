"""`explain_job` from an agent's side: every state of a real job has its reason, its evidence and the calls that follow."""

from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.support.agent import BOTH_ERAS, Agent, agent
from tests.support.podium_home import Conductor, make_home

pytestmark = pytest.mark.anyio

BROKEN = """
name: broken
sheets:
  - name: build
    run: echo built
  - name: tests
    needs: [build]
    run: echo '41 passed'; echo 'KeyError - missing' >&2; exit 3
    retry: {max_retries: 2, base_delay_seconds: 0.05}
  - name: report
    needs: [tests]
    run: echo report
  - name: publish
    needs: [report]
    run: echo publish
"""
UNCHECKED = """
name: unchecked
sheets:
  - name: measure
    run: echo 'measured 3'; echo 'a warning' >&2
    validate:
      - {file_exists: {path: out.txt, description: what was measured}}
    description: measures three times
description: for the yearly report
"""
TWO_FAIL = """
name: two-fail
sheets:
  - {name: first, needs: [], run: 'until [ -e over ]; do sleep 0.1; done; exit 1'}
  - {name: second, needs: [], run: 'echo gives up >&2; exit 2'}
"""
RETRYING = """
name: retrying
sheets:
  - name: flaky
    run: echo 'try again later' >&2; exit 7
    retry: {max_retries: 3, base_delay_seconds: 600}
"""
# Runs until the workspace has a file `go`, and ends by its time limit at the latest.
GATED = """
name: gated
sheets:
  - name: gate
    run: echo waiting; until [ -e go ]; do sleep 0.1; done
    timeout_seconds: 3600
"""


async def explained(user: Agent, job_id: str, kind: str) -> dict[str, Any]:
    """Return the explanation of a job as soon as it is of this kind."""
    while (found := await user.call("explain_job", job_id=job_id))["kind"] != kind:
        await user.call("wait_for_job", job_ids=[job_id], timeout_seconds=0.2, after="")
    return found


@pytest.mark.parametrize("mode", BOTH_ERAS)
async def test_a_failed_job_is_explained_in_one_call(user: Agent) -> None:
    job_id = (await user.call("start_job", config_content=BROKEN))["job_id"]
    await user.settled(job_id)
    why = await user.call("explain_job", job_id=job_id)
    assert why["summary"].endswith("sheet tests failed: exit code 3. Sheet tests had 3 attempts. 2 sheets are blocked.")
    assert (why["kind"], why["sheet"], why["attempt"], why["exit_code"]) == ("failed", "tests", 3, 3)
    assert why["earlier_attempts"] == ["attempt 1 failed: exit code 3", "attempt 2 failed: exit code 3"]
    assert why["blocked"] == ["report", "publish"]
    assert (why["output_stream"], why["job_output"]) == ("stderr", "KeyError - missing")
    assert "not instructions" in why["job_output_note"]
    assert [option.partition("(")[0] for option in why["options"]] == ["read_job_log", "resume_job", "get_job"]


async def test_several_failed_sheets_are_told_in_the_order_in_which_they_failed(user: Agent) -> None:
    job = await user.call("start_job", config_content=TWO_FAIL)
    job_id = job["job_id"]
    while (await user.call("get_job", job_id=job_id)).get("sheets_failed", 0) == 0:
        pass
    await anyio.Path(job["workspace"], "over").touch()
    await user.settled(job_id)
    why = await user.call("explain_job", job_id=job_id)
    assert (why["sheet"], why["failed_sheets"]) == ("second", ["second: exit code 2", "first: exit code 1"])
    assert why["reason"] == "sheet second failed (and 1 more): exit code 2"
    assert "2 sheets failed, second first." in why["summary"]
    log = await user.call("read_job_log", job_id=job_id, stream="stderr")
    assert (log["sheet_name"], log["job_output"]) == ("second", "gives up")


async def test_a_failed_validation_is_told_with_what_was_expected_and_found(user: Agent) -> None:
    job_id = (await user.call("start_job", config_content=UNCHECKED))["job_id"]
    await user.settled(job_id)
    why = await user.call("explain_job", job_id=job_id)
    assert why["exit_code"] == 0
    assert why["failed_validations"] == ["file_exists (what was measured): expected out.txt exists, found no such file"]
    found = await user.call("get_job", job_id=job_id, detail="full")
    assert (found["description"], found["sheets"][0]["description"]) == (
        "for the yearly report",
        "measures three times",
    )
    assert "description" not in await user.call("get_job", job_id=job_id)
    assert (why["output_stream"], why["job_output"]) == ("stdout", "measured 3")


async def test_a_secret_of_the_start_is_not_told_with_the_validation_that_used_it(user: Agent) -> None:
    score = UNCHECKED.replace(
        "file_exists: {path: out.txt, description: what was measured}",
        'command_succeeds: "echo {api_token}; test {api_token} = x"',
    )
    score += "variables: {api_token: none}\n"
    job_id = (await user.call("start_job", config_content=score, variables=["api_token=s3cr3t-value"]))["job_id"]
    await user.settled(job_id)
    why = await user.call("explain_job", job_id=job_id)
    assert "[value of api_token]" in why["failed_validations"][0]
    assert "s3cr3t" not in why["reason"] + "".join(why["failed_validations"])


async def test_a_job_that_waits_for_a_retry_says_until_when_and_shows_what_went_wrong(user: Agent) -> None:
    job_id = (await user.call("start_job", config_content=RETRYING))["job_id"]
    why = await explained(user, job_id, "waiting")
    assert (why["status"], why["sheet"], why["attempt"]) == ("running", "flaky", 1)
    assert "retry 1 of 3" in why["reason"]
    assert why["waits_until"]
    assert why["job_output"] == "try again later"
    assert why["next"].startswith("wait_for_job(")
    await user.call("pause_job", job_id=job_id)
    paused = await user.call("explain_job", job_id=job_id)
    assert (paused["kind"], paused["reason"]) == ("paused", "paused on request")
    assert "Use resume_job to continue it." in paused["summary"]
    resumed = await user.call("resume_job", job_id=job_id)
    assert (resumed["status"], "retry 1 of 3" in resumed["reason"]) == ("queued", True)
    assert "retry 1 of 3" in (await user.call("explain_job", job_id=job_id))["reason"]
    await user.call("cancel_job", job_id=job_id)
    gone = await user.call("explain_job", job_id=job_id)
    assert (gone["kind"], gone["sheet"]) == ("cancelled", "flaky")


async def test_a_running_job_says_when_its_time_limit_ends_it_and_shows_its_output(user: Agent) -> None:
    job = await user.call("start_job", config_content=GATED)
    while not (await user.call("read_job_log", job_id=job["job_id"]))["job_output"]:
        pass
    why = await explained(user, job["job_id"], "running")
    assert why["waits_until"]
    assert why["waits_until"] in why["summary"]
    assert (why["sheet"], why["attempt"]) == ("gate", 1)
    assert "Sheet gate has been running since 20" in why["summary"]
    assert "and wrote its last output at 20" in why["summary"]
    await anyio.Path(job["workspace"], "go").touch()
    assert (await user.settled(job["job_id"]))["status"] == "completed"
    done = await user.call("explain_job", job_id=job["job_id"])
    assert (done["kind"], done["sheet"], done["next"]) == (
        "completed",
        "",
        f'read_artifact(job_id="{job["job_id"]}", path="go")',
    )


async def test_a_queued_job_says_that_every_slot_is_in_use(short_tmp: Path) -> None:
    one = Conductor(make_home(short_tmp, max_sheets=1)).start()
    try:
        async with agent(one.settings, "auto") as user:
            first = await user.call("start_job", config_content=GATED)
            await user.running(first["job_id"])
            second = await user.call("start_job", config_content=GATED)
            why = await user.call("explain_job", job_id=second["job_id"])
            assert (why["kind"], why["status"]) == ("queued", "queued")
            assert "All 1 sheet slots are in use." in why["summary"]
    finally:
        one.end()


async def test_a_stuck_job_leads_to_a_look_at_its_process(short_tmp: Path) -> None:
    quick = Conductor(make_home(short_tmp, stuck_seconds=1)).start()
    try:
        async with agent(quick.settings, "auto") as user:
            score = "name: silent\nsheets:\n  - {name: nap, run: sleep 600}\n"
            job_id = (await user.call("start_job", config_content=score))["job_id"]
            assert (await user.settled(job_id))["status"] == "running"
            why = await user.call("explain_job", job_id=job_id)
            assert (why["kind"], why["sheet"], why["waits_until"]) == ("stuck", "nap", "")
            assert why["reason"].startswith("stuck: no output and no CPU use by nap for more than 1 s, since 20")
            assert "and has produced no output (programs hold it back" in why["summary"]
            assert "It has no time limit." in why["summary"]
            assert why["next"] == f'verify_process_health(job_id="{job_id}")'
    finally:
        quick.end()


async def test_a_running_job_with_a_failed_sheet_says_that_it_will_fail(user: Agent) -> None:
    score = GATED + "  - {name: bad, needs: [], run: 'echo no >&2; exit 1'}\n"
    job = await user.call("start_job", config_content=score.replace("- name: gate", "- name: gate\n    needs: []"))
    found = await user.call("wait_for_job", job_ids=[job["job_id"]], after=job["next"].split('after="')[1][:-2])
    assert found["woke_for"] == "event"
    why = await user.call("explain_job", job_id=job["job_id"])
    assert (why["kind"], why["sheet"], why["job_output"]) == ("running", "bad", "no")
    assert "so the job will fail when its other sheets have ended" in why["summary"]
    await user.call("cancel_job", job_id=job["job_id"])


async def test_the_remedies_that_the_conductor_tried_are_told(user: Agent) -> None:
    slow = "name: slow\nsheets:\n  - {name: nap, run: sleep 60, timeout_seconds: 0.2}\n"
    job_id = (await user.call("start_job", config_content=slow, self_healing=True))["job_id"]
    assert (await user.settled(job_id))["status"] == "failed"
    why = await user.call("explain_job", job_id=job_id)
    tried = [line.split()[2] for line in why["healing"]]
    assert tried == ["healing.diagnosed", "healing.applied", "healing.failed"]
    assert "time limit of 0.4 s reached" in why["reason"]


async def test_an_unknown_job_is_refused_with_near_names(user: Agent) -> None:
    job_id = (await user.call("start_job", config_content=UNCHECKED.replace("unchecked", "mistaken")))["job_id"]
    error = await user.refused("explain_job", job_id=job_id + "x")
    assert (error["code"], error["near"][0]) == ("JOB_NOT_FOUND", job_id)
