"""What the tools say of a Marianne conductor's jobs is so: what was done, how many sheets, why, and what may be done next."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest
from mcp import MCPError

from tests.support.agent import BOTH_ERAS, Agent
from tests.support.mcp_clients import plain_agent
from tests.support.podium_home import make_home, until
from tests.support.replay.conductor import ReplayConductor
from tests.support.replay.placing import STATES

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("no_jobs_left")]

BAD_SCORES = {
    "no_prompt": "name: x\ninstrument: cli\nsheet: {size: 1, total_items: 3}\n",
    "no_yaml": "name: [\n",
    "only_a_comment": "# nothing yet\n",
    "a_count_below_one": "name: x\nsheet: {size: 0, total_items: 3}\nprompt: {}\n",
    "a_sheet_that_needs_itself": "name: x\nsheet: {size: 1, total_items: 3, dependencies: {2: [2]}}\nprompt: {}\n",
}
GOOD = (
    "name: changed\ninstrument: cli\nworkspace: {}\nsheet: {{size: 1, total_items: 3}}\nprompt: {{template: 'true'}}\n"
)
NAMED = "name: build\nsheets:\n  - {name: only, run: 'true'}\n"
# Of a job: what has to be the same wherever it is told.
SAME = ("job_name", "status", "reason", "sheets_total", "sheets_completed", "running", "allowed_actions")


@pytest.fixture(scope="module")
async def patient(marianne: ReplayConductor, folder: Path) -> AsyncIterator[Agent]:
    """An agent whose calls wait for their effect for as long as one takes."""
    settings = make_home(folder, socket=marianne.path)
    async with plain_agent(settings, "auto", cwd=folder, PODIUM_EFFECT_SECONDS="0.4") as connected:
        yield connected


def line_of(listed: dict[str, Any], job_id: str) -> dict[str, Any]:
    """Return the line about a job."""
    (line,) = [each for each in listed["jobs"] if each["job_id"] == job_id]
    found: dict[str, Any] = line
    return found


# -- one truth, wherever it is told -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "mode"), [(state, BOTH_ERAS[at % 2]) for at, state in enumerate(STATES)])
async def test_every_tool_gives_the_same_reason_and_numbers(
    marianne: ReplayConductor, visitor: Agent, state: str, mode: str
) -> None:
    job_id = f"same-{state}-{mode}".replace("_", "-")
    marianne.put(job_id, state)
    job = await visitor.call("get_job", job_id=job_id)
    explained = await visitor.call("explain_job", job_id=job_id)
    lines = [
        line_of(await visitor.call("list_jobs", name=job_id), job_id),
        line_of(await visitor.call("wait_for_job", job_ids=[job_id], timeout_seconds=0), job_id),
    ]
    for name in SAME:
        told = [each[name] for each in (job, explained, *lines) if name in each]
        assert len(told) >= 2
        assert all(each == told[0] for each in told), (name, told)
    assert all(each.get("waiting") == job.get("waiting") for each in lines), lines  # left out where nothing waits


@pytest.mark.parametrize("state", ["cancelled", "failed_by_crash", "failed"])
async def test_nothing_of_an_ended_job_runs(marianne: ReplayConductor, patient: Agent, state: str) -> None:
    job_id = f"ended-{state}".replace("_", "-")
    marianne.put(job_id, state)
    for tool in ("get_job", "explain_job"):
        found = await patient.call(tool, job_id=job_id)
        assert (found["running"], found["sheets_completed"], found["sheets_total"]) == ([], 1, 3)
        assert "running" not in found["summary"]


async def test_a_cancelled_job_and_one_that_goes_on_keep_their_numbers(
    marianne: ReplayConductor, patient: Agent
) -> None:
    marianne.put("numbers", "running")
    for tool in ("cancel_job", "resume_job", "get_job"):
        found = await patient.call(tool, job_id="numbers")
        assert (found["sheets_completed"], found["sheets_total"]) == (1, 3)


async def test_a_score_that_is_queued_again_shows_nothing_of_the_run_before(
    marianne: ReplayConductor, patient: Agent
) -> None:
    marianne.put("again", "submitted_again")
    for tool in ("get_job", "explain_job"):
        found = await patient.call(tool, job_id="again")
        assert (found["status"], found["sheets_completed"]) == ("queued", 0)
    assert line_of(await patient.call("list_jobs", name="again"), "again")["sheets_completed"] == 0


async def test_a_sheet_that_completed_at_once_has_been_tried_once(marianne: ReplayConductor, patient: Agent) -> None:
    marianne.put("tried", "completed")
    sheets = (await patient.call("get_job", job_id="tried", detail="full"))["sheets"]
    assert [each["attempts"] for each in sheets] == [1, 1, 1]


async def test_a_job_paused_in_its_last_sheet_is_said_to_end_by_itself(
    marianne: ReplayConductor, patient: Agent
) -> None:
    job = marianne.put("last", "paused_in_the_last_sheet")
    told = (await patient.call("get_job", job_id="last"))["reason"]
    assert "by itself" in told
    assert "3" in told
    job.finish_sheet(3)
    found = await patient.call("wait_for_job", job_ids=["last"])
    assert line_of(found, "last")["status"] == "completed"


async def test_a_paused_job_says_that_a_resume_runs_its_sheet_anew(marianne: ReplayConductor, patient: Agent) -> None:
    job = marianne.put("anew", "paused_in_a_sheet")
    told = (await patient.call("get_job", job_id="anew"))["reason"]
    assert "resume" in told
    assert "again" in told
    said = await patient.call("resume_job", job_id="anew")
    assert "2" in said["summary"]
    assert "again" in said["summary"]
    assert (job.sheet(2).status, job.sheet(2).starts) == ("dispatched", 1)


# -- processes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", STATES)
async def test_health_follows_the_status_and_says_that_nothing_is_known_of_processes(
    marianne: ReplayConductor, patient: Agent, state: str
) -> None:
    job_id = f"health-{state}".replace("_", "-")
    job = marianne.put(job_id, state)
    found = await patient.call("verify_process_health", job_id=job_id)
    assert found["pid"] is None
    runs_on = job.state == "paused" and any(each.status == "dispatched" for each in job.sheets)
    assert found["is_alive"] == (job.state == "running" or runs_on)
    assert not found["process_exists"]
    assert "None" not in found["summary"]
    assert "process" in found["summary"]
    if state == "failed_by_crash":
        assert "may still" in found["summary"]


# -- going on ---------------------------------------------------------------------------------------------------------


async def test_a_job_that_was_cut_off_by_a_crash_goes_on(marianne: ReplayConductor, patient: Agent) -> None:
    job = marianne.put("cut", "failed_by_crash")
    found = await patient.call("resume_job", job_id="cut")
    assert (found["success"], found["status"], job.state) == (True, "running", "running")
    job.finish_sheet(2)
    marianne.settle()
    job.finish_sheet(3)
    assert (await patient.settled("cut"))["status"] == "completed"


async def test_a_job_of_which_a_sheet_failed_is_not_resumed(marianne: ReplayConductor, patient: Agent) -> None:
    marianne.put("sheet-failed", "failed")
    error = await patient.refused("resume_job", job_id="sheet-failed")
    assert error["code"] == "WRONG_STATE"
    assert "start_job" in error["fix"]
    assert {"job_id": "sheet-failed"} not in marianne.asked("job.resume")


@pytest.mark.parametrize("tool", ["modify_job", "resume_job"])
@pytest.mark.parametrize("bad", BAD_SCORES)
async def test_a_bad_changed_score_is_refused_before_the_conductor_sees_it(
    marianne: ReplayConductor, patient: Agent, tool: str, bad: str
) -> None:
    job_id = f"bad-{tool}-{bad}".replace("_", "-")
    job = marianne.put(job_id, "paused")
    asked = len(marianne.asked("job.modify")) + len(marianne.asked("job.resume"))
    error = await patient.refused(tool, job_id=job_id, config_content=BAD_SCORES[bad])
    assert error["code"] in {"SCORE_INVALID", "INVALID_ARGUMENTS"}
    assert "pydantic" not in json.dumps(error)
    assert len(marianne.asked("job.modify")) + len(marianne.asked("job.resume")) == asked
    assert job.state == "paused"


async def test_a_change_that_the_conductor_takes_and_cannot_use_is_no_success(
    marianne: ReplayConductor, patient: Agent
) -> None:
    """It reads the score a moment after it has accepted it: then the file is gone."""
    job = marianne.put("gone", "paused")
    (marianne.folder / "scores" / "gone.yaml").unlink()
    error = await patient.refused("resume_job", job_id="gone")
    assert error["code"] == "WRONG_STATE"
    assert job.state == "failed"


async def test_a_changed_score_is_the_one_that_goes_on(marianne: ReplayConductor, patient: Agent) -> None:
    job = marianne.put("change", "paused")
    found = await patient.call(
        "modify_job", job_id="change", config_content=GOOD.format(marianne.folder / "ws" / "change")
    )
    assert (found["success"], found["pending"], job.state) == (True, False, "running")
    assert job.job.run is not None
    assert job.job.run.config.name == "changed"


@pytest.mark.parametrize("tool", ["resume_job", "modify_job"])
async def test_a_change_that_waits_for_a_slot_is_pending(marianne: ReplayConductor, patient: Agent, tool: str) -> None:
    """The score is read when the job begins to run: until then it is not known whether it can be used."""
    job_id = f"slot-{tool}".replace("_", "-")
    marianne.put(job_id, "paused")
    slots, marianne.jobs.slots = marianne.jobs.slots, 0
    try:
        found = await patient.call(tool, job_id=job_id, config_content=GOOD.format(marianne.folder / "ws" / job_id))
    finally:
        marianne.jobs.slots = slots
    assert (found["success"], found["pending"], found["status"]) == (True, True, "queued")
    assert "running sheets" not in found["summary"]


async def test_a_running_job_is_not_modified(marianne: ReplayConductor, patient: Agent) -> None:
    job = marianne.put("runs", "running")
    error = await patient.refused("modify_job", job_id="runs", config_content=GOOD.format(marianne.folder))
    assert error["code"] == "WRONG_STATE"
    assert "pause" in error["fix"] + error["message"]
    assert job.state == "running"


# -- starting ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", BAD_SCORES)
async def test_a_bad_score_is_not_started(marianne: ReplayConductor, patient: Agent, bad: str) -> None:
    path = marianne.folder / "scores" / f"start-{bad}.yaml"
    path.write_text(BAD_SCORES[bad])
    text = json.dumps(await patient.refused("start_job", config_path=str(path)))
    assert not [word for word in ("pydantic", "mzt", "--workspace") if word in text], text
    assert path.stem not in marianne.jobs.by_id


async def test_a_conductor_under_pressure_takes_jobs_later(marianne: ReplayConductor, patient: Agent) -> None:
    marianne.jobs.under_pressure = True
    try:
        assert not (await patient.call("conductor_status"))["accepting_work"]
        error = await patient.refused("start_job", config_path=str(marianne.score("pressed")))
    finally:
        marianne.jobs.under_pressure = False
    assert error["code"] == "SUBMIT_REJECTED"
    assert "when conductor_status says" in error["fix"]


async def test_a_named_score_is_told_to_need_podium(marianne: ReplayConductor, patient: Agent) -> None:
    error = await patient.refused("start_job", config_content=NAMED)
    assert error["code"] == "UNSUPPORTED_BY_CONDUCTOR"
    assert "Podium" in error["message"] + error["fix"]


@pytest.mark.parametrize("ignored", [{"start_sheet": "2"}, {"idempotency_key": "k"}, {"variables": ["a=b"]}])
async def test_what_it_would_ignore_is_refused_before_it_is_sent(
    marianne: ReplayConductor, patient: Agent, ignored: dict[str, Any]
) -> None:
    path = marianne.score(f"ignored-{next(iter(ignored))}")
    error = await patient.refused("start_job", config_path=str(path), **ignored)
    assert error["code"] == "UNSUPPORTED_BY_CONDUCTOR"
    assert path.stem not in marianne.jobs.by_id


async def test_a_start_over_a_paused_job_is_refused(marianne: ReplayConductor, patient: Agent) -> None:
    job = marianne.put("over", "paused")
    error = await patient.refused("start_job", config_path=str(marianne.score("over")))
    assert (error["code"], job.state, marianne.jobs.leaked) == ("SUBMIT_REJECTED", "paused", 0)


@pytest.mark.parametrize("state", ["running", "queued"])
async def test_a_start_of_a_score_whose_job_goes_on_leads_to_that(
    marianne: ReplayConductor, patient: Agent, state: str
) -> None:
    job_id = f"goes-on-{state}"
    marianne.put(job_id, state)
    error = await patient.refused("start_job", config_path=str(marianne.score(job_id)))
    assert (error["code"], error["state"]) == ("SUBMIT_REJECTED", state)
    assert "wait_for_job" in error["fix"]
    assert "cancel_job" in error["fix"]


async def test_a_job_that_cannot_go_on_leads_to_a_new_start(marianne: ReplayConductor, patient: Agent) -> None:
    job = marianne.put("anew", "failed")
    for tool in ("get_job", "explain_job"):
        found = await patient.call(tool, job_id="anew")
        assert found["next"] == f'start_job(config_path="{job.job.config_path}")'
    assert any(each.startswith(found["next"]) for each in found["options"])
    started = await patient.call("start_job", config_path=job.job.config_path)
    assert started["status"] == "running"


async def test_a_start_right_after_the_end_of_the_run_before_is_running(
    marianne: ReplayConductor, patient: Agent
) -> None:
    """To ask that conductor for the status of such a job would make it call the job failed."""
    marianne.put("race", "paused_in_the_last_sheet").finish_sheet(3)
    found = await patient.call("start_job", config_path=str(marianne.score("race")))
    assert (found["status"], found["sheets_completed"]) == ("running", 0)
    assert line_of(await patient.call("list_jobs", name="race"), "race")["status"] == "running"
    assert marianne.job("race").state == "running"


# -- waiting ----------------------------------------------------------------------------------------------------------


async def test_a_wait_wakes_when_a_sheet_fails_though_the_job_goes_on(
    marianne: ReplayConductor, patient: Agent
) -> None:
    job = marianne.put("wakes", "running", order={2: [1], 3: [1]})
    found: dict[str, Any] = {}

    async def wait() -> None:
        found.update(await patient.call("wait_for_job", job_ids=["wakes"], timeout_seconds=60))

    async with anyio.create_task_group() as tasks:
        asked = len(marianne.asked("job.status"))
        tasks.start_soon(wait)
        await anyio.to_thread.run_sync(until, lambda: len(marianne.asked("job.status")) > asked)
        job.fail_sheet(2)
    assert (found["woke_for"], job.state) == ("event", "running")
    assert "2" in json.dumps(found["events"])


async def test_a_sheet_that_waits_for_a_decision_ends_a_wait_and_leads_out(
    marianne: ReplayConductor, patient: Agent
) -> None:
    """Nothing resolves it there but a pause and a resume, or a cancel: without them the job runs for ever."""
    job = marianne.put("held-up", "fermata")
    waited = await patient.call("wait_for_job", job_ids=["held-up"], timeout_seconds=60)
    assert (waited["woke_for"], waited["next"]) == ("settled", 'explain_job(job_id="held-up")')
    explained = await patient.call("explain_job", job_id="held-up")
    assert explained["next"] == 'pause_job(job_id="held-up")'
    assert (await patient.call("verify_process_health", job_id="held-up"))["next"] == waited["next"]
    for tool in ("pause_job", "resume_job"):
        await patient.call(tool, job_id="held-up")
    assert (job.state, job.sheet(2).status) == ("running", "dispatched")


async def test_a_wait_for_several_says_which_has_ended(marianne: ReplayConductor, patient: Agent) -> None:
    marianne.put("first", "completed")
    marianne.put("second", "running")
    found = await patient.call("wait_for_job", job_ids=["first", "second"], timeout_seconds=30)
    assert found["woke_for"] == "settled"
    assert line_of(found, "first")["settled"]
    assert not line_of(found, "second")["settled"]


# -- the conductor itself ---------------------------------------------------------------------------------------------


async def test_the_status_names_everything_that_is_not_there(marianne: ReplayConductor, patient: Agent) -> None:
    found = await patient.call("conductor_status")
    told = json.dumps([found["missing"], found["not_available"]])
    words = ("dry_run", "start_sheet", "idempotency_key", "variables", "from_sheet", "events", "subscriptions")
    assert not [word for word in words if word not in told], told


async def follow(user: Agent, uri: str, mode: str) -> None:
    """Subscribe to a resource the way the era does."""
    if mode == "legacy":
        await user.client.subscribe_resource(uri)
        return
    async with user.client.listen(resource_subscriptions=[uri]):
        pass


@pytest.mark.filterwarnings("ignore:resources/subscribe:mcp.MCPDeprecationWarning")
@pytest.mark.parametrize("mode", BOTH_ERAS)
async def test_a_subscription_that_would_never_fire_is_refused(
    marianne: ReplayConductor, visitor: Agent, mode: str
) -> None:
    marianne.put("followed", "running")
    with pytest.raises(MCPError):
        await follow(visitor, "job://followed", mode)


async def test_connections_are_held_only_for_a_call(marianne: ReplayConductor, patient: Agent) -> None:
    marianne.put("held", "running")
    for tool in ("get_job", "pause_job", "resume_job"):
        await patient.call(tool, job_id="held")
    until(lambda: marianne.server.connections == 0, seconds=5)
