"""Lines that are JSON and yet no message: each is answered, whatever it holds, with the id where it has one."""

import json
from typing import Any

import pytest

from podium.mcp.transports.messages import BadLine, decode, encode


def answer_to(line: str) -> dict[str, Any]:
    """Return the answer to a line that is no message, as it goes over the wire."""
    message = decode(line.encode())
    assert isinstance(message, BadLine)
    answer: dict[str, Any] = json.loads(encode(message))
    return answer


def call(arguments: str, request_id: str = "7") -> str:
    params = f'{{"name": "get_job", "arguments": {arguments}}}'
    return f'{{"jsonrpc": "2.0", "id": {request_id}, "method": "tools/call", "params": {params}}}'


@pytest.mark.parametrize("arguments", [r'{"\ud800": 1}', r'{"job_id": "a\udfff"}'])
def test_an_unpaired_surrogate_in_a_call_is_answered_and_named(arguments: str) -> None:
    answer = answer_to(call(arguments))
    assert (answer["id"], answer["error"]["code"]) == (7, -32600)
    assert "unpaired surrogate" in answer["error"]["message"]


def test_an_id_that_could_not_be_sent_back_is_answered_without_it() -> None:
    assert answer_to(call("{}", r'"\ud800"'))["id"] is None


def test_a_number_of_thousands_of_digits_is_answered_with_the_id_of_its_call() -> None:
    assert answer_to(call('{"limit": ' + "9" * 5000 + "}"))["id"] == 7


def test_an_id_of_thousands_of_digits_is_answered_without_it() -> None:
    assert answer_to(call("{}", "9" * 5000))["id"] is None


def test_a_notification_with_a_number_of_thousands_of_digits_is_a_bad_line() -> None:
    line = '{"jsonrpc": "2.0", "method": "notifications/progress", "params": {"id": ' + "9" * 5000 + "}}"
    assert answer_to(line)["id"] is None
