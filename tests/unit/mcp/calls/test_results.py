"""Success: both halves carry the same facts. Error: one text block that is complete. A crash: nothing internal."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from mcp.types import CallToolResult, TextContent

from podium.errors import JobNotFound, ScoreInvalid, WrongState
from podium.mcp.calls.results import failure, success
from podium_tools.results import Result


class Output(Result):
    """A result with a text of a job."""

    job_output: str


def only_text(result: CallToolResult) -> dict[str, Any]:
    (block,) = result.content
    assert isinstance(block, TextContent)
    facts: dict[str, Any] = json.loads(block.text)
    return facts


def without_now(facts: dict[str, Any]) -> dict[str, Any]:
    """Return the facts of an answer without when it was made, which every one has to the second."""
    age = datetime.now(UTC) - datetime.fromisoformat(facts["now"])
    assert facts["now"].endswith("Z")
    assert len(facts["now"]) == len("2026-11-30T04:40:00Z")
    assert age < timedelta(minutes=5)
    return {name: value for name, value in facts.items() if name != "now"}


def test_both_halves_of_a_success_carry_the_same_facts() -> None:
    result = success(Output(summary="Done.", next="", job_output="Grüße \x1b[31mred\x1b[0m"))
    assert without_now(result.structured_content or {}) == {"summary": "Done.", "next": "", "job_output": "Grüße red"}
    assert only_text(result) == result.structured_content
    assert not result.is_error


def test_the_text_of_a_success_is_compact() -> None:
    (block,) = success(Output(summary="Done.", next="", now="2026-01-02T03:04:05Z", job_output="é")).content
    assert isinstance(block, TextContent)
    assert block.text == '{"summary":"Done.","next":"","now":"2026-01-02T03:04:05Z","job_output":"é"}'


def test_a_lone_surrogate_cannot_break_the_protocol() -> None:
    result = success(Output(summary="Done.", next="", job_output="a\udcffb"))
    assert result.structured_content["job_output"] == "ab"
    result.model_dump_json()


def test_an_error_is_complete_in_one_text_block() -> None:
    error = WrongState("build is completed.", fix="start_job(...)", state="completed", allowed=["delete"])
    result = failure(error)
    assert result.is_error
    assert result.structured_content is None
    facts = only_text(result)
    assert list(facts) == ["error"]
    assert without_now(facts["error"]) == {
        "code": "WRONG_STATE",
        "message": "build is completed.",
        "retryable": False,
        "fix": "start_job(...)",
        "state": "completed",
        "allowed": ["delete"],
    }


def test_text_of_others_in_an_error_is_cleaned() -> None:
    error = ScoreInvalid("bad \u202e name", problems=[{"line": 1, "message": "\x1b[31mred"}])
    facts = only_text(failure(error))["error"]
    assert facts["message"] == "bad  name"
    assert facts["problems"] == [{"line": 1, "message": "red"}]


def test_facts_of_a_foreign_conductor_that_are_nested_without_end_are_left_out() -> None:
    deep: list[Any] = []
    for _ in range(900):
        deep = [deep]
    facts = only_text(failure(JobNotFound("Job a does not exist.", fix="list_jobs()", near=deep)))["error"]
    assert without_now(facts) == {
        "code": "JOB_NOT_FOUND",
        "message": "Job a does not exist.",
        "retryable": False,
        "fix": "list_jobs()",
    }
