"""The server's process on stdin and stdout: how it ends, and what cannot come between it and the protocol."""

import json
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support.source_tree import REPOSITORY
from tests.unit.mcp.transports.stdio.served import CLOSED, COMMAND, HELLO, ID, Served


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
