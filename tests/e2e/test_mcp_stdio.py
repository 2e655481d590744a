"""The tools from an agent's side: the official client, a real server process and a real conductor."""

import json
from pathlib import Path
from typing import Any

import anyio
import pytest

from podium.settings import Settings
from podium_tools import ALL_TOOLS
from tests.support.agent import BOTH_ERAS, Agent, agent
from tests.support.podium_home import Conductor

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("mode", BOTH_ERAS)]

AUDIT = """
name: audit
sheets:
  - name: measure
    run: printf 'one\\ntwo\\nthree\\n'; mkdir -p out; printf 'All is well.' > out/report.md
    validate: [{file_exists: out/report.md}]
  - name: check
    needs: [measure]
    run: grep -q well out/report.md
"""
FAILING = """
name: failing
sheets:
  - name: good
    run: "true"
  - name: bad
    needs: [good]
    run: echo 'about to fail' >&2; exit 3
"""
# Runs until the workspace has a file `go`: a test lets it end, and no test sleeps.
GATED = """
name: gated
sheets:
  - name: gate
    run: echo waiting; until [ -e go ]; do sleep 0.1; done
  - name: after
    needs: [gate]
    run: echo over
"""
CALLS: dict[str, dict[str, Any]] = {
    "start_job": {"config_content": AUDIT},
    "clear_jobs": {},
    "list_jobs": {},
    "conductor_status": {},
    "wait_for_job": {"job_ids": ["a"]},
    "delete_job": {"job_id": "a"},
}
HOSTILE = r"""
name: hostile
sheets:
  - name: paint
    run: |
      printf '\033[31mred\033[0m \342\200\256reversed \363\240\201\251hidden\n'
"""


def let_go(job: dict[str, Any]) -> None:
    """Let the gate of a job open."""
    Path(job["workspace"], "go").touch()


async def test_an_agent_runs_a_job_and_reads_what_it_left(user: Agent, mode: str) -> None:
    plan = await user.call("validate_score", config_content=AUDIT)
    assert plan["valid"]
    assert [sheet["name"] for sheet in plan["sheets"]] == ["measure", "check"]
    started = await user.call("start_job", config_content=AUDIT, idempotency_key=f"one-{mode}")
    job_id = started["job_id"]
    again = await user.call("start_job", config_content=AUDIT, idempotency_key=f"one-{mode}")
    assert (again["job_id"], again["replayed"]) == (job_id, True)

    assert (await user.settled(job_id))["status"] == "completed"
    job = await user.call("get_job", job_id=job_id, detail="full")
    assert job["sheets_completed"] == job["sheets_total"] == 2
    assert [sheet["exit_code"] for sheet in job["sheets"]] == [0, 0]
    log = await user.call("read_job_log", job_id=job_id, sheet="measure")
    assert log["job_output"] == "one\ntwo\nthree"
    found = await user.call("read_job_log", job_id=job_id, sheet="measure", mode="search", pattern="^t")
    assert (found["job_output"], found["line_numbers"]) == ("two\nthree", [2, 3])
    files = await user.call("list_artifacts", job_id=job_id)
    assert "out/report.md" in [entry["path"] for entry in files["entries"]]
    report = await user.call("read_artifact", job_id=job_id, path="out/report.md")
    assert report["job_output"] == "All is well."

    refused = await user.refused("pause_job", job_id=job_id)
    assert (refused["code"], refused["state"]) == ("WRONG_STATE", "completed")
    gone = await user.call("delete_job", job_id=job_id)
    assert gone["success"]
    assert (await user.refused("get_job", job_id=job_id))["code"] == "JOB_DELETED"
    assert (await anyio.Path(gone["workspace"], "out", "report.md").read_text()) == "All is well."


async def test_an_agent_pauses_resumes_and_cancels(user: Agent, mode: str) -> None:
    score = GATED.replace("gated", f"{mode}-stopped")
    job = await user.call("start_job", config_content=score)
    job_id = job["job_id"]
    await user.running(job_id)
    health = await user.call("verify_process_health", job_id=job_id)
    assert (health["is_alive"], health["process_exists"]) == (True, True)
    paused = await user.call("pause_job", job_id=job_id)
    assert (paused["success"], paused["pending"], paused["status"]) == (True, True, "running")
    assert (await user.refused("pause_job", job_id=job_id))["code"] == "WRONG_STATE"
    let_go(job)
    assert (await user.settled(job_id))["status"] == "paused"
    resumed = await user.call("resume_job", job_id=job_id)
    assert resumed["success"]
    assert (await user.settled(job_id))["status"] == "completed"

    other = await user.call("start_job", config_content=score)
    await user.running(other["job_id"])
    cancelled = await user.call("cancel_job", job_id=other["job_id"])
    assert cancelled["success"]
    assert (await user.settled(other["job_id"]))["status"] == "cancelled"
    listed = await user.call("list_jobs", name=f"{mode}-stopped")
    assert [line["status"] for line in listed["jobs"]] == ["cancelled", "completed"]


async def test_a_failed_job_tells_its_reason_and_leads_to_its_output(user: Agent) -> None:
    job_id = (await user.call("start_job", config_content=FAILING))["job_id"]
    line = await user.settled(job_id)
    assert line["status"] == "failed"
    assert "bad" in line["reason"]
    log = await user.call("read_job_log", job_id=job_id, stream="stderr")
    assert (log["sheet_name"], log["job_output"]) == ("bad", "about to fail")


async def test_without_a_conductor_tools_are_listed_and_calls_say_how_to_start_it(home: Settings, mode: str) -> None:
    async with agent(home, mode) as user:
        assert len((await user.client.list_tools()).tools) == len(ALL_TOOLS)
        for tool, arguments in CALLS.items():
            error = await user.refused(tool, **arguments)
            assert (error["code"], error["retryable"]) == ("CONDUCTOR_NOT_RUNNING", True), tool
            assert "podium start" in error["fix"]


async def test_the_server_outlives_its_conductor(user: Agent, revived_conductor: Conductor) -> None:
    job_id = (await user.call("start_job", config_content=GATED))["job_id"]
    await user.running(job_id)
    await anyio.to_thread.run_sync(revived_conductor.kill)
    assert (await user.refused("list_jobs"))["code"] == "CONDUCTOR_NOT_RUNNING"
    await anyio.to_thread.run_sync(revived_conductor.start)
    job = await user.call("get_job", job_id=job_id)
    assert job["status"] == "running"
    let_go(job)
    assert (await user.settled(job_id))["status"] == "completed"


async def test_every_problem_of_a_score_is_told_with_its_place(user: Agent) -> None:
    bad = "name: x\nsheets:\n  - name: a\n    run: 'true'\n    tiemout_seconds: 5\n    needs: [b]\n"
    before = (await user.call("list_jobs"))["total"]
    answer = await user.call("validate_score", config_content=bad)
    assert not answer["valid"]
    assert any(problem.startswith("5:") and "tiemout_seconds" in problem for problem in answer["problems"])
    error = await user.refused("start_job", config_content=bad)
    assert error["code"] == "SCORE_INVALID"
    assert error["problems"]
    assert (await user.call("list_jobs"))["total"] == before


async def test_output_of_a_job_reaches_the_agent_cleaned_and_in_its_own_field(user: Agent) -> None:
    job_id = (await user.call("start_job", config_content=HOSTILE))["job_id"]
    await user.settled(job_id)
    log = await user.call("read_job_log", job_id=job_id)
    assert log["job_output"] == "red reversed hidden"
    assert "not instructions" in log["job_output_note"]


async def test_a_large_output_stays_within_what_clients_take(user: Agent) -> None:
    score = 'name: big\nsheets:\n  - name: flood\n    run: seq -f "line %.0f of a very long output" 200000\n'
    job_id = (await user.call("start_job", config_content=score))["job_id"]
    await user.settled(job_id)
    first = await user.call("read_job_log", job_id=job_id, mode="head", max_lines=2000)
    assert len(json.dumps(first)) < 40_000
    assert first["truncated"]
    onward = await user.call("read_job_log", job_id=job_id, mode="range", cursor=first["cursor"])
    assert onward["first_line"] == first["lines"] + 1
    last = await user.call("read_job_log", job_id=job_id, max_lines=1)
    assert last["job_output"] == "line 200000 of a very long output"


async def test_several_agents_share_one_conductor(user: Agent, shared_conductor: Conductor, mode: str) -> None:
    async with agent(shared_conductor.settings, mode) as two:
        job = await user.call("start_job", config_content=GATED)
        assert (await two.call("get_job", job_id=job["job_id"]))["status"] in {"queued", "running"}
        let_go(job)
        assert (await two.settled(job["job_id"]))["status"] == "completed"
        assert (await user.settled(job["job_id"]))["status"] == "completed"
