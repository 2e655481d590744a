"""The server's process on stdin and stdout: eras, bad lines, stray output, and how it ends."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters

from podium_tools import ALL_TOOLS
from tests.support import nursed

REPOSITORY = Path(__file__).parents[4]
COMMAND = [sys.executable, "-m", "tests.support.stdio_stand_in"]
CLOSED = "the port is closed"
ID = "build-x7k2q"
VERSION = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": VERSION,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
}
HELLO = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}


class Served:
    """A running server, with the raw protocol on its pipes."""

    def __init__(self, command: list[str], stderr: Path) -> None:
        self.stderr = stderr
        with stderr.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
            )

    def send(self, method: str, params: dict[str, Any] | None = None, *, request: int | None = None) -> None:
        """Send a request, or a notification where it has no id."""
        message: dict[str, Any] = {"jsonrpc": "2.0", "method": method}
        self.send_raw(
            json.dumps({**message, **({"id": request} if request is not None else {}), "params": params or {}})
        )

    def send_raw(self, line: str | bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write((line.encode() if isinstance(line, str) else line) + b"\n")
        self.process.stdin.flush()

    def read(self) -> dict[str, Any]:
        """Return the next message; everything on stdout must be one."""
        assert self.process.stdout is not None
        message: dict[str, Any] = json.loads(self.process.stdout.readline())
        assert message["jsonrpc"] == "2.0"
        return message

    def call(self, method: str, params: dict[str, Any] | None = None, *, request: int) -> dict[str, Any]:
        """Send a request and return the next message, which must be its answer."""
        self.send(method, params, request=request)
        answer = self.read()
        assert answer["id"] == request
        return answer

    def hello(self) -> None:
        """Shake hands in the era of 2025."""
        assert self.call("initialize", HELLO, request=1)["result"]["protocolVersion"] == "2025-11-25"
        self.send("notifications/initialized")

    def end_input(self) -> bytes:
        """Close stdin and return what else came on stdout until its end."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        return self.process.stdout.read()

    def code(self) -> int:
        return self.process.wait(30)

    def noise(self) -> str:
        return self.stderr.read_text()


@contextlib.contextmanager
def serving(command: list[str], stderr: Path) -> Iterator[Served]:
    """Start a server and end it, however it is."""
    server = Served(command, stderr)
    try:
        yield server
    finally:
        server.process.kill()
        server.process.wait()
        for pipe in (server.process.stdin, server.process.stdout):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(nursed.command("stand-in"), tmp_path / "stderr") as server:
        yield server


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Return a server that has shaken hands, for tests that leave it as it was."""
    with serving(COMMAND, tmp_path_factory.mktemp("standing") / "stderr") as server:
        server.hello()
        yield server


@pytest.mark.anyio
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_official_client_is_served_in_both_eras(mode: str) -> None:
    parameters = StdioServerParameters(command=COMMAND[0], args=COMMAND[1:], cwd=REPOSITORY)
    with anyio.fail_after(50):
        async with Client(parameters, mode=mode) as client:
            assert (client.protocol_version == VERSION) == (mode == "auto")
            assert len((await client.list_tools()).tools) == len(ALL_TOOLS)
            result = await client.call_tool("get_job", {"job_id": ID})
    assert result.structured_content["status"] == "running"


def test_the_process_ends_with_0_when_stdin_ends(served: Served) -> None:
    served.hello()
    assert served.end_input() == b""
    assert served.code() == 0
    assert CLOSED in served.noise()


def test_the_process_ends_when_stdin_ends_before_anything_was_said(served: Served) -> None:
    assert served.end_input() == b""
    assert served.code() == 0


def test_requests_read_before_the_end_of_stdin_are_answered(served: Served) -> None:
    served.hello()
    for number in range(2, 22):
        served.send("tools/call", {"name": "list_jobs", "arguments": {}}, request=number)
    answers = [json.loads(line) for line in served.end_input().splitlines()]
    assert sorted(answer["id"] for answer in answers) == list(range(2, 22))
    assert all("result" in answer for answer in answers)


def test_a_wait_that_is_open_at_the_end_of_stdin_is_refused_and_does_not_hold_the_process(served: Served) -> None:
    served.hello()
    served.send("tools/call", {"name": "wait_for_job", "arguments": {"job_ids": [ID]}}, request=2)
    (answer,) = [json.loads(line) for line in served.end_input().splitlines()]
    assert answer["id"] == 2
    assert "error" in answer
    assert served.code() == 0


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


def test_the_last_line_needs_no_newline(served: Served) -> None:
    served.hello()
    assert served.process.stdin is not None
    served.process.stdin.write(b'{"jsonrpc":"2.0","id":2,"method":"ping"}')
    (answer,) = [json.loads(line) for line in served.end_input().splitlines()]
    assert answer == {"jsonrpc": "2.0", "id": 2, "result": {}}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)])
def test_a_signal_ends_the_process_in_order_even_while_it_waits(
    served: Served, number: signal.Signals, code: int
) -> None:
    served.hello()
    served.send("tools/call", {"name": "wait_for_job", "arguments": {"job_ids": [ID]}}, request=2)
    served.call("tools/call", {"name": "list_jobs", "arguments": {}}, request=3)
    served.process.send_signal(number)
    assert served.code() == code
    assert CLOSED in served.noise()
    assert "Traceback" not in served.noise()


def test_a_signal_ends_a_process_whose_answers_nobody_reads(served: Served) -> None:
    served.hello()
    for number in range(2, 40):  # more than a pipe holds
        served.send("tools/list", request=number)
    served.process.send_signal(signal.SIGTERM)
    assert served.code() == 143
    assert CLOSED in served.noise()


def test_the_process_ends_when_nobody_can_read_its_answers(served: Served) -> None:
    served.hello()
    assert served.process.stdout is not None
    served.process.stdout.close()
    served.send("tools/list", request=2)
    assert served.code() == 0
    assert CLOSED in served.noise()
    assert "Traceback" not in served.noise()


def test_stray_output_cannot_reach_the_protocol_nor_stray_input_eat_it(served: Served) -> None:
    served.hello()
    assert "result" in served.call("tools/call", {"name": "conductor_status", "arguments": {}}, request=2)
    assert "result" in served.call("ping", request=3)
    assert served.end_input() == b""
    for text in ("a stray print", "a stray write", "a stray child"):
        assert text in served.noise()


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


OLD_HELLO = {**HELLO, "protocolVersion": "2025-03-26"}
PING = {"jsonrpc": "2.0", "method": "ping"}


@pytest.fixture(scope="module")
def batching(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Return a server with which a version that has batches was agreed."""
    with serving(COMMAND, tmp_path_factory.mktemp("batching") / "stderr") as server:
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


def test_input_and_output_may_be_files(tmp_path: Path) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    lines = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": HELLO},
        {"jsonrpc": "2.0", "id": 2, "method": "ping"},
    ]
    source.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with source.open("rb") as stdin, target.open("wb") as stdout:
        ended = subprocess.run(
            COMMAND, cwd=REPOSITORY, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, timeout=50, check=False
        )
    assert ended.returncode == 0
    assert [json.loads(line)["id"] for line in target.read_text().splitlines()] == [1, 2]


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
