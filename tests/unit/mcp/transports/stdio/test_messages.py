"""What a client may send on stdin, in either era, and what comes back on stdout: good messages, bad ones, and none of another's."""

import json
import os
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters

from podium_tools import ALL_TOOLS
from tests.support import nursed
from tests.support.source_tree import REPOSITORY
from tests.unit.mcp.transports.stdio.served import HELLO, ID, META, PING, VERSION, Served


@pytest.mark.anyio
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_official_client_is_served_in_both_eras(mode: str) -> None:
    program, *words = nursed.command("stand-in")
    parameters = StdioServerParameters(command=program, args=words, cwd=REPOSITORY)
    with anyio.fail_after(50):
        async with Client(parameters, mode=mode) as client:
            assert (client.protocol_version == VERSION) == (mode == "auto")
            assert len((await client.list_tools()).tools) == len(ALL_TOOLS)
            result = await client.call_tool("get_job", {"job_id": ID})
    assert result.structured_content["status"] == "running"


@pytest.mark.parametrize("token", [0, "", "a"])
def test_progress_is_told_with_the_clients_own_token_also_if_it_is_0(served: Served, token: int | str) -> None:
    served.hello()
    wait = {"name": "wait_for_job", "arguments": {"job_ids": [ID], "timeout_seconds": 0}}
    assert "result" in served.call("tools/call", wait, request=2)  # without a token nothing is reported
    served.send("tools/call", {**wait, "_meta": {"progressToken": token}}, request=3)
    told = [served.read() for _ in range(3)]
    assert [message.get("method", "") for message in told] == ["notifications/progress"] * 2 + [""]
    assert [message["params"]["progressToken"] for message in told[:2]] == [token, token]
    assert told[0]["params"]["progress"] < told[1]["params"]["progress"]


def test_a_wait_holds_up_no_other_call_and_its_cancellation_ends_nothing_else(served: Served) -> None:
    served.hello()
    served.send("tools/call", {"name": "wait_for_job", "arguments": {"job_ids": [ID]}}, request=2)
    served.call("tools/call", {"name": "list_jobs", "arguments": {}}, request=3)
    served.send("notifications/cancelled", {"requestId": 2})
    served.send("notifications/cancelled", {"requestId": 3})
    served.call("tools/call", {"name": "list_jobs", "arguments": {}}, request=4)
    assert served.end_input() == b""  # a cancelled request is not answered
    assert served.code() == 0


def test_initialize_after_discover_starts_over_in_the_handshake_era(served: Served) -> None:
    found = served.call("server/discover", {"_meta": META}, request=0)
    assert VERSION in found["result"]["supportedVersions"]
    served.hello()
    listed = served.call("tools/list", request=2)
    assert len(listed["result"]["tools"]) == len(ALL_TOOLS)
    called = served.call("tools/call", {"name": "get_job", "arguments": {"job_id": ID}}, request=3)
    assert called["result"]["structuredContent"]["job_id"] == ID
    assert served.end_input() == b""
    assert served.code() == 0


def test_what_was_asked_before_the_handshake_is_still_answered(served: Served) -> None:
    served.send("server/discover", {"_meta": META}, request=0)
    wait = {"name": "wait_for_job", "arguments": {"job_ids": [ID], "timeout_seconds": 0}}
    served.send("tools/call", {**wait, "_meta": META}, request=1)
    served.send("initialize", HELLO, request=2)
    answers = [served.read() for _ in range(3)]
    assert sorted(answer["id"] for answer in answers) == [0, 1, 2]
    assert all("result" in answer for answer in answers)


def test_a_stateless_client_is_served_without_a_handshake(served: Served) -> None:
    answer = served.call("tools/call", {"name": "list_jobs", "arguments": {}, "_meta": META}, request=1)
    assert answer["result"]["structuredContent"]["total"] == 1


BAD_LINES: list[tuple[str | bytes, int | str | None, int]] = [
    ("not json", None, -32700),
    (b"\xff\xfe{}", None, -32700),
    ("[" * 100_000, None, -32700),
    ("{}", None, -32600),
    ("[]", None, -32600),
    ('{"jsonrpc":"2.0","id":7}', 7, -32600),
    ('{"jsonrpc":"1.0","id":"a","method":"ping"}', "a", -32600),
    ('{"jsonrpc":"2.0","id":[1],"method":"ping"}', None, -32600),
    ('{"jsonrpc":"2.0","id":true,"method":"ping"}', None, -32600),
    ('{"jsonrpc":"2.0","id":null,"method":"ping"}', None, -32600),
    ('{"jsonrpc":"2.0","id":1.5,"method":"ping"}', None, -32600),
    ('{"jsonrpc":"2.0","id":5,"method":"ping","params":[]}', 5, -32600),
    ('[{"jsonrpc":"2.0","id":5,"method":"ping"}]', None, -32600),
    (b'{"jsonrpc":"2.0","id":1,"method":"' + b"x" * (16 * 1024 * 1024) + b'"}', None, -32600),
]


def test_a_bad_line_is_answered_and_the_next_one_is_served(standing: Served) -> None:
    for line, request_id, code in BAD_LINES:
        standing.send_raw(line)
        answer = standing.read()
        assert (answer["id"], answer["error"]["code"]) == (request_id, code), line[:60]
        assert standing.call("ping", request=9)["result"] == {}


def test_a_batch_in_another_version_is_told_what_to_send(standing: Served) -> None:
    standing.send_raw(json.dumps([{**PING, "id": 5}]))
    error = standing.read()["error"]
    assert "batches exist in protocol version 2025-03-26 only; send one message at a time" in error["message"]


def test_a_request_before_the_handshake_is_told_what_to_send(served: Served) -> None:
    error = served.call("tools/list", request=1)["error"]
    assert error["code"] == -32602
    assert error["message"].startswith('tools/list came before the handshake: send an "initialize" request first')
    assert "io.modelcontextprotocol/protocolVersion" in error["message"]
    served.hello()
    assert "result" in served.call("tools/list", request=2)


def test_a_cancellation_of_nothing_does_no_harm(standing: Served) -> None:
    cancellations: list[dict[str, Any]] = [{}, {"requestId": [1]}, {"requestId": {}}, {"requestId": 77}]
    for params in cancellations:
        standing.send("notifications/cancelled", params)
    assert standing.call("ping", request=9)["result"] == {}


def test_blank_lines_and_a_byte_order_mark_do_no_harm(served: Served) -> None:
    served.send_raw(b"\xef\xbb\xbf" + json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"}).encode())
    assert served.read()["id"] == 1
    served.send_raw("")
    served.send_raw("   \r")
    assert served.call("ping", request=2)["result"] == {}


def test_no_child_inherits_the_protocol_s_descriptors(standing: Served) -> None:
    private = [
        number
        for number in os.listdir(f"/proc/{standing.process.pid}/fd")  # noqa: PTH208  of a live process: names only
        if int(number) > 2 and os.readlink(f"/proc/{standing.process.pid}/fd/{number}").startswith("pipe:")  # noqa: PTH115
    ]
    flags = [Path(f"/proc/{standing.process.pid}/fdinfo/{number}").read_text() for number in private]
    assert len(private) >= 2
    for text in flags:
        (octal,) = [line.split()[1] for line in text.splitlines() if line.startswith("flags:")]
        assert int(octal, 8) & os.O_CLOEXEC
