"""The Inspector's command line: its lint of the schemas, and calls through it over both transports and in both eras."""

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import pytest

from podium.settings import Settings
from podium_tools import ALL_TOOLS
from tests.support import node
from tests.support.http_server import http_server, serving
from tests.support.podium_home import Conductor

pytestmark = [pytest.mark.timeout(120), pytest.mark.parametrize("era", ["legacy", "modern"])]

SCORE = "name: made\nsheets:\n  - name: make\n    run: echo made\n"
OK, TOOL_ERROR = 0, 5


def inspect(target: Sequence[str], era: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the Inspector on a server."""
    program = node.program("@modelcontextprotocol/inspector")
    return node.run([program, "--cli", "-q", "--protocol-era", era, *target, *words], seconds=60)


def stdio(settings: Settings) -> list[str]:
    return [
        *(sys.executable, "-m", "podium", "serve"),
        *("--home", str(settings.home), "--socket", str(settings.socket)),
    ]


def call(target: Sequence[str], era: str, tool: str, **arguments: Any) -> tuple[int, dict[str, Any]]:
    """Call a tool; return the Inspector's exit code and the tool's result."""
    given = ["--tool-args-json", json.dumps(arguments)]
    done = inspect(target, era, "--method", "tools/call", "--tool-name", tool, *given, "--format", "json")
    told = json.loads(done.stdout or done.stderr)
    return done.returncode, told.get("result", told)


def test_the_schemas_pass_the_strict_lint(home: Settings, era: str) -> None:
    done = inspect(stdio(home), era, "--method", "tools/list", "--strict", "--format", "json")
    assert done.returncode == OK, done.stdout + done.stderr
    assert all(tool.name in done.stdout for tool in ALL_TOOLS)


def test_calls_over_stdio_give_results_and_errors(conductor: Conductor, era: str) -> None:
    target = stdio(conductor.settings)
    code, result = call(target, era, "start_job", config_content=SCORE)
    assert code == OK
    job_id = result["structuredContent"]["job_id"]
    code, result = call(target, era, "wait_for_job", job_ids=[job_id], timeout_seconds=30)
    assert code == OK
    assert result["structuredContent"]["jobs"][0]["status"] == "completed"
    code, result = call(target, era, "pause_job", job_id=job_id)
    assert code == TOOL_ERROR
    assert "WRONG_STATE" in json.dumps(result)


def test_calls_over_http_give_results_and_errors(conductor: Conductor, era: str) -> None:
    with http_server(serving(conductor.settings)) as server:
        target = ["--server-url", server.url, "--transport", "http"]
        code, result = call(target, era, "conductor_status")
        assert code == OK
        assert result["structuredContent"]["product"] == "podium"
        code, result = call(target, era, "get_job", job_id="nothing-abcde")
        assert code == TOOL_ERROR
        assert "JOB_NOT_FOUND" in json.dumps(result)


@pytest.mark.parametrize(
    ("method", "words", "expected"),
    [
        ("resources/list", [], "conductor://status"),
        ("resources/templates/list", [], "job://{job_id}/artifact/{+path}"),
        ("resources/read", ["--uri", "score://examples/hello"], "sheets:"),
        ("prompts/list", [], "write_score"),
        ("prompts/get", ["--prompt-name", "diagnose_job", "--prompt-args", "job_id=a-1"], "a-1"),
    ],
    ids=lambda value: value if isinstance(value, str) and "/" in value else "",
)
def test_resources_and_prompts_are_found(
    home: Settings, era: str, method: str, words: Sequence[str], expected: str
) -> None:
    done = inspect(stdio(home), era, "--method", method, *words, "--format", "json")
    assert done.returncode == OK, done.stderr
    assert expected in done.stdout
