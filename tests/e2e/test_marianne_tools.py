"""Every tool at a Marianne conductor, with a job in every state: what succeeds, what is refused and with which code.

Each tool and each state is met in both eras of the protocol, each pair of them in one.

A refusal is as good as a success: what must not be is a success of something that does not happen.
"""

import itertools
import json
from typing import Any

import pytest
from mcp.types import TextContent

from podium_tools import ALL_TOOLS
from tests.support.agent import BOTH_ERAS, Agent
from tests.support.mcp_clients import minimal
from tests.support.replay.conductor import ReplayConductor
from tests.support.replay.placing import STATES

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("no_jobs_left")]
in_both_eras = pytest.mark.parametrize("mode", BOTH_ERAS)

OK = ""
WRONG, MISSING, NOT_FOUND = "WRONG_STATE", "UNSUPPORTED_BY_CONDUCTOR", "JOB_NOT_FOUND"
UNKNOWN = "unknown"
PAUSED = {"paused", "paused_in_a_sheet", "paused_in_the_last_sheet", "paused_at_chain"}
RUNNING = {"running", "fermata", "rate_limited", "retrying"}
QUEUED = {"queued", "submitted_again"}
ENDED = set(STATES) - PAUSED - RUNNING - QUEUED
# Failed, but no sheet of it: what is left can go on.
GOES_ON = {"cancelled", "failed_by_crash", "failed_by_its_changed_score"}
SUCCEEDS = {
    "pause_job": RUNNING,
    "resume_job": PAUSED | GOES_ON,
    "modify_job": PAUSED | GOES_ON,
    "cancel_job": QUEUED | RUNNING | PAUSED,
    "delete_job": ENDED,
}
# What the job's state is when the call has succeeded; a resume is seen while it begins, or after.
BECOMES = {"pause_job": {"paused"}, "resume_job": {"queued", "running"}, "cancel_job": {"cancelled"}}
NEVER = {"read_job_log", "validate_score"}
ABOUT_A_JOB = [spec.name for spec in ALL_TOOLS if {"job_id", "job_ids"} & spec.arguments.model_fields.keys()]
OTHERS = [spec.name for spec in ALL_TOOLS if spec.name not in ABOUT_A_JOB]
# What no caller can use: the conductor's own words for its own people, and ours for ours.
FOREIGN_WORDS = ("mzt", "pydantic", "PAUSED_AT_CHAIN", "Traceback", "Process None", "start one that replaces")
SCORE = (
    "name: changed\ninstrument: cli\nworkspace: {}\nsheet: {{size: 1, total_items: 3}}\nprompt: {{template: 'true'}}\n"
)
_numbers = itertools.count()
PAIRS = [
    (tool, state, BOTH_ERAS[(row + column) % 2])
    for row, tool in enumerate(ABOUT_A_JOB)
    for column, state in enumerate([*STATES, UNKNOWN])
]


def expected(tool: str, state: str) -> str:
    """Return the code of the error of a call about a job in a state, "" for a success."""
    if tool in NEVER:
        return MISSING
    if state == UNKNOWN:
        return NOT_FOUND
    return OK if state in SUCCEEDS.get(tool, STATES) else WRONG


def arguments(tool: str, job_id: str, marianne: ReplayConductor) -> dict[str, Any]:
    """Return what a call needs."""
    given = minimal(tool, job_id) | ({"timeout_seconds": 0} if tool == "wait_for_job" else {})
    if "config_content" in given:
        given["config_content"] = SCORE.format(marianne.folder / "ws" / "changed")
    return given


@pytest.mark.parametrize(("tool", "state", "mode"), PAIRS)
async def test_a_tool_and_a_job_in_a_state(marianne: ReplayConductor, visitor: Agent, tool: str, state: str) -> None:
    job_id = f"{state}-{next(_numbers)}".replace("_", "-")
    if state != UNKNOWN:
        job = marianne.put(job_id, state)
        workspace = marianne.folder / "ws" / job_id
        workspace.mkdir()
        (workspace / "a").write_text("made\n")
    result = await visitor.client.call_tool(tool, arguments(tool, job_id, marianne))
    block, *_ = result.content
    assert isinstance(block, TextContent)
    found = json.loads(block.text)
    assert (found["error"]["code"] if result.is_error else OK) == expected(tool, state), found
    assert not [word for word in FOREIGN_WORDS if word in block.text], block.text
    if result.is_error:
        assert found["error"]["fix"]
        assert state == UNKNOWN or tool in NEVER or job.state == before(state), "a refusal has changed the job"
    elif tool in BECOMES:
        assert (found["success"], found["pending"]) == (True, found["status"] == "queued")
        assert found["status"] in BECOMES[tool]
        assert job.state in BECOMES[tool]


def before(state: str) -> str:
    """Return the state that the conductor names for a state in which a job was put."""
    if state in RUNNING | QUEUED:
        return "running" if state in RUNNING else "queued"
    return state if state == "paused_at_chain" else state.split("_", maxsplit=1)[0]


@in_both_eras
@pytest.mark.parametrize("tool", OTHERS)
async def test_a_tool_that_is_about_no_job(marianne: ReplayConductor, visitor: Agent, tool: str) -> None:
    given = arguments(tool, "", marianne)
    if tool in NEVER:
        assert (await visitor.refused(tool, **given))["code"] == MISSING
    else:
        text = json.dumps(await visitor.call(tool, **given))
        assert not [word for word in FOREIGN_WORDS if word in text], text


@in_both_eras
async def test_no_tool_sends_what_does_harm(marianne: ReplayConductor, visitor: Agent, mode: str) -> None:
    """A dry run would run, a status of active jobs in a clear would wipe all ended ones, a stream would take a place for ever."""
    await visitor.refused("start_job", config_path=str(marianne.score(f"dry-{mode}")), dry_run=True)
    job_id = f"ended-{mode}"
    marianne.put(job_id, "completed")
    await visitor.call("clear_jobs", status="completed", dry_run=False)
    assert all(set(params) == {"job_ids"} for params in marianne.asked("job.clear"))
    assert not [params for params in marianne.asked("job.submit") if params.get("dry_run")]
    assert not marianne.asked("daemon.shutdown")
    assert not [method for method, _ in marianne.calls if "stream" in method]
