"""The official TypeScript clients: results fit their schemas, errors arrive whole, and nothing makes a client throw."""

import json
from typing import Any

import pytest

from podium.settings import Settings
from podium_tools import ALL_TOOLS
from tests.clients.agents import CLIENTS, Outcome, Step, TypeScript
from tests.support.http_server import http_server, serving
from tests.support.podium_home import Conductor

pytestmark = [pytest.mark.timeout(120), pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)]

SCORE = "name: made\nsheets:\n  - name: make\n    run: echo made; echo well > out.txt\n"
GATED = "name: gated\nsheets:\n  - name: gate\n    run: until [ -e go ]; do sleep 0.05; done\n"


def facts(outcome: Outcome) -> dict[str, Any]:
    """Return the facts of a result, the same from both halves."""
    result = outcome["ok"]
    assert not result.get("isError"), result
    structured: dict[str, Any] = result["structuredContent"]
    texts = [block["text"] for block in result["content"] if block["type"] == "text"]
    assert json.loads(texts[0]) == structured
    return structured


def refusal(outcome: Outcome) -> dict[str, Any]:
    """Return an error, which must be one text block and nothing structured."""
    result = outcome["ok"]
    assert result["isError"]
    assert "structuredContent" not in result
    (block,) = result["content"]
    error: dict[str, Any] = json.loads(block["text"])["error"]
    return error


def test_every_tool_answers_what_its_schema_promises(conductor: Conductor, client: TypeScript) -> None:
    done = {"job_id": "$2.job_id"}
    waiting = {"job_id": "$12.job_id"}
    steps: list[Step] = [
        ["tools"],
        ["call", "validate_score", {"config_content": SCORE}],
        ["call", "start_job", {"config_content": SCORE}],
        ["settled", "$2.job_id"],
        ["call", "get_job", {**done, "detail": "full"}],
        ["call", "read_job_log", done],
        ["call", "list_artifacts", done],
        ["call", "read_artifact", {**done, "path": "out.txt"}],
        ["call", "explain_job", done],
        ["call", "list_jobs", {}],
        ["call", "conductor_status", {}],
        ["call", "describe_score", {"topic": "retry"}],
        ["call", "start_job", {"config_content": GATED}],
        ["call", "verify_process_health", waiting],
        ["call", "pause_job", waiting],
        ["call", "resume_job", waiting],
        ["call", "modify_job", {**waiting, "config_content": SCORE.replace("name: made", "name: gated")}],
        ["call", "cancel_job", waiting],
        ["settled", "$12.job_id"],
        ["call", "delete_job", waiting],
        ["call", "clear_jobs", {}],
    ]
    outcomes = client.run(conductor.settings, steps)
    assert [tool["name"] for tool in outcomes[0]["ok"]] == [tool.name for tool in ALL_TOOLS]
    found = [facts(outcome) for outcome in outcomes[1:]]
    assert found[4]["job_output"] == "made"
    assert {step[1] for step in steps if step[0] == "call"} | {"wait_for_job"} == {tool.name for tool in ALL_TOOLS}


def test_an_error_is_a_result_that_is_complete_in_its_text(conductor: Conductor, client: TypeScript) -> None:
    steps: list[Step] = [
        ["tools"],  # from then on the client knows the schemas that results have to fit
        ["call", "get_job", {"job_id": "nothing-abcde"}],
        ["call", "start_job", {"config": "a.yaml"}],
        ["call", "start_job", {"config_content": "name: x\nsheets: []\n"}],
        ["call", "read_job_log", {"job_id": "nothing-abcde", "max_lines": 0}],
    ]
    outcomes = client.run(conductor.settings, steps)
    errors = [refusal(outcome) for outcome in outcomes[1:]]
    assert [error["code"] for error in errors] == [
        "JOB_NOT_FOUND",
        "INVALID_ARGUMENTS",
        "SCORE_INVALID",
        "INVALID_ARGUMENTS",
    ]
    assert all(error["message"] and error["fix"] for error in errors)


def test_without_a_conductor_every_call_says_how_to_start_it(home: Settings, client: TypeScript) -> None:
    outcomes = client.run(home, [["tools"], ["call", "list_jobs", {}], ["read", "conductor://status"]])
    error = refusal(outcomes[1])
    assert (error["code"], error["retryable"]) == ("CONDUCTOR_NOT_RUNNING", True)
    assert "podium start" in error["fix"]
    assert outcomes[2]["threw"]["code"] == -32603


def test_an_unknown_tool_is_the_protocol_s_error(home: Settings, client: TypeScript) -> None:
    (outcome,) = client.run(home, [["call", "explode", {}]])
    assert outcome["threw"]["code"] == -32602
    assert "explode" in outcome["threw"]["message"]


def test_lenient_arguments_are_understood(conductor: Conductor, client: TypeScript) -> None:
    wait = {"job_ids": '["$0.job_id"]', "timeout_seconds": "20", "until": "all", "after": None}
    steps: list[Step] = [["call", "start_job", {"config_content": SCORE}], ["call", "wait_for_job", wait]]
    assert facts(client.run(conductor.settings, steps)[1])["woke_for"] == "settled"


def test_resources_prompts_and_completions_are_served(conductor: Conductor, client: TypeScript) -> None:
    outcomes = client.run(
        conductor.settings,
        [
            ["resources"],
            ["templates"],
            ["prompts"],
            ["call", "start_job", {"config_content": SCORE}],
            ["settled", "$3.job_id"],
            ["read", "job://$3.job_id"],
            ["read", "job://$3.job_id/artifact/out.txt"],
            ["read", "score://examples/hello"],
            ["read", "job://nothing-abcde"],
            ["prompt", "diagnose_job", {"job_id": "$3.job_id"}],
            ["complete", {"type": "ref/prompt", "name": "diagnose_job"}, {"name": "job_id", "value": "ma"}],
        ],
    )
    job_id = facts(outcomes[3])["job_id"]
    assert "conductor://status" in [each["uri"] for each in outcomes[0]["ok"]]
    assert "job://{job_id}" in [each["uriTemplate"] for each in outcomes[1]["ok"]]
    assert "write_score" in [each["name"] for each in outcomes[2]["ok"]]
    assert json.loads(outcomes[5]["ok"][0]["text"])["status"] == "completed"
    assert outcomes[6]["ok"][0]["text"] == "well\n"
    assert "sheets:" in outcomes[7]["ok"][0]["text"]
    assert outcomes[8]["threw"]["code"] == -32602
    assert job_id in outcomes[9]["ok"][0]["content"]["text"]
    assert outcomes[10]["ok"] == [job_id]


def test_a_subscriber_is_told_of_changes(conductor: Conductor, client: TypeScript) -> None:
    steps: list[Step] = [["watch", "conductor://status"], ["call", "start_job", {"config_content": SCORE}], ["told"]]
    assert client.run(conductor.settings, steps)[2]["ok"] == "conductor://status"


def test_the_same_over_http(conductor: Conductor, client: TypeScript) -> None:
    steps: list[Step] = [
        ["tools"],
        ["watch", "conductor://status"],
        ["call", "start_job", {"config_content": SCORE}],
        ["settled", "$2.job_id"],
        ["told"],
        ["call", "get_job", {"job_id": "nothing-abcde"}],
    ]
    with http_server(serving(conductor.settings)) as server:
        outcomes = client.run_on({"url": server.url}, steps)
    assert facts(outcomes[3])["jobs"][0]["status"] == "completed"
    assert outcomes[4]["ok"] == "conductor://status"
    assert refusal(outcomes[5])["code"] == "JOB_NOT_FOUND"
