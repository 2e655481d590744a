"""Calls with bad ids and arguments, and in wrong states: each is refused in its own words, in both eras, and changes nothing."""

import json
from typing import Any

import pytest
from mcp import MCPError

from podium.contract.states import ACTIONS, PHASES, Action, Phase, allowed_actions, phase_of, rule
from podium_tools import ALL_TOOLS
from tests.support.agent import Agent
from tests.support.mcp_clients import GOOD, complete, minimal
from tests.support.podium_home import Conductor, ask

pytestmark = pytest.mark.anyio

TOOLS = {spec.name for spec in ALL_TOOLS}
JOB = "<the failed job>"

# -- job ids ----------------------------------------------------------------------------------------------------------

ABOUT_A_JOB = [spec.name for spec in ALL_TOOLS if {"job_id", "job_ids"} & spec.arguments.model_fields.keys()]


@pytest.mark.usefixtures("nothing_done")
@pytest.mark.parametrize("tool", ABOUT_A_JOB)
async def test_an_unknown_job_is_refused_with_the_ids_that_are_near(
    guest: Agent, jobs: dict[Phase, str], tool: str
) -> None:
    known = jobs["completed"]
    strange = ["zzz", "../../etc", "' OR 1=1 --", "\u202e%s{0}\n", "x" * 200]
    for job_id in (f"{known}x", known.upper(), *strange):
        error = await guest.refused(tool, **minimal(tool, job_id))
        complete(error, "JOB_NOT_FOUND", "not found")
        is_near = job_id not in strange
        assert (known in error["near"]) == is_near
        assert (known in error["fix"]) == is_near


@pytest.mark.usefixtures("nothing_done")
async def test_a_wait_for_several_jobs_is_refused_when_one_is_unknown(guest: Agent, jobs: dict[Phase, str]) -> None:
    complete(await guest.refused("wait_for_job", job_ids=[jobs["completed"], "zzz"]), "JOB_NOT_FOUND", "zzz")


# -- states -----------------------------------------------------------------------------------------------------------

REFUSED = [(action, phase) for action in ACTIONS for phase in PHASES if not rule(action, phase).allowed]


def changed(action: Action) -> dict[str, str]:
    """Return the changed score that a modify needs."""
    return {"config_content": GOOD} if action == "modify" else {}


def over_the_wire(crowded: Conductor, action: Action, job_id: str) -> dict[str, Any]:
    """Return the refusal as the conductor gives it."""
    path = crowded.settings.socket
    if action == "delete":
        reply = ask(path, "job.clear", {"job_ids": [job_id]})
        assert reply["deleted"] == 0
        refusal: dict[str, Any] = reply["refused"][0]
        return refusal
    refusal = ask(path, f"job.{action}", {"job_id": job_id, **changed(action)})
    assert not any(refusal.get(word) for word in ("paused", "cancelled"))
    assert refusal.get("status") in {None, "rejected"}
    return refusal


def test_there_is_a_job_in_each_phase(crowded: Conductor, jobs: dict[Phase, str]) -> None:
    assert set(jobs) == set(PHASES)
    for phase, job_id in jobs.items():
        view = ask(crowded.settings.socket, "job.status", {"job_id": job_id})["podium"]
        intents = {name: view[name] for name in ("pause_requested", "cancel_requested")}
        assert phase_of(view["status"], **intents, holding=bool(view["holding"])) == phase
        assert view["allowed_actions"] == allowed_actions(phase)


@pytest.mark.usefixtures("nothing_done")
@pytest.mark.parametrize(("action", "phase"), REFUSED, ids=[f"{action}-{phase}" for action, phase in REFUSED])
async def test_an_action_in_a_wrong_state_is_refused_with_the_state_and_what_is_allowed(
    guest: Agent, crowded: Conductor, jobs: dict[Phase, str], action: Action, phase: Phase
) -> None:
    told = over_the_wire(crowded, action, jobs[phase])
    expected = {"code": "WRONG_STATE", "state": "running" if phase.endswith(("_pending", "holding")) else phase}
    assert {name: told[name] for name in expected} == expected
    assert told["allowed"] == allowed_actions(phase)
    tool = f"{action}_job"
    if tool in TOOLS:
        error = await guest.refused(tool, job_id=jobs[phase], **changed(action))
        complete(error, "WRONG_STATE", jobs[phase], rule(action, phase).why)
        assert error["fix"] == rule(action, phase).instead
        assert {name: error[name] for name in expected} == expected
        assert error["allowed"] == told["allowed"]


# -- arguments --------------------------------------------------------------------------------------------------------

BAD_ARGUMENTS: list[tuple[str, dict[str, Any], str]] = [
    ("start_job", {}, "Neither"),
    ("start_job", {"config_content": "  \n"}, "Neither"),
    ("start_job", {"config_content": GOOD, "config_path": "a.yaml"}, "Both"),
    ("start_job", {"config_contents": GOOD}, "did you mean config_content?"),
    ("start_job", {"config_content": [GOOD]}, "config_content must be a string"),
    ("start_job", {"config_content": GOOD, "workspace": {}}, "workspace must be a string"),
    ("start_job", {"config_content": GOOD, "dry_run": "perhaps"}, "dry_run must be true or false"),
    ("start_job", {"config_content": GOOD, "self_healing": 1}, "self_healing must be true or false"),
    ("start_job", {"config_content": GOOD, "start_sheet": True}, "start_sheet must be a string"),
    ("start_job", {"config_content": GOOD, "start_sheet": "nowhere"}, "nowhere"),
    ("start_job", {"config_content": GOOD, "start_sheet": "0"}, "no sheet 0"),
    ("start_job", {"config_content": GOOD, "start_sheet": "-1"}, "-1"),
    ("start_job", {"config_content": GOOD, "start_sheet": 99}, "no sheet 99"),
    ("start_job", {"config_content": GOOD, "variables": ["novalue"]}, "name=value"),
    ("start_job", {"config_content": GOOD, "variables": ["=novalue"]}, "name=value"),
    ("start_job", {"config_content": GOOD, "variables": ["a=1", "a=2"]}, "twice"),
    ("start_job", {"config_content": GOOD, "variables": {"a": 1}}, "variables must be a list of strings"),
    ("start_job", {"config_content": GOOD, "variables": [["a=1"]]}, "variables must be a list of strings"),
    ("start_job", {"config_content": GOOD, "idempotency_key": "k" * 201}, "idempotency_key must be"),
    ("validate_score", {}, "Neither"),
    ("validate_score", {"config_content": GOOD, "dry_run": True}, "Unknown argument 'dry_run'"),
    ("pause_job", {}, "job_id is missing"),
    ("pause_job", {"job_id": ""}, "job_id must be"),
    ("pause_job", {"job_id": None}, "job_id must be"),
    ("pause_job", {"job_id": [JOB]}, "job_id must be a string"),
    ("pause_job", {"job_id": {"id": JOB}}, "job_id must be a string"),
    ("pause_job", {"job_id": True}, "job_id must be a string"),
    ("pause_job", {"job_id": "x" * 201}, "job_id must be"),
    ("pause_job", {"id": JOB}, "Unknown argument 'id'"),
    ("resume_job", {"job_id": JOB, "from_sheet": "nowhere"}, "nowhere"),
    ("resume_job", {"job_id": JOB, "from_sheet": "7"}, "no sheet 7"),
    ("resume_job", {"job_id": JOB, "config_content": GOOD, "config_path": "a.yaml"}, "Both"),
    ("modify_job", {"job_id": JOB}, "all missing"),
    ("modify_job", {"job_id": JOB, "config_content": GOOD, "config_path": "a.yaml"}, "Both"),
    ("modify_job", {"job_id": JOB, "config_content": GOOD, "from_sheet": "nowhere"}, "nowhere"),
    ("modify_job", {"job_id": JOB, "config_content": GOOD, "from_sheet": 0}, "no sheet 0"),
    ("explain_job", {"job_id": JOB, "sheet": "1"}, "Unknown argument 'sheet'"),
    ("delete_job", {"job_id": JOB, "force": True}, "Unknown argument 'force'"),
    ("clear_jobs", {"status": "running", "dry_run": False}, "status must be one of"),
    ("clear_jobs", {"older_than_days": 1, "dry_run": False}, "did you mean older_than_hours?"),
    ("clear_jobs", {"keep_newest": -1, "dry_run": False}, "keep_newest must be a whole number from 0"),
    ("clear_jobs", {"dry_run": "no"}, "dry_run must be true or false"),
    ("get_job", {"job_id": JOB, "detail": "everything"}, 'one of "concise", "full"'),
    ("get_job", {"job_id": JOB, "sheets_cursor": "nonsense"}, "sheets_cursor"),
    ("get_job", {"job_id": JOB, "sheets_cursor": "-1"}, "sheets_cursor"),
    ("list_jobs", {"status": "done"}, "status must be one of"),
    ("list_jobs", {"limit": 0}, "limit must be a whole number from 1 to 100"),
    ("list_jobs", {"limit": 101}, "limit must be a whole number from 1 to 100"),
    ("list_jobs", {"limit": 1.5}, "limit must be a whole number"),
    ("list_jobs", {"limit": "many"}, "limit must be a whole number"),
    ("list_jobs", {"cursor": "nonsense"}, "cursor"),
    ("list_jobs", {"status": "waiting", "cursor": "nonsense"}, "cursor"),
    ("wait_for_job", {}, "job_ids is missing"),
    ("wait_for_job", {"job_ids": []}, "job_ids must be"),
    ("wait_for_job", {"job_ids": [JOB] * 51}, "job_ids must be"),
    ("wait_for_job", {"job_ids": {"a": 1}}, "job_ids must be a list"),
    ("wait_for_job", {"job_ids": [JOB], "until": "some"}, 'one of "any", "all"'),
    ("wait_for_job", {"job_ids": [JOB], "timeout_seconds": -1}, "timeout_seconds must be a number from 0 to 600"),
    ("wait_for_job", {"job_ids": [JOB], "timeout_seconds": 601}, "timeout_seconds must be a number from 0 to 600"),
    ("wait_for_job", {"job_ids": [JOB], "timeout_seconds": "soon"}, "timeout_seconds must be a number"),
    ("wait_for_job", {"job_ids": [JOB], "after": "nonsense"}, "cursor 'nonsense'"),
    ("read_job_log", {"job_id": JOB, "stream": "both"}, "stream must be one of"),
    ("read_job_log", {"job_id": JOB, "mode": "middle"}, "mode must be one of"),
    ("read_job_log", {"job_id": JOB, "max_lines": 0}, "max_lines must be"),
    ("read_job_log", {"job_id": JOB, "context_lines": -1}, "context_lines must be"),
    ("read_job_log", {"job_id": JOB, "attempt": "last"}, "attempt must be"),
    ("read_job_log", {"job_id": JOB, "attempt": 99}, "no attempt 99"),
    ("read_job_log", {"job_id": JOB, "sheet": "nowhere"}, "nowhere"),
    ("read_job_log", {"job_id": JOB, "mode": "search", "pattern": "("}, "pattern"),
    ("read_job_log", {"job_id": JOB, "mode": "search"}, "pattern"),
    ("read_job_log", {"job_id": JOB, "mode": "range", "cursor": "nonsense"}, "cursor"),
    ("list_artifacts", {"job_id": JOB, "limit": 0}, "limit must be"),
    ("read_artifact", {"job_id": JOB}, "path is missing"),
    ("read_artifact", {"job_id": JOB, "path": "a", "offset": -1}, "offset must be"),
    ("read_artifact", {"job_id": JOB, "path": "a", "max_bytes": 0}, "max_bytes must be"),
    ("verify_process_health", {"job_id": JOB, "verbose": True}, "Unknown argument 'verbose'"),
]


def filled(value: Any, job_id: str) -> Any:
    """Put the id of a real job where the table says JOB."""
    return json.loads(json.dumps(value).replace(JOB, job_id))


@pytest.mark.usefixtures("nothing_done")
@pytest.mark.parametrize(
    ("tool", "arguments", "words"), BAD_ARGUMENTS,
    ids=[f"{tool}-{number}" for number, (tool, _, _) in enumerate(BAD_ARGUMENTS)],
)  # fmt: skip
async def test_a_bad_argument_is_refused_by_name(
    guest: Agent, jobs: dict[Phase, str], tool: str, arguments: dict[str, Any], words: str
) -> None:
    complete(await guest.refused(tool, **filled(arguments, jobs["failed"])), "INVALID_ARGUMENTS", words)


def test_every_tool_has_bad_arguments_in_the_table() -> None:
    assert {tool for tool, _, _ in BAD_ARGUMENTS} >= TOOLS - {
        "cancel_job",  # it takes what pause_job takes
        "describe_score",  # a text that is no topic has an error of its own
        "conductor_status",  # it takes nothing, and ignores what it is given
    }


async def test_an_unknown_tool_is_the_protocols_error(guest: Agent) -> None:
    with pytest.raises(MCPError, match="Unknown tool: play_job"):
        await guest.client.call_tool("play_job", {})


BAD_ARTIFACTS = {
    "../failed/x": "PATH_NOT_ALLOWED",
    "/etc/passwd": "PATH_NOT_ALLOWED",
    "a\0b": "PATH_NOT_ALLOWED",
    "nothing/here": "ARTIFACT_NOT_FOUND",
}


@pytest.mark.usefixtures("nothing_done")
@pytest.mark.parametrize("path", BAD_ARTIFACTS)
async def test_a_bad_artifact_path_is_refused(guest: Agent, jobs: dict[Phase, str], path: str) -> None:
    for tool in ("list_artifacts", "read_artifact"):
        complete(await guest.refused(tool, job_id=jobs["failed"], path=path), BAD_ARTIFACTS[path])
