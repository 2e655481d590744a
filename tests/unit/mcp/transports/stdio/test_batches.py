"""Batches of messages on stdin, in the one version that has them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import nursed
from tests.unit.mcp.transports.stdio.served import HELLO, ID, PING, Served, serving

OLD_HELLO = {**HELLO, "protocolVersion": "2025-03-26"}


@pytest.fixture(scope="module")
def batching(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Return a server with which a version that has batches was agreed."""
    with serving(nursed.command("stand-in"), tmp_path_factory.mktemp("batching") / "stderr") as server:
        assert server.call("initialize", OLD_HELLO, request=1)["result"]["protocolVersion"] == "2025-03-26"
        server.send("notifications/initialized")
        yield server


def batch(server: Served, *members: Any) -> list[dict[str, Any]]:
    """Send a batch and return the batch of its answers."""
    server.send_raw(json.dumps(members))
    assert server.process.stdout is not None
    answers: list[dict[str, Any]] = json.loads(server.process.stdout.readline())
    assert isinstance(answers, list)
    return answers


def test_a_batch_is_answered_as_a_batch_where_it_was_agreed(batching: Served) -> None:
    call = {"name": "list_jobs", "arguments": {}}
    answers = batch(
        batching,
        {**PING, "id": 2},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": "b", "method": "tools/call", "params": call},
        5,
        {**PING, "id": None},
        {**PING, "id": 2},
        {"jsonrpc": "2.0", "id": 3, "method": "initialize", "params": OLD_HELLO},
    )
    told = [(answer["id"], answer.get("error", {}).get("code")) for answer in answers]
    assert told == [(2, None), ("b", None), (None, -32600), (None, -32600), (2, -32600), (3, -32600)]
    assert answers[1]["result"]["structuredContent"]["total"] == 1


def test_a_batch_that_comes_with_the_handshake_is_answered_as_a_batch(served: Served) -> None:
    hello = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": OLD_HELLO}
    served.send_raw(json.dumps(hello) + "\n" + json.dumps([{**PING, "id": 2}]))
    assert served.read()["id"] == 1
    assert served.process.stdout is not None
    assert [answer["id"] for answer in json.loads(served.process.stdout.readline())] == [2]


def test_a_batch_that_asks_nothing_has_no_answer_and_one_that_is_wrong_has_one(batching: Served) -> None:
    batching.send_raw(json.dumps([{"jsonrpc": "2.0", "method": "notifications/initialized"}]))
    for wrong in ("[]", json.dumps([{**PING, "id": number} for number in range(101)])):
        batching.send_raw(wrong)
        assert "a batch has 1 to 100 messages" in batching.read()["error"]["message"]
    assert [answer["error"]["code"] for answer in batch(batching, 1, 2)] == [-32600, -32600]


def test_a_request_of_a_batch_that_is_cancelled_does_not_hold_up_the_others(batching: Served) -> None:
    wait = {"name": "wait_for_job", "arguments": {"job_ids": [ID]}}
    members = [{**PING, "id": 7}, {"jsonrpc": "2.0", "id": 8, "method": "tools/call", "params": wait}]
    batching.send_raw(json.dumps(members))
    batching.send("notifications/cancelled", {"requestId": 8})
    assert batching.process.stdout is not None
    assert [answer["id"] for answer in json.loads(batching.process.stdout.readline())] == [7]
    assert batching.call("ping", request=9)["result"] == {}
