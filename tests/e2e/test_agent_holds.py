"""A sheet with `hold` from an agent's side: the job stops before it, says what it asks, and `resume_job` approves it."""

from typing import Any

import anyio
import pytest

from tests.support.agent import BOTH_ERAS, Agent

pytestmark = pytest.mark.anyio

RELEASE = """
name: release
sheets:
  - {name: build, needs: [], run: "echo built >> ran"}
  - {name: deploy, needs: [build], hold: "Deploy to production?", run: "echo deployed >> ran"}
  - {name: after, needs: [deploy], run: "echo after >> ran"}
  - {name: docs, needs: [], run: "until [ -e go ]; do sleep 0.1; done"}
"""
ASKS = "sheet deploy waits for approval: Deploy to production?"


async def held(user: Agent, job: dict[str, Any]) -> dict[str, Any]:
    """Follow `next` until something of the job holds; return the wait's answer."""
    after = job["next"].split('after="')[1].split('"')[0]
    while True:
        found = await user.call("wait_for_job", job_ids=[job["job_id"]], after=after)
        if found["jobs"][0].get("holding"):
            return found
        after = found["after"]


async def ran(job: dict[str, Any]) -> list[str]:
    return (await anyio.Path(job["workspace"], "ran").read_text()).split()


@pytest.mark.parametrize("mode", BOTH_ERAS)
async def test_a_pipeline_holds_before_one_sheet_while_an_independent_one_goes_on(user: Agent) -> None:
    plan = (await user.call("validate_score", config_content=RELEASE))["sheets"]
    assert [sheet.get("hold") for sheet in plan] == [None, "Deploy to production?", None, None]
    job = await user.call("start_job", config_content=RELEASE)
    job_id = job["job_id"]
    woken = await held(user, job)
    line = woken["jobs"][0]
    assert (woken["woke_for"], line["status"], line["settled"]) == ("event", "running", False)
    assert (line["holding"], line["reason"], line["running"]) == (["deploy"], ASKS, ["docs"])
    assert any("sheet.held" in event and "text=Deploy to production?" in event for event in woken["events"])
    assert (
        f"{job_id} is running (1 of 4 sheets completed, running: docs): {ASKS} resume_job approves deploy."
        in (woken["summary"])
    )

    await anyio.Path(job["workspace"], "go").touch()
    assert (await user.settled(job_id))["status"] == "paused"
    explained = await user.call("explain_job", job_id=job_id)
    assert explained["summary"] == (f"{job_id} is paused (2 of 4 sheets completed): {ASKS} resume_job approves deploy.")
    assert (explained["kind"], explained["blocked"]) == ("paused", ["after"])
    assert explained["options"][0] == f'resume_job(job_id="{job_id}"): approves the sheets that wait for an approval'
    found = await user.call("get_job", job_id=job_id, detail="full")
    assert (found["holding"], found["next"]) == (["deploy"], "")
    sheets = {sheet["name"]: (sheet["status"], sheet.get("reason")) for sheet in found["sheets"]}
    assert sheets["deploy"] == ("pending", "holds: Deploy to production?")
    listed = await user.call("list_jobs", name=job_id)
    assert listed["jobs"][0]["holding"] == ["deploy"]
    assert await ran(job) == ["built"]

    approved = await user.call("resume_job", job_id=job_id)
    assert approved["summary"].startswith(f"Approved in job {job_id}: deploy.")
    done = await user.settled(job_id)
    assert (done["status"], "holding" in done) == ("completed", False)
    assert await ran(job) == ["built", "deployed", "after"]


async def test_a_running_job_goes_on_with_the_approved_sheet_at_once(user: Agent) -> None:
    job = await user.call("start_job", config_content=RELEASE)
    await held(user, job)
    approved = await user.call("resume_job", job_id=job["job_id"])
    assert approved["status"] == "running"
    with anyio.fail_after(30):
        while (await user.call("get_job", job_id=job["job_id"]))["sheets_completed"] < 3:
            pass
    assert await ran(job) == ["built", "deployed", "after"]
    refused = await user.refused("resume_job", job_id=job["job_id"])
    assert (refused["code"], refused["allowed"]) == ("WRONG_STATE", ["pause", "modify", "cancel"])
    await user.call("cancel_job", job_id=job["job_id"])


async def test_a_resume_of_a_paused_job_approves_nothing_that_came_to_its_hold_meanwhile(user: Agent) -> None:
    text = RELEASE.replace("echo built >> ran", "until [ -e built ]; do sleep 0.1; done")
    job = await user.call("start_job", config_content=text)
    job_id, workspace = job["job_id"], anyio.Path(job["workspace"])
    await user.running(job_id)
    await user.call("pause_job", job_id=job_id)
    for name in ("built", "go"):
        await (workspace / name).touch()
    assert (await user.settled(job_id))["reason"] == f"paused on request; {ASKS}"
    lifted = await user.call("resume_job", job_id=job_id)
    assert (lifted["status"], lifted["reason"]) == ("paused", ASKS)
    assert "nothing was approved" in lifted["summary"]
    assert lifted["summary"].endswith(f"{ASKS} resume_job approves deploy.")
    await user.call("resume_job", job_id=job_id)
    assert (await user.settled(job_id))["status"] == "completed"


async def test_a_held_job_takes_a_changed_score_and_can_be_cancelled_and_removed(user: Agent) -> None:
    text = "name: gate\nsheets:\n  - {name: only, hold: 'one?', run: echo}\n"
    job = await user.call("start_job", config_content=text)
    assert (job["status"], job["reason"]) == ("paused", "sheet only waits for approval: one?")
    changed = await user.call("modify_job", job_id=job["job_id"], config_content=text.replace("one?", "two?"))
    assert (changed["status"], changed["reason"]) == ("paused", "sheet only waits for approval: two?")
    ended = await user.call("cancel_job", job_id=job["job_id"])
    assert (ended["status"], ended["reason"]) == ("cancelled", "cancelled on request")
    await user.call("delete_job", job_id=job["job_id"])
    free = await user.call("start_job", config_content=text)
    await user.call("modify_job", job_id=free["job_id"], config_content=text.replace("hold: 'one?', ", ""))
    assert (await user.settled(free["job_id"]))["status"] == "completed"


async def test_each_sheet_of_a_foreach_holds_and_the_answer_names_what_it_approves(user: Agent) -> None:
    text = "name: fan\nsheets:\n  - {name: to, foreach: [a, b, c, d], hold: true, needs: [], run: echo}\n"
    job = await user.call("start_job", config_content=text)
    assert job["reason"].endswith("; sheet to[c] waits for approval: may it run?; 1 more sheet waits for approval")
    approved = await user.call("resume_job", job_id=job["job_id"])
    assert approved["summary"].startswith(f"Approved in job {job['job_id']}: to[a], to[b], to[c], to[d].")
    assert (await user.settled(job["job_id"]))["status"] == "completed"


async def test_all_of_a_long_text_can_be_read_where_the_sheets_are_and_many_fit_a_reply(user: Agent) -> None:
    asks = "Deploy? " + "\u9dd7" * 992
    sheets = "".join(f"  - {{name: s{num}, needs: [], hold: '{asks}', run: echo}}\n" for num in range(50))
    job_id = (await user.call("start_job", config_content=f"name: long\nsheets:\n{sheets}"))["job_id"]
    found = await user.call("get_job", job_id=job_id, detail="full")
    assert found["sheets"][0]["reason"] == f"holds: {asks}"
    assert 0 < len(found["sheets"]) < 50
    assert f'get_job(job_id="{job_id}", sheets_cursor="{found["sheets_cursor"]}")' in found["next"]
    assert len(str(found)) < 12_000


async def test_no_answer_and_no_event_shows_a_secret_in_what_is_asked(user: Agent) -> None:
    secret = "ghp_0123456789abcdefghijABCDEFGHIJ012345"
    text = (
        f"name: secret\nsheets:\n  - {{name: only, env: {{API_TOKEN: {secret}}}, hold: 'use {secret}?', run: echo}}\n"
    )
    job = await user.call("start_job", config_content=text)
    assert job["reason"].startswith("sheet only waits for approval: use ")
    after = f"{job['job_id']}"
    answers = [
        job,
        await user.call("validate_score", config_content=text),
        await user.call("get_job", job_id=after, detail="full"),
        await user.call("explain_job", job_id=after),
        await user.call("modify_job", job_id=after, config_content=text.replace("use", "spend")),
        await user.call("list_jobs", name=after),
    ]
    assert secret not in str(answers)
    assert "spend" in answers[4]["reason"]
    for told in ("# first", "# second"):  # the plan is the same with each
        await user.call("modify_job", job_id=after, find="name: secret\n", replace=f"name: secret\n{told}\n")
        assert told in (await user.call("get_job", job_id=after, detail="score"))["score"]
