"""Whatever goes wrong in our own code, a client of any method gets one plain answer, and the log has the rest."""

import ast
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, MCPError
from mcp.types import INTERNAL_ERROR, INVALID_PARAMS, PromptMessage, ResourceTemplateReference
from structlog.testing import capture_logs

import podium.mcp
from podium.errors import ConductorNotRunning, JobNotFound
from podium.mcp.app import Offer, build_server
from podium.mcp.calls.boundary import refusing, shown
from podium.mcp.prompts.table import PromptSpec
from tests.support.port import ScriptedPort

pytestmark = pytest.mark.anyio

INSIDE = "/opt/podium/server/podium/mcp/resources/examples/checks.yaml"
BOTH_ERAS = pytest.mark.parametrize("mode", ["auto", "legacy"])
ID = "build-x7k2q"


def gone(_: Mapping[str, str]) -> list[PromptMessage]:
    raise FileNotFoundError(2, "No such file or directory", INSIDE)


OFFER = Offer(
    prompts=[PromptSpec("broken", "Broken", "A prompt of a package that was replaced.", {}, {}, frozenset(), gone)]
)


@asynccontextmanager
async def broken(mode: str) -> AsyncIterator[Client]:
    """Serve a client from a server of which every part fails in our own code."""
    port = ScriptedPort(error=FileNotFoundError(2, "No such file or directory", INSIDE))
    with anyio.fail_after(20):
        async with Client(build_server(port.opened, OFFER), mode=mode) as connected:
            yield connected


@BOTH_ERAS
@pytest.mark.parametrize("method", ["prompts/get", "resources/read", "completion/complete"])
async def test_a_fault_of_ours_shows_nothing_internal_in_any_method(mode: str, method: str) -> None:
    ref = ResourceTemplateReference(type="ref/resource", uri="job://{job_id}")
    with capture_logs() as logs:
        async with broken(mode) as connected:
            asked: dict[str, Callable[[], Awaitable[object]]] = {
                "prompts/get": partial(connected.get_prompt, "broken", {}),
                "resources/read": partial(connected.read_resource, f"job://{ID}"),
                "completion/complete": partial(connected.complete, ref, {"name": "job_id", "value": "b"}),
            }
            with pytest.raises(MCPError) as caught:
                await asked[method]()
    error = caught.value.error
    assert error.code == INTERNAL_ERROR
    assert error.message == f"{method} failed inside the server."
    assert error.data["code"] == "INTERNAL"
    assert "/opt" not in error.model_dump_json()
    crashed = [(entry["what"], entry["request_id"]) for entry in logs if entry["event"] == "call_crashed"]
    assert crashed == [(method, error.data["request_id"])]


@BOTH_ERAS
async def test_a_fault_of_ours_in_a_tool_is_a_result_that_a_model_sees(mode: str) -> None:
    with capture_logs() as logs:
        async with broken(mode) as connected:
            result = await connected.call_tool("list_jobs", {"random_string": "x"})
    assert result.is_error
    facts: dict[str, Any] = json.loads(result.model_dump()["content"][0]["text"])["error"]
    assert (facts["code"], facts["message"]) == ("INTERNAL", "list_jobs failed inside the server.")
    assert "/opt" not in json.dumps(facts)
    assert [each["request_id"] for each in logs if each["event"] == "call_crashed"] == [facts["request_id"]]


@pytest.mark.parametrize(
    "error", [KeyError("/secret/path"), ValueError("https://errors.pydantic.dev/x"), OSError(2, "no")]
)
def test_a_crash_shows_a_request_id_and_nothing_else(error: Exception) -> None:
    with capture_logs() as logs:
        facts = shown("get_job", error).as_dict()
    assert set(facts) == {"code", "message", "retryable", "fix", "request_id"}
    assert "secret" not in json.dumps(facts)
    (entry,) = logs
    assert (entry["event"], entry["request_id"], entry["exc_info"]) == ("call_crashed", facts["request_id"], error)


def test_an_error_of_ours_is_shown_as_it_is_and_says_who_is_at_fault() -> None:
    with pytest.raises(MCPError) as caught, refusing("resources/read", "job://a"):
        raise JobNotFound("Job a does not exist.", near=["b"])
    assert caught.value.error.code == INVALID_PARAMS
    assert caught.value.error.data == {
        "uri": "job://a", "code": "JOB_NOT_FOUND", "message": "Job a does not exist.", "retryable": False, "fix": "", "near": ["b"],
    }  # fmt: skip
    with pytest.raises(MCPError) as caught, refusing("tasks/get"):
        raise ConductorNotRunning("Nobody listens.", fix="podium start")
    assert caught.value.error.code == INTERNAL_ERROR


def test_no_method_is_served_but_behind_the_boundary() -> None:
    root = Path(podium.mcp.__file__).parent
    users = [
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        and node.module == "podium.mcp.sdk"
        and "handle" in {each.name for each in node.names}
    ]
    assert users == ["calls/boundary.py"]
