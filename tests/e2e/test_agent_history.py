"""The results and errors of a fixed history of jobs are golden: what an agent reads, word for word.

What differs from run to run (ids, times, measured numbers, paths) is replaced; everything else must stay as it is.
"""

import json
import re
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp.types import TextContent

from tests.support.agent import Agent, agent
from tests.support.golden import check_golden
from tests.support.podium_home import Conductor

pytestmark = pytest.mark.anyio

GATED = """
name: nightly
sheets:
  - {name: lint, run: "printf 'one\\ntwo\\nthree\\n'"}
  - {name: tests, run: "until [ -e go ]; do sleep 0.02; done; mkdir -p out; printf 'All is well.' > out/report.md; printf '\\\\0' > out/raw"}
  - {name: report, run: "test -e out/report.md", validate: [{file_exists: out/report.md}]}
"""
FAILING = """
name: failing
sheets:
  - {name: build, run: echo built}
  - {name: check, run: "echo 'no such option' >&2; exit 2", retry: {max_retries: 1, base_delay_seconds: 0.01}}
  - {name: publish, run: echo published}
"""
BAD = "name: bad\nsheets:\n  - {name: a, rnu: 'true', needs: [b]}\n"
MEASURED = {
    "pid": 4711,
    "processes": 2,
    "cpu_percent": 0.0,
    "memory_mb": 0.0,
    "uptime_seconds": 0.0,
    "waited_seconds": 0.0,
    "duration_seconds": 0.0,
    "elapsed_seconds": 0.0,
    "version": "0.0.0",
    "first_line": 1,
}
PATTERNS = (
    (r"\b(nightly|failing)-[a-z0-9]{4,5}\b", r"\1-x5rqa"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "2026-01-02T03:04:05.000Z"),
    (r"\b[0-9a-f]{16}:\d+", "0123456789abcdef:7"),
    (r"\b\d+\.\d+\.\d+\.[0-9a-f]{10}\b", "0.1.0.0123456789"),
    (r"\bduration_seconds=[\d.]+", "duration_seconds=0.0"),
    (r"^(lint|tests|report)=[\d.]+$", r"\1=0.0"),
    (r"Process \d+ of", "Process 4711 of"),
    (r" \(up \d+ s,", " (up 0 s,"),
    (r"The job's (only|\d+) process(es)?: [\d.]+ % CPU, [\d.]+ MiB", "The job's 2 processes: 0.0 % CPU, 0.0 MiB"),
    (r"running for [^,]+, since", "running for 0 s, since"),
    (r"last output \d+ s ago", "last output 0 s ago"),
)


class History:
    """Calls with what they gave, as they go into the golden file."""

    def __init__(self, user: Agent, folder: Path) -> None:
        self.user = user
        self._folder = str(folder)
        self.calls: list[dict[str, Any]] = []

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Make a call, note it with its result or error, and return what it gave."""
        result = await self.user.client.call_tool(tool, arguments)
        block = result.content[0]
        assert isinstance(block, TextContent)
        facts: dict[str, Any] = json.loads(block.text)
        self.calls.append({"tool": tool, "arguments": self._normal(arguments), "gives": self._normal(facts)})
        return facts

    def _normal(self, value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {key: self._normal(item, key) for key, item in value.items()}
        if isinstance(value, list):
            return [self._normal(item, name) for item in value]
        if isinstance(value, str):
            return self._normal_text(value) if name != "version" else MEASURED[name]
        return value if value is None or isinstance(value, bool) else MEASURED.get(name, value)

    def _normal_text(self, text: str) -> str:
        text = text.replace(self._folder, "/folder")
        for pattern, replacement in PATTERNS:
            text = re.sub(pattern, replacement, text)
        return text


async def work(history: History, folder: Path) -> None:
    """A job from its check to its deletion, with everything that can be asked of it."""
    await history.call("validate_score", config_content=GATED)
    await history.call("start_job", config_content=GATED, dry_run=True)
    job = await history.call("start_job", config_content=GATED, workspace=str(folder / "work"), idempotency_key="k")
    job_id = job["job_id"]
    while "tests" not in (await history.user.call("get_job", job_id=job_id))["running"]:
        pass
    await history.user.running(job_id)
    await history.call("start_job", config_content=GATED, workspace=str(folder / "work"), idempotency_key="k")
    await history.call("list_jobs")
    await history.call("get_job", job_id=job_id)
    await history.call("verify_process_health", job_id=job_id)
    waited = await history.call("wait_for_job", job_ids=[job_id], timeout_seconds=0)
    await history.call("explain_job", job_id=job_id)
    await history.call("pause_job", job_id=job_id)
    await history.call("pause_job", job_id=job_id)
    await history.call("delete_job", job_id=job_id)
    await history.call("resume_job", job_id=job_id)
    await history.call("modify_job", job_id=job_id, config_content=GATED.replace("three", "four"))
    await anyio.Path(folder / "work" / "go").touch()
    await history.user.settled(job_id)
    await history.call("wait_for_job", job_ids=[job_id], until="all", after=waited["after"])
    await history.call("get_job", job_id=job_id, detail="full")
    await history.call("read_job_log", job_id=job_id, sheet="lint")
    await history.call("read_job_log", job_id=job_id, sheet="lint", mode="head", max_lines=1)
    await history.call("read_job_log", job_id=job_id, sheet="lint", mode="search", pattern="^t")
    await history.call("list_artifacts", job_id=job_id, path="out")
    await history.call("read_artifact", job_id=job_id, path="out/report.md")
    await history.call("read_artifact", job_id=job_id, path="out/raw")
    await history.call("read_artifact", job_id=job_id, path="out/none")
    await history.call("read_artifact", job_id=job_id, path="../other")
    await history.call("explain_job", job_id=job_id)
    await history.call("pause_job", job_id=job_id)
    await history.call("resume_job", job_id=job_id)
    await history.call("start_job", config_content=FAILING, idempotency_key="k")
    await history.call("delete_job", job_id=job_id)
    await history.call("get_job", job_id=job_id)


async def trouble(history: History, folder: Path) -> None:
    """A job that fails, is explained and repaired, and what is refused on the way."""
    job_id = (await history.call("start_job", config_content=FAILING, workspace=str(folder / "fail")))["job_id"]
    await history.user.settled(job_id)
    await history.call("wait_for_job", job_ids=[job_id])
    await history.call("explain_job", job_id=job_id)
    await history.call("resume_job", job_id=job_id, config_content=BAD)
    await history.call("resume_job", job_id=job_id, from_sheet="none")
    await history.call("modify_job", job_id=job_id, config_content=FAILING.replace("seconds: 0.01", "seconds: 600"))
    while (await history.user.call("explain_job", job_id=job_id))["kind"] != "waiting":
        pass
    await history.call("cancel_job", job_id=job_id)
    await history.call("get_job", job_id=job_id)
    await history.call("cancel_job", job_id=job_id)
    await history.call("get_job", job_id=job_id[:-1])
    await history.call("validate_score", config_content=BAD)
    await history.call("start_job", config_content=BAD)
    await history.call("start_job", config_path=str(folder / "none.yaml"))
    await history.call("start_job", config_path=str(folder / "none.txt"))
    await history.call("start_job", config_path=f"{folder}/../none.yaml")
    await history.call("read_job_log", job_id=job_id, sheet="none")
    await history.call("read_job_log", job_id=job_id, mode="range", cursor="x")
    await history.call("list_jobs", status="failed")
    await history.call("list_jobs", limit="many", page=2)


async def test_the_results_of_a_fixed_history_are_golden(conductor: Conductor, tmp_path: Path) -> None:
    async with agent(conductor.settings, "auto") as user:
        history = History(user, tmp_path)
        await work(history, tmp_path)
        await trouble(history, tmp_path)
        await anyio.to_thread.run_sync(lambda: conductor.stop(cancel=True))
        home = History(user, conductor.settings.home)
        await home.call("list_jobs")
        check_golden("history.json", [*history.calls, *home.calls])
